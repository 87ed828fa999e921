import FlareModel
import FlareStore
import NIOCore
import Testing

@testable import FlarePipelines

@Suite("producers after trouble")
struct ProducerCheckpointTests {
    private func send(
        _ life: PipelinesFixture.Life,
        _ body: String,
        _ kind: ProducerStamp.Kind = .idempotencyKey,
        _ sequence: Int64 = 0
    ) async throws -> Int64? {
        try await life.pipelines.ingest(
            ByteBuffer(string: body),
            into: "orders",
            form: .detect,
            source: .http,
            stamp: ProducerStamp(kind: kind, id: Array("p".utf8), firstSequence: sequence, lastSequence: sequence)
        ).result.offset
    }

    private func storedProducers(_ life: PipelinesFixture.Life) async throws -> Int {
        try await life.database.read { try $0.row("SELECT count(*) FROM pipeline_producers") { $0.int(0) } } ?? 0
    }

    @Test("a batch that is sent again after a crash is known, whether or not it became an object", arguments: 0..<3)
    func afterCrash(flushes: Int) async throws {
        try await PipelinesFixture.with { f in
            let first = try await f.start()
            try await first.create()
            try await first.send("{\"n\":0}")
            #expect(try await send(first, "[{\"n\":1},{\"n\":2}]") == 1)
            if flushes == 1 { try await first.pipelines.flush("orders") }
            #expect(try await send(first, "{\"n\":3}", .kafka, 0) == 3)
            if flushes == 2 { try await first.pipelines.flush("orders") }
            #expect(try await storedProducers(first) == flushes)
            try await first.crash()

            let second = try await f.start()
            #expect(try await send(second, "[{\"n\":1},{\"n\":2}]") == 1)
            #expect(try await send(second, "{\"n\":3}", .kafka, 0) == 3)
            #expect(await code { try await send(second, "{\"n\":9}", .kafka, 2) } == .sequenceGap)
            #expect(try await send(second, "{\"n\":4}", .kafka, 1) == 4)
            try await second.pipelines.flush("orders")
            #expect(try await second.numbers().sorted() == [0, 1, 2, 3, 4])
            #expect(try second.pipelines.get("orders").progress.unflushedBytes == 0)
            try await second.crash()
        }
    }

    @Test("producers are stored with the objects or not at all")
    func sameTransaction() async throws {
        try await PipelinesFixture.with { f in
            let first = try await f.start()
            try await first.create()
            _ = try await first.database.write {
                try $0.execute(
                    "CREATE TRIGGER refuse BEFORE INSERT ON objects BEGIN SELECT RAISE(ABORT, 'no room here'); END"
                )
            }
            #expect(try await send(first, "{\"n\":1}") == 0)
            #expect(await code { try await first.pipelines.flush("orders") } != nil)
            #expect(try await storedProducers(first) == 0)
            #expect(try await send(first, "{\"n\":1}") == 0)
            try await first.crash()

            let second = try await f.start()
            #expect(try await send(second, "{\"n\":1}") == 0)
            _ = try await second.database.write { try $0.execute("DROP TRIGGER refuse") }
            try await second.pipelines.flush("orders")
            #expect(try await storedProducers(second) == 1)
            #expect(try await second.numbers() == [1])
            try await second.crash()

            let third = try await f.start()
            #expect(try await send(third, "{\"n\":1}") == 0)
            #expect(try third.pipelines.get("orders").progress.endOffset == 1)
            try await third.crash()
        }
    }

    @Test("a producer whose checkpoint failed is stored with the next one")
    func putBack() async throws {
        try await PipelinesFixture.with { f in
            let life = try await f.start()
            try await life.create()
            _ = try await life.database.write {
                try $0.execute(
                    """
                    CREATE TRIGGER refuse BEFORE INSERT ON pipeline_producers
                    BEGIN SELECT RAISE(ABORT, 'no room here'); END
                    """
                )
            }
            #expect(try await send(life, "{\"n\":1}") == 0)
            #expect(await code { try await life.pipelines.flush("orders") } != nil)
            #expect(try await life.keys().isEmpty)
            _ = try await life.database.write { try $0.execute("DROP TRIGGER refuse") }
            try await life.pipelines.flush("orders")
            #expect(try await storedProducers(life) == 1)
            #expect(try await life.numbers() == [1])
            try await life.crash()
        }
    }

    @Test("producers are forgotten with their pipeline")
    func deleted() async throws {
        try await PipelinesFixture.with { f in
            let life = try await f.start()
            try await life.create()
            #expect(try await send(life, "{\"n\":1}") == 0)
            try await life.pipelines.delete("orders")
            #expect(try await storedProducers(life) == 0)
            try await life.create()
            #expect(try await send(life, "{\"n\":2}") == 0)
            try await life.pipelines.flush("orders")
            #expect(try await life.numbers().sorted() == [1, 2])
            try await life.crash()
        }
    }

    @Test("what is stored of a producer is read back as it was")
    func roundTrip() async throws {
        try await PipelinesFixture.with { f in
            let life = try await f.start()
            let record = try await life.create()
            var table = ProducerTable()
            for (index, kind) in [ProducerStamp.Kind.idempotencyKey, .webSocket, .kafka, .replay].enumerated() {
                for sequence in 0..<7 {
                    let stamp = ProducerStamp(
                        kind: kind,
                        id: [0, 255, UInt8(index)],
                        epoch: Int16(index) - 1,
                        firstSequence: Int64(sequence),
                        lastSequence: .max - Int64(sequence),
                        fingerprint: .max
                    )
                    table.commit(stamp, offset: Int64(sequence) << 40, recordCount: 3, at: f.time.now())
                }
            }
            let changes = table.takeChanges(at: f.time.now())
            try await life.database.write { try ProducerRecord.save(changes, pipeline: record.id, in: $0) }
            let loaded = try await life.database.read { try ProducerRecord.load(pipeline: record.id, in: $0) }
            #expect(loaded == table.states)
            let gone = ProducerTable.Changes(forgotten: Array(loaded.keys))
            try await life.database.write { try ProducerRecord.save(gone, pipeline: record.id, in: $0) }
            #expect(try await life.database.read { try ProducerRecord.load(pipeline: record.id, in: $0) }.isEmpty)
            try await life.crash()
        }
    }

    @Test("no two Kafka producers get the same id, after a crash neither")
    func producerIDs() async throws {
        try await PipelinesFixture.with { f in
            var ids: [Int64] = []
            for _ in 0..<2 {
                let life = try await f.start()
                for _ in 0..<3 { ids.append(try await life.pipelines.nextProducerID()) }
                try await life.crash()
            }
            #expect(ids == [1, 2, 3, 4, 5, 6])
        }
    }
}
