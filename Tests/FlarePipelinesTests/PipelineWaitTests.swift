import FlareModel
import FlareStore
import FlareWorkers
import NIOCore
import Testing

@testable import FlarePipelines

@Suite("waiting for offsets of a pipeline")
struct PipelineWaitTests {
    @Test("a wait ends when its offset is in an object, and at its deadline, also behind a transform that hangs")
    func deadline() async throws {
        try await PipelinesFixture.with { fixture in
            // Hangs until it is cancelled.
            let hooks = PipelineHooks(
                invoke: { _ in
                    await Wait().forever()
                    throw CancellationError()
                },
                checkTransform: { _, _ in }
            )
            let life = try await fixture.start(hooks: hooks)
            try await life.create()
            let sent = try await life.send(#"[{"n":1},{"n":2}]"#)
            #expect(sent.offset == 0)
            let flushed = try await life.pipelines.waitUntilFlushed(
                "orders",
                offset: 1,
                flushing: true,
                until: life.pipelines.now() + .seconds(60)
            )
            #expect(flushed.isFlushed && flushed.offset == 1)

            let update = PipelineUpdateBody(settings: PipelineSettingsBody(transform: "hangs"))
            try await life.pipelines.update("orders", update)
            try await life.send(#"[{"n":3}]"#)
            let deadline = life.pipelines.now() + .seconds(5)
            let first = try await withThrowingTaskGroup(of: PipelineService.Reached?.self) { group in
                group.addTask {
                    try await life.pipelines.waitUntilFlushed("orders", offset: nil, flushing: true, until: deadline)
                }
                group.addTask {
                    // The wait may begin to sleep at any time.
                    while !Task.isCancelled {
                        fixture.time.advance(by: .seconds(1))
                        await Task.yield()
                    }
                    return nil
                }
                defer { group.cancelAll() }
                return try await group.next() ?? nil
            }
            let late = try #require(first)
            #expect(!late.isFlushed && late.offset == 2)
            #expect(late.progress.flushedOffset == 2)
            try await life.crash()
        }
    }

    /// A checkpoint that knows all records of one key, and not yet that nothing else remains.
    private func crashBeforeTheWatermark(_ fixture: PipelinesFixture) async throws {
        let life = try await fixture.start()
        try await life.create(batch: .init(maxDurationSeconds: 60, maxRows: 2))
        try await life.send(#"[{"shop":"a","n":0},{"shop":"b","n":1},{"shop":"b","n":2}]"#)
        try await life.until("the second key is ahead") { try await life.keys().count == 1 }
        _ = try await life.database.write { tx in
            try tx.execute("CREATE TABLE kept AS SELECT * FROM pipeline_flushed")
        }
        try await life.pipelines.flush("orders")
        for statement in ["INSERT INTO pipeline_flushed SELECT * FROM kept", "UPDATE pipelines SET watermark = 1"] {
            _ = try await life.database.write { try $0.execute(statement) }
        }
        try await life.crash()
    }

    @Test("records that a restart finds in objects already end a wait for them")
    func passedOver() async throws {
        try await PipelinesFixture.with { fixture in
            try await crashBeforeTheWatermark(fixture)
            let life = try await fixture.start()
            try await life.until("the loop has read") {
                try life.pipelines.get("orders").progress.flushedOffset == 3
            }
            try await life.crash()
        }
    }

    @Test("records that are in objects stay out of others when the batch key changes after a restart")
    func passedOverThenChanged() async throws {
        try await PipelinesFixture.with { fixture in
            try await crashBeforeTheWatermark(fixture)
            let second = try await fixture.start()
            let body = PipelineUpdateBody(settings: PipelineSettingsBody(batchOnJSONKey: ".n"))
            try await second.pipelines.update("orders", body)
            try await second.crash()

            let third = try await fixture.start()
            try await third.pipelines.flush("orders")
            #expect(try await third.numbers().sorted() == [0, 1, 2])
            try await third.crash()
        }
    }

    @Test("an offset that no record has yet is refused, and an empty pipeline has nothing to wait for")
    func bounds() async throws {
        try await PipelinesFixture.with { fixture in
            let life = try await fixture.start()
            try await life.create()
            let now = life.pipelines.now()
            let empty = try await life.pipelines.waitUntilFlushed("orders", offset: nil, flushing: false, until: now)
            #expect(empty.isFlushed && empty.offset == -1)
            let error = await #expect(throws: FlareError.self) {
                _ = try await life.pipelines.waitUntilFlushed("orders", offset: 0, flushing: false, until: now)
            }
            #expect(error?.code == .invalidArgument)
            try await life.crash()
        }
    }

    @Test("rejects come in pages, and all of them or one are given up")
    func pages() async throws {
        try await PipelinesFixture.with { fixture in
            let hooks = PipelineHooks(
                invoke: { _ in throw FlareError(.runFailed, "no") },
                checkTransform: { _, _ in }
            )
            let life = try await fixture.start(hooks: hooks)
            try await life.create(key: nil)
            let update = PipelineUpdateBody(settings: PipelineSettingsBody(transform: "throws"))
            try await life.pipelines.update("orders", update)
            try await life.send("[" + (0..<40).map { "{\"n\":\($0)}" }.joined(separator: ",") + "]")
            async let flushed: Void = life.pipelines.flush("orders")
            try await life.until("all are rejected") {
                fixture.time.advance(by: .seconds(1))
                return try await life.pipelines.rejectCount(of: "orders") == 40
            }
            try await flushed

            var (offsets, after): ([Int64], String?) = ([], nil)
            while true {
                let (page, hasMore) = try await life.pipelines.rejects(of: "orders", after: after, limit: 17)
                offsets += page.map(\.offset)
                after = page.last?.id
                #expect(hasMore == (offsets.count < 40))
                if !hasMore { break }
            }
            #expect(offsets == Array(0..<40))
            #expect(try await life.pipelines.rejects(of: "orders", label: "x", limit: 10).page.isEmpty)
            #expect(try await life.pipelines.purgeRejects(of: "orders", id: after) == 1)
            #expect(try await life.pipelines.purgeRejects(of: "orders", id: nil) == 39)
            try await life.crash()
        }
    }
}

/// A wait that only cancellation ends.
private struct Wait {
    func forever() async {
        let (stream, continuation) = AsyncStream.makeStream(of: Never.self)
        for await _ in stream {}
        continuation.finish()
    }
}
