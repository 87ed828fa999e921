import FlareModel
import FlareStore
import NIOCore
import Testing

@testable import FlarePipelines

@Suite("rejects")
struct RejectTests {
    /// A Worker that throws at records with `"bad"`.
    private static func worker() -> FakeWorker {
        FakeWorker { lines, _ in
            if let line = lines.first(where: { $0.contains("bad") }) { throw FakeWorker.failure("no \(line)") }
            return FakeWorker.result([FakeOutput(lines)])
        }
    }

    /// Records 0 to 3 of which 1 and 2 are rejects.
    ///
    /// - Parameter crashes: unless the test does so itself.
    private func withRejects(
        crashes: Bool = true,
        _ body: (PipelinesFixture, PipelinesFixture.Life, FakeWorker) async throws -> Void
    ) async throws {
        try await PipelinesFixture.with { f in
            let worker = Self.worker()
            let life = try await f.start(hooks: worker.hooks)
            try await life.createTransformed()
            try await life.send("[{\"n\":0},{\"n\":1,\"bad\":1},{\"n\":2,\"bad\":1},{\"n\":3}]")
            try await life.flushWithTime(f)
            #expect(try await life.rejects().map(\.offset) == [1, 2])
            try await body(f, life, worker)
            if crashes { try await life.crash() }
        }
    }

    @Test("are stored with the objects of their batch or not at all", arguments: ["objects", "pipeline_rejects"])
    func sameTransaction(table: String) async throws {
        try await PipelinesFixture.with { f in
            let life = try await f.start(hooks: Self.worker().hooks)
            try await life.createTransformed()
            let trigger = """
                CREATE TRIGGER refuse BEFORE INSERT ON \(table) BEGIN SELECT RAISE(ABORT, 'no room here'); END
                """
            _ = try await life.database.write { try $0.execute(trigger) }
            try await life.send("[{\"n\":0},{\"n\":1,\"bad\":1}]")
            async let failed = code { try await life.pipelines.flush("orders") }
            try await life.until("it has failed") {
                f.time.advance(by: .milliseconds(100))
                return try life.pipelines.get("orders").progress.lastError != nil
            }
            #expect(await failed == .storeFailed)
            #expect(try await life.rejects().isEmpty)
            #expect(try await life.keys().isEmpty)
            #expect(try life.pipelines.get("orders").progress.flushedOffset == 0)
            try await life.refuseObjects(false)
            try await life.flushWithTime(f)
            #expect(try await life.rejects().count == 1)
            #expect(try await life.numbers() == [0])
            try await life.crash()
        }
    }

    @Test("are listed in the order of the stream, page by page, those of the same instant too")
    func order() async throws {
        try await PipelinesFixture.with { f in
            let worker = FakeWorker { _, _ in throw FakeWorker.failure("never", isTooLarge: true) }
            let life = try await f.start(hooks: worker.hooks)
            try await life.createTransformed()
            try await life.send("[" + (0..<40).map { "{\"n\":\($0)}" }.joined(separator: ",") + "]")
            try await life.pipelines.flush("orders")
            var offsets: [Int64] = []
            var after: String?
            while true {
                let page = try await life.pipelines.rejects(of: "orders", after: after, limit: 7).page
                guard let last = page.last else { break }
                offsets += page.map(\.offset)
                after = last.id
            }
            #expect(offsets == Array(0..<40))
            try await life.crash()
        }
    }

