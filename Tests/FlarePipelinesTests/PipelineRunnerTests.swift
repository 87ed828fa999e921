import FlareBuckets
import FlareModel
import FlareStore
import NIOCore
import Synchronization
import Testing

@testable import FlarePipelines

extension PipelinesFixture.Life {
    /// Has the database note the order in which objects become visible.
    func keepJournal() async throws {
        for statement in [
            "CREATE TABLE journal (id INTEGER PRIMARY KEY AUTOINCREMENT, bucket TEXT, key TEXT)",
            """
            CREATE TRIGGER journal AFTER INSERT ON objects
            BEGIN INSERT INTO journal (bucket, key) VALUES (new.bucket, new.key); END
            """,
        ] { _ = try await database.write { try $0.execute(statement) } }
    }

    /// The values of `.n` by the value of `.shop`, in the order in which their objects became visible.
    func numbersByShop() async throws -> [String: [Int]] {
        let places = try await database.read { tx in
            try tx.rows("SELECT bucket, key FROM journal ORDER BY id") { ($0.text(0), $0.text(1)) }
        }
        var numbers: [String: [Int]] = [:]
        for (bucket, key) in places {
            for line in String(buffer: try await buckets.bytes(key, in: bucket)).split(separator: "\n") {
                let record = try JSONValue(json: line.utf8)
                guard let number = record["n"]?.integerValue, let shop = record["shop"]?.stringValue else { continue }
                numbers[shop, default: []].append(number)
            }
        }
        return numbers
    }

    /// Lets no object be written, or lets them be written again.
    func refuseObjects(_ refuses: Bool) async throws {
        let statement =
            refuses
            ? "CREATE TRIGGER refuse BEFORE INSERT ON objects BEGIN SELECT RAISE(ABORT, 'no room here'); END"
            : "DROP TRIGGER refuse"
        _ = try await database.write { try $0.execute(statement) }
    }
}

/// Sends records of a few shops one after the other, until it is told to stop.
private final class Sender: Sendable {
    private struct State {
        var sent = 0
        var isStopped = false
    }

    private let state = Mutex(State())

    var sent: Int { state.withLock { $0.sent } }

    func stop() {
        state.withLock { $0.isStopped = true }
    }

    /// Returns why it could not go on; nil when it was stopped.
    func run(_ life: PipelinesFixture.Life) async -> FlareError.Code? {
        while !state.withLock({ $0.isStopped }) {
            let number = sent
            do {
                try await life.send("{\"shop\":\"s\(number % 3)\",\"n\":\(number)}")
            } catch {
                return (error as? FlareError)?.code
            }
            state.withLock { $0.sent += 1 }
        }
        return nil
    }
}

@Suite("the loop of a pipeline")
struct PipelineRunnerTests {
    private func createTransformed(_ life: PipelinesFixture.Life, rows: Int, concurrency: Int = 4) async throws {
        try await life.pipelines.create(
            PipelineCreateBody(
                name: "orders",
                destinationBucket: "data",
                settings: .init(
                    batchOnJSONKey: ".shop",
                    batch: .init(maxDurationSeconds: 60, maxRows: rows),
                    transform: "worker",
                    concurrency: concurrency
                )
            )
        )
    }

    @Test("a batch that is slow to be transformed holds up its own key alone")
    func slowBatch() async throws {
        try await PipelinesFixture.with { f in
            let gate = Gate()
            let worker = FakeWorker { lines, _ in
                if lines[0].contains("slow") { try await gate.pass() }
                return FakeWorker.result([FakeOutput(lines)])
            }
            let life = try await f.start(hooks: worker.hooks)
            try await createTransformed(life, rows: 1)
            try await life.keepJournal()
            try await life.send("[{\"shop\":\"slow\",\"n\":0},{\"shop\":\"slow\",\"n\":1}]")
            try await life.until("it hangs") { gate.arrived > 0 }
            for n in 2..<12 { try await life.send("{\"shop\":\"fast\",\"n\":\(n)}") }
            try await life.until("the fast key is through") { try await life.keys().count == 10 }
            #expect(try life.pipelines.get("orders").progress.flushedOffset == 0)
            #expect(try life.pipelines.get("orders").progress.lastError == nil)
            gate.open()
            try await life.pipelines.flush("orders")
            #expect(try await life.numbersByShop() == ["slow": [0, 1], "fast": Array(2..<12)])
            #expect(try life.pipelines.get("orders").progress.flushedOffset == 12)
            try await life.crash()
        }
    }