    @Test("are sent again as they were, once the transform is mended")
    func replay() async throws {
        try await withRejects { f, life, worker in
            let rejects = try await life.rejects()
            worker.answer { lines, _ in FakeWorker.result([FakeOutput(lines)]) }
            #expect(try await life.pipelines.replay(rejects[1].id, of: "orders", replacement: nil) == 4)
            #expect(try await life.rejects().map(\.id) == [rejects[0].id])
            #expect(
                await code { try await life.pipelines.replay(rejects[1].id, of: "orders", replacement: nil) }
                    == .rejectNotFound
            )
            try await life.pipelines.flush("orders")
            #expect(try await life.numbers().sorted() == [0, 2, 3])
            #expect(try life.pipelines.metrics(of: "orders").sources[.replay]?.records == 1)
        }
    }

    @Test("are replaced by what they should have been")
    func replacement() async throws {
        try await withRejects { f, life, _ in
            let id = try await life.rejects()[0].id
            for text in ["", "{", "17"] {
                let failure = await code {
                    try await life.pipelines.replay(id, of: "orders", replacement: Array(text.utf8))
                }
                #expect(failure == .invalidData, "\(text)")
            }
            #expect(try await life.rejects().count == 2)
            #expect(try life.pipelines.get("orders").progress.endOffset == 4)
            _ = try await life.pipelines.replay(id, of: "orders", replacement: Array("{\"n\":11}".utf8))
            try await life.pipelines.flush("orders")
            #expect(try await life.numbers().sorted() == [0, 3, 11])
            #expect(try await life.rejects().count == 1)
        }
    }

    @Test("that are rejected again come back as new ones, from where they were sent")
    func rejectedAgain() async throws {
        try await withRejects { f, life, _ in
            let first = try await life.rejects()[0]
            _ = try await life.pipelines.replay(first.id, of: "orders", replacement: nil)
            try await life.flushWithTime(f)
            let rejects = try await life.rejects()
            #expect(rejects.map(\.offset) == [2, 4])
            #expect(rejects[1].source == .replay && rejects[1].record == first.record && rejects[1].id != first.id)
        }
    }

    @Test("are stored once when the crash came between the stream and the reject", arguments: [false, true])
    func crashBetween(isFlushed: Bool) async throws {
        try await withRejects(crashes: false) { f, life, worker in
            worker.answer { lines, _ in FakeWorker.result([FakeOutput(lines)]) }
            let reject = try await life.rejects()[0]
            let pipeline = try life.pipelines.get("orders").record.id
            #expect(try await life.pipelines.replay(reject.id, of: "orders", replacement: nil) == 4)
            if isFlushed { try await life.pipelines.flush("orders") }
            // As if its deletion had not been committed.
            try await life.database.write { try reject.insert(pipeline: pipeline, in: $0) }
            try await life.crash()
            let second = try await f.start(hooks: worker.hooks)
            #expect(try await second.rejects().count == 2)
            #expect(try await second.pipelines.replay(reject.id, of: "orders", replacement: nil) == 4)
            #expect(try await second.rejects().count == 1)
            try await second.pipelines.flush("orders")
            #expect(try await second.numbers().sorted() == [0, 1, 3])
            try await second.crash()
        }
    }

    @Test("are given up one by one, or all")
    func purge() async throws {
        try await withRejects { _, life, _ in
            let ids = try await life.rejects().map(\.id)
            #expect(await code { try await life.pipelines.purgeRejects(of: "orders", id: "nobody") } == .rejectNotFound)
            #expect(try await life.pipelines.purgeRejects(of: "orders", id: ids[0]) == 1)
            #expect(await code { try await life.pipelines.reject(ids[0], of: "orders") } == .rejectNotFound)
            #expect(try await life.pipelines.reject(ids[1], of: "orders").offset == 2)
            #expect(try await life.pipelines.purgeRejects(of: "orders", id: nil) == 1)
            #expect(try await life.pipelines.purgeRejects(of: "orders", id: nil) == 0)
            #expect(try await life.pipelines.rejectCount(of: "orders") == 0)
        }
    }

    @Test("go with their pipeline")
    func deleted() async throws {
        try await withRejects { _, life, _ in
            try await life.pipelines.delete("orders")
            let rows = try await life.database.read {
                try $0.row("SELECT count(*) FROM pipeline_rejects") { $0.int(0) }
            }
            #expect(rows == 0)
        }
    }
}