    @Test("batches are prepared side by side, no more than asked for", arguments: [1, 3])
    func concurrency(count: Int) async throws {
        try await PipelinesFixture.with { f in
            let gate = Gate()
            let worker = FakeWorker { lines, _ in
                try await gate.pass()
                return FakeWorker.result([FakeOutput(lines)])
            }
            let life = try await f.start(hooks: worker.hooks)
            try await createTransformed(life, rows: 1, concurrency: count)
            try await life.send("[" + (0..<9).map { "{\"shop\":\"\($0)\",\"n\":\($0)}" }.joined(separator: ",") + "]")
            try await life.until("all that may run do") { gate.arrived == count }
            try await life.until("the others wait") { try life.pipelines.get("orders").progress.openBatches == 9 }
            #expect(gate.arrived == count)
            gate.open()
            try await life.pipelines.flush("orders")
            #expect(try await life.numbers().sorted() == Array(0..<9))
            try await life.crash()
        }
    }

    @Test("whatever the batches take, those of a key become visible in order")
    func order() async throws {
        try await PipelinesFixture.with { f in
            let worker = FakeWorker { lines, _ in
                for _ in 0..<Int.random(in: 0...60) { await Task.yield() }
                if Int.random(in: 0..<9) == 0 { throw FlareError(.workerNotFound, "gone for a moment") }
                return FakeWorker.result([FakeOutput(lines)])
            }
            let life = try await f.start(hooks: worker.hooks)
            try await createTransformed(life, rows: 2)
            try await life.keepJournal()
            for start in stride(from: 0, to: 300, by: 10) {
                let records = (start..<start + 10).map { "{\"shop\":\"s\($0 % 4)\",\"n\":\($0)}" }
                try await life.send("[" + records.joined(separator: ",") + "]")
            }
            try await life.until("all is written") {
                f.time.advance(by: .seconds(10))
                return try life.pipelines.get("orders").progress.flushedOffset == 300
            }
            let numbers = try await life.numbersByShop()
            for shop in 0..<4 { #expect(numbers["s\(shop)"] == Array(stride(from: shop, to: 300, by: 4))) }
            #expect(try life.pipelines.get("orders").progress.lastError == nil)
            try await life.crash()
        }
    }

    @Test("a flush returns although records keep coming")
    func flushUnderInput() async throws {
        try await PipelinesFixture.with { f in
            let life = try await f.start()
            try await life.create()
            let sender = Sender()
            async let ended = sender.run(life)
            for round in 1...5 {
                try await life.until("records come") { sender.sent > round * 5 }
                let end = try life.pipelines.get("orders").progress.endOffset
                try await life.pipelines.flush("orders")
                #expect(try life.pipelines.get("orders").progress.flushedOffset >= end)
            }
            sender.stop()
            #expect(await ended == nil)
            try await life.pipelines.flush("orders")
            #expect(try await life.numbers().sorted() == Array(0..<sender.sent))
            try await life.crash()
        }
    }

    @Test("settings that change while records flow lose none, double none and keep the order")
    func changeUnderInput() async throws {
        try await PipelinesFixture.with { f in
            let life = try await f.start()
            try await life.create()
            try await life.keepJournal()
            let sender = Sender()
            async let ended = sender.run(life)
            for round in 1...8 {
                try await life.until("records come") { sender.sent > round * 5 }
                let settings = PipelineSettingsBody(
                    batchOnJSONKey: round % 3 == 0 ? "" : ".shop",
                    prefix: "round-\(round)",
                    batch: .init(maxRows: round)
                )
                let bucket = round % 2 == 0 ? "data" : "other"
                try await life.pipelines.update(
                    "orders",
                    PipelineUpdateBody(destinationBucket: bucket, settings: settings)
                )
            }
            sender.stop()
            #expect(await ended == nil)
            try await life.pipelines.flush("orders")
            let numbers = try await life.numbersByShop()
            for shop in 0..<3 { #expect(numbers["s\(shop)"] == Array(stride(from: shop, to: sender.sent, by: 3))) }
            #expect(try life.pipelines.get("orders").record.version == 9)
            try await life.crash()
        }
    }

    @Test("a pipeline that is deleted while records flow has written all that it accepted")
    func deleteUnderInput() async throws {
        try await PipelinesFixture.with { f in
            let life = try await f.start()
            try await life.create()
            let sender = Sender()
            async let ended = sender.run(life)
            try await life.until("records come") { sender.sent > 10 }
            try await life.pipelines.delete("orders")
            #expect(await ended == .pipelineNotFound)
            #expect(try await life.numbers().sorted() == Array(0..<sender.sent))
            try await life.crash()
        }
    }

    @Test("giving a pipeline up waits for no transform, and leaves nothing behind")
    func abandon() async throws {
        try await PipelinesFixture.with { f in
            let gate = Gate()
            let worker = FakeWorker { _, _ in
                try await gate.pass()
                return FakeWorker.result([])
            }
            let life = try await f.start(hooks: worker.hooks)
            try await createTransformed(life, rows: 1)
            try await life.send("[{\"n\":1},{\"n\":2}]")
            try await life.until("it hangs") { gate.arrived > 0 }
            async let flushed = code { try await life.pipelines.flush("orders") }
            try await life.pipelines.delete("orders", discarding: true)
            #expect(await flushed != nil)
            #expect(life.pipelines.list().isEmpty)
            #expect(try await life.keys().isEmpty)
            let rows = try await life.database.read { try $0.row("SELECT count(*) FROM pipelines") { $0.int(0) } }
            #expect(rows == 0)
            try await life.crash()
        }
    }

    @Test("a pipeline can be given up at the very moment when its bucket refuses")
    func abandonFailing() async throws {
        try await PipelinesFixture.with { f in
            let life = try await f.start()
            for round in 0..<30 {
                try await life.create()
                try await life.refuseObjects(true)
                try await life.send("{\"shop\":\"a\",\"n\":1}")
                async let flushed = code { try await life.pipelines.flush("orders") }
                for _ in 0..<(round * 3) { await Task.yield() }
                try await life.pipelines.delete("orders", discarding: true)
                #expect(await flushed != nil)
                try await life.refuseObjects(false)
            }
            #expect(try await life.keys().isEmpty)
            try await life.crash()
        }
    }

    @Test("what could not be written is tried again as soon as somebody asks; each who asks meanwhile hears why not")
    func askAgain() async throws {
        try await PipelinesFixture.with { f in
            let life = try await f.start()
            try await life.create()
            try await life.refuseObjects(true)
            try await life.send("[{\"shop\":\"a\",\"n\":1},{\"shop\":\"b\",\"n\":2},{\"shop\":\"c\",\"n\":3}]")
            for _ in 0..<4 {
                #expect(await code { try await life.pipelines.flush("orders") } == .storeFailed)
                #expect(
                    await code {
                        try await life.pipelines.update("orders", PipelineUpdateBody(settings: .init(prefix: "new")))
                    } == .storeFailed
                )
            }
            #expect(try life.pipelines.get("orders").record.version == 1)
            try await life.refuseObjects(false)
            // Time stands still: nothing but the question lets it try again.
            try await life.pipelines.flush("orders")
            #expect(try await life.numbers().sorted() == [1, 2, 3])
            #expect(try life.pipelines.get("orders").progress.lastError == nil)
            try await life.crash()
        }
    }

    @Test("batches that fail together are tried again after the first wait, not the longest")
    func firstWait() async throws {
        try await PipelinesFixture.with { f in
            let worker = FakeWorker { _, _ in throw FlareError(.workerNotFound, "no such Worker") }
            let life = try await f.start(hooks: worker.hooks)
            try await createTransformed(life, rows: 1)
            try await life.send("[" + (0..<9).map { "{\"shop\":\"\($0)\",\"n\":\($0)}" }.joined(separator: ",") + "]")
            try await life.until("all have failed") { worker.calls.count == 9 }
            worker.answer { lines, _ in FakeWorker.result([FakeOutput(lines)]) }
            // The clock stops before the longest wait would be over, however long the writing takes.
            let end = f.time.now() + .seconds(8)
            try await life.until("all are written") {
                if f.time.now() < end { f.time.advance(by: .milliseconds(1)) }
                return try await life.keys().count == 9
            }
            try await life.crash()
        }
    }

    @Test("who waits for an offset hears when it is in an object, and need not wait to the end")
    func waiting() async throws {
        try await PipelinesFixture.with { f in
            let life = try await f.start()
            try await life.create()
            #expect(await code { try await life.wait(for: 0) } == .invalidArgument)
            try await life.send("[{\"shop\":\"a\",\"n\":1},{\"shop\":\"b\",\"n\":2}]")
            #expect(await code { try await life.wait(for: 2) } == .invalidArgument)
            #expect(await code { try await life.wait(for: -2) } == .invalidArgument)

            let impatient = Task { try await life.wait(for: 1) }
            await Task.yield()
            impatient.cancel()
            _ = try await impatient.value
            #expect(try await life.keys().isEmpty)

            let patient = Task { try await life.wait(for: 1) }
            try await life.pipelines.flush("orders")
            _ = try await patient.value
            try await life.wait(for: 1)
            #expect(try await life.keys().count == 2)

            try await life.send("{\"n\":3}")
            let last = Task { try await life.wait(for: 2) }
            try await life.crash()
            _ = try await last.value
        }
    }
}

extension PipelinesFixture.Life {
    /// Waits for an offset, for as long as it takes; returns whether it is in an object.
    @discardableResult
    fileprivate func wait(for offset: Int64) async throws -> Bool {
        let far = Timestamp(milliseconds: 9_000_000_000_000)
        return try await pipelines.waitUntilFlushed("orders", offset: offset, flushing: false, until: far).isFlushed
    }
}
