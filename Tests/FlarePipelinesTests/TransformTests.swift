import FlareBuckets
import FlareModel
import FlareStore
import FlareWorkers
import NIOCore
import Testing

@testable import FlarePipelines

extension PipelinesFixture.Life {
    /// A pipeline `orders` whose records a Worker transforms, all in one batch.
    func createTransformed(format: PipelineFormat? = nil, rows: Int = 1_000) async throws {
        try await pipelines.create(
            PipelineCreateBody(
                name: "orders",
                destinationBucket: "data",
                settings: .init(
                    prefix: "raw",
                    partitionBy: "none",
                    format: format,
                    batch: .init(maxDurationSeconds: 3_600, maxRows: rows),
                    transform: "worker.Transform"
                )
            )
        )
    }

    /// Flushes, and lets time pass meanwhile for attempts to come.
    func flushWithTime(_ f: PipelinesFixture) async throws {
        let end = try pipelines.get("orders").progress.endOffset
        async let flushed: Void = pipelines.flush("orders")
        try await until("all is written") {
            f.time.advance(by: .milliseconds(100))
            return try pipelines.get("orders").progress.flushedOffset >= end
        }
        try await flushed
    }

    func rejects() async throws -> [RejectRecord] {
        try await pipelines.rejects(of: "orders", after: nil, limit: 1_000).page
    }

    func text(_ key: String, in bucket: String = "data") async throws -> String {
        String(buffer: try await buckets.bytes(key, in: bucket))
    }
}

@Suite("transforms of batches")
struct TransformTests {
    private func records(_ range: Range<Int>) -> String {
        "[" + range.map { "{\"n\":\($0)}" }.joined(separator: ",") + "]"
    }

    /// A Worker that throws when one of these numbers is among its records.
    private func pickyWorker(_ bad: Set<Int>, label: String? = "clean") -> FakeWorker {
        FakeWorker { lines, _ in
            if let line = lines.first(where: { line in bad.contains { "{\"n\":\($0)}" == line } }) {
                throw FakeWorker.failure("cannot take \(line)", label: label)
            }
            return FakeWorker.result([FakeOutput(lines)])
        }
    }

    @Test("a Worker sees whole batches, and what it makes of them becomes the object")
    func transformed() async throws {
        try await PipelinesFixture.with { f in
            let worker = FakeWorker { lines, call in
                #expect(call.worker == "worker" && call.className == "Transform" && call.kind == .pipeline)
                #expect(call.header["records"] == .integer(3))
                #expect(call.header["pipeline"]?["name"] == .string("orders"))
                return FakeWorker.result(
                    [FakeOutput(["{\"n\":7}"])],
                    labels: [
                        .object([
                            "label": .string("sum"), "in": .integer(3), "out": .integer(1), "bytesIn": .integer(24),
                            "bytesOut": .integer(8), "us": .integer(1_500), "errors": .integer(0),
                        ])
                    ]
                )
            }
            let life = try await f.start(hooks: worker.hooks)
            try await life.createTransformed()
            try await life.send(records(0..<3))
            try await life.pipelines.flush("orders")
            #expect(worker.calls == [["{\"n\":0}", "{\"n\":1}", "{\"n\":2}"]])
            #expect(try await life.numbers() == [7])
            let metrics = try life.pipelines.metrics(of: "orders")
            #expect(metrics.labels.map(\.name) == ["sum"])
            #expect(metrics.labels.first?.counts.recordsIn == 3)
            #expect(metrics.labels.first?.counts.duration.sum == 0.0015)
            #expect(metrics.sink.records == 1)
            try await life.crash()
        }
    }

    @Test("a batch of which nothing is left makes no object, and is done with")
    func nothingLeft() async throws {
        try await PipelinesFixture.with { f in
            let worker = FakeWorker { _, _ in FakeWorker.result([FakeOutput([])]) }
            let life = try await f.start(hooks: worker.hooks)
            try await life.createTransformed()
            try await life.send(records(0..<3))
            try await life.pipelines.flush("orders")
            #expect(try await life.keys().isEmpty)
            #expect(try life.pipelines.get("orders").progress.flushedOffset == 3)
            #expect(try life.pipelines.get("orders").progress.unflushedBytes == 0)
            try await life.crash()
        }
    }

    @Test("outputs go to the buckets, folders and formats that they name, cut where they ask for it")
    func sinks() async throws {
        try await PipelinesFixture.with { f in
            let worker = FakeWorker { lines, _ in
                let elsewhere = JSONValue.object([
                    "bucket": .string("other"), "prefix": .string("cooked"), "format": .string("json"),
                ])
                let pieces = JSONValue.object(["prefix": .string("pieces"), "batchSize": .integer(16)])
                return FakeWorker.result([
                    FakeOutput(lines), FakeOutput(["{\"x\":1}", "{\"x\":2}"], sink: elsewhere),
                    FakeOutput(lines, sink: pieces), FakeOutput(["{\"n\":9}"]),
                ])
            }
            let life = try await f.start(hooks: worker.hooks)
            _ = try await life.buckets.create("other")
            try await life.createTransformed()
            try await life.send(records(0..<5))
            try await life.pipelines.flush("orders")
            let keys = try await life.keys()
            let name = try #require(keys.first { $0.hasPrefix("raw/") }?.dropFirst(4).dropLast(7))
            #expect(
                keys == [
                    "pieces/\(name)-2.ndjson", "pieces/\(name)-3.ndjson", "pieces/\(name)-4.ndjson",
                    "raw/\(name).ndjson",
                ]
            )
            #expect(try await life.text(keys[0]) == "{\"n\":0}\n{\"n\":1}\n")
            #expect(try await life.text(keys[2]) == "{\"n\":4}\n")
            #expect(try await life.text(keys[3]).hasSuffix("{\"n\":4}\n{\"n\":9}\n"))
            #expect(
                try await life.text("cooked/\(name)-1.json", in: "other") == "[{\"x\":1},\n{\"x\":2}]\n"
            )
            #expect(try life.pipelines.metrics(of: "orders").sink.objects == 5)
            try await life.crash()
        }
    }

    @Test("a batch that is tried again after a crash makes objects of the same names")
    func sameNames() async throws {
        try await PipelinesFixture.with { f in
            let worker = FakeWorker { lines, _ in
                FakeWorker.result([FakeOutput(lines), FakeOutput(lines, sink: .object(["prefix": .string("p")]))])
            }
            let first = try await f.start(hooks: worker.hooks)
            try await first.createTransformed()
            try await first.send(records(0..<3))
            let record = try first.pipelines.get("orders").record
            let expected = ["p", "raw"].enumerated().map { index, prefix in
                record.settings.naming(pipelineID: record.id).name(
                    key: ByteBuffer(),
                    firstOffset: 0,
                    firstTime: f.time.now(),
                    suffix: "ndjson",
                    part: 1 - index,
                    prefix: prefix
                )
            }
            try await first.refuseObjects(true)
            #expect(await code { try await first.pipelines.flush("orders") } != nil)
            #expect(try await first.keys().isEmpty)
            try await first.crash()
            f.time.advance(by: .seconds(77))
            let second = try await f.start(hooks: worker.hooks)
            try await second.refuseObjects(false)
            try await second.pipelines.flush("orders")
            #expect(try await second.keys() == expected)
            try await second.crash()
        }
    }

    @Test("the records that a transform throws at become rejects; the others go on in order")
    func bisection() async throws {
        try await PipelinesFixture.with { f in
            let worker = pickyWorker([3, 9])
            let life = try await f.start(hooks: worker.hooks)
            try await life.createTransformed()
            try await life.send(records(0..<5))
            f.time.advance(by: .seconds(5))
            let later = f.time.now()
            try await life.send(records(5..<13))
            try await life.flushWithTime(f)
            #expect(try await life.numbers() == [0, 1, 2, 4, 5, 6, 7, 8, 10, 11, 12])
            #expect(try await life.keys().count == 1)
            #expect(worker.calls.prefix(4).map(\.count) == [13, 13, 13, 6])
            let rejects = try await life.rejects()
            #expect(rejects.map(\.offset) == [3, 9])
            #expect(rejects.map { String(decoding: $0.record, as: UTF8.self) } == ["{\"n\":3}", "{\"n\":9}"])
            #expect(rejects.map(\.label) == ["clean", "clean"])
            #expect(rejects.map(\.reason) == ["TypeError: cannot take {\"n\":3}", "TypeError: cannot take {\"n\":9}"])
            #expect(rejects.map(\.source) == [.control, .control])
            #expect(rejects[0].ingestedAt < later && rejects[1].ingestedAt == later)
            #expect(try await life.pipelines.rejectCount(of: "orders") == 2)
            #expect(try life.pipelines.metrics(of: "orders").sink.rejected == 2)
            #expect(try life.pipelines.get("orders").progress.lastError == nil)
            try await life.crash()
        }
    }

    @Test("a transform that fails for a while rejects nothing")
    func passing() async throws {
        try await PipelinesFixture.with { f in
            let worker = FakeWorker()
            worker.answer { [worker] lines, _ in
                if worker.calls.count < 3 { throw FakeWorker.failure("not now") }
                return FakeWorker.result([FakeOutput(lines)])
            }
            let life = try await f.start(hooks: worker.hooks)
            try await life.createTransformed()
            try await life.send(records(0..<4))
            try await life.flushWithTime(f)
            #expect(worker.calls.map(\.count) == [4, 4, 4])
            #expect(try await life.rejects().isEmpty)
            #expect(try await life.numbers() == [0, 1, 2, 3])
            try await life.crash()
        }
    }

    @Test(
        "a batch of which the transforms make too much is cut at once, without other attempts",
        arguments: [true, false]
    )
    func tooLarge(byOutput: Bool) async throws {
        try await PipelinesFixture.with { f in
            let worker = FakeWorker { lines, _ in
                guard lines.count > 2 || lines.contains("{\"n\":6}") else {
                    return FakeWorker.result([FakeOutput(lines)])
                }
                if byOutput { throw FakeWorker.failure("too much", isTooLarge: true) }
                throw FlareError(.bodyTooLarge, "the batch does not fit into a frame")
            }
            let life = try await f.start(hooks: worker.hooks)
            try await life.createTransformed()
            try await life.send(records(0..<8))
            // Time stands still: nothing is tried a second time.
            try await life.pipelines.flush("orders")
            #expect(try await life.numbers() == [0, 1, 2, 3, 4, 5, 7])
            #expect(worker.calls.map(\.count) == [8, 4, 2, 2, 4, 2, 2, 1, 1])
            #expect(try await life.rejects().map(\.offset) == [6])
            try await life.crash()
        }
    }

    @Test(
        "a batch that hangs or takes the process down is rejected whole after its attempts",
        arguments: [FlareError.Code.deadlineExceeded, .engineUnavailable]
    )
    func hanging(reason: FlareError.Code) async throws {
        try await PipelinesFixture.with { f in
            let worker = FakeWorker { _, _ in throw FlareError(reason, "no answer from the process") }
            let life = try await f.start(hooks: worker.hooks)
            try await life.createTransformed()
            try await life.send(records(0..<4))
            try await life.flushWithTime(f)
            #expect(worker.calls.map(\.count) == [4, 4, 4])
            let rejects = try await life.rejects()
            #expect(rejects.map(\.offset) == [0, 1, 2, 3])
            #expect(Set(rejects.map(\.reason)) == ["no answer from the process"])
            #expect(rejects.allSatisfy { $0.label == nil })
            #expect(try await life.keys().isEmpty)
            try await life.crash()
        }
    }

    @Test("a batch whose process another invocation took down is none the worse for it")
    func disturbed() async throws {
        try await PipelinesFixture.with { f in
            let worker = FakeWorker()
            worker.answer { lines, _ in
                guard worker.calls.count > 5 else {
                    throw FlareError(.engineUnavailable, "another one took too long", cause: BystanderLost())
                }
                return FakeWorker.result([FakeOutput(lines)])
            }
            let life = try await f.start(hooks: worker.hooks)
            try await life.createTransformed()
            try await life.send(records(0..<4))
            try await life.flushWithTime(f)
            #expect(worker.calls.map(\.count) == [4, 4, 4, 4, 4, 4])
            #expect(try await life.rejects().isEmpty)
            #expect(try await life.keys().count == 1)
            try await life.crash()
        }
    }

    @Test("while the Worker is missing nothing is rejected and nothing lost, and everybody can see why")
    func missing() async throws {
        try await PipelinesFixture.with { f in
            let worker = FakeWorker { _, _ in throw FlareError(.workerNotFound, "Worker \"worker\" not found") }
            let life = try await f.start(hooks: worker.hooks)
            try await life.createTransformed()
            try await life.send(records(0..<4))
            #expect(await code { try await life.pipelines.flush("orders") } == .workerNotFound)
            let progress = try life.pipelines.get("orders").progress
            #expect(progress.lastError == "Worker \"worker\" not found")
            #expect(progress.flushedOffset == 0 && progress.openBatches == 1)
            worker.answer { lines, _ in FakeWorker.result([FakeOutput(lines)]) }
            try await life.until("it goes on by itself") {
                f.time.advance(by: .seconds(1))
                return try life.pipelines.get("orders").progress.flushedOffset == 4
            }
            #expect(try await life.numbers() == [0, 1, 2, 3])
            #expect(try await life.rejects().isEmpty)
            #expect(try life.pipelines.get("orders").progress.lastError == nil)
            try await life.crash()
        }
    }

    @Test("an answer that cannot be used leaves nothing of the batch behind", arguments: [0, 1])
    func unusable(kind: Int) async throws {
        try await PipelinesFixture.with { f in
            let worker = FakeWorker { lines, _ in
                if kind == 0 { return InvocationResult(value: .object([:]), body: []) }
                let sink = JSONValue.object(["batchSize": .string("a lot")])
                return FakeWorker.result([FakeOutput(lines), FakeOutput(lines, sink: sink)])
            }
            let life = try await f.start(hooks: worker.hooks)
            try await life.createTransformed()
            try await life.send(records(0..<3))
            try await life.flushWithTime(f)
            #expect(try await life.keys().isEmpty)
            #expect(try await life.rejects().map(\.offset) == [0, 1, 2])
            try await life.crash()
        }
    }

    @Test("an object for a bucket that is missing waits until there is one")
    func missingBucket() async throws {
        try await PipelinesFixture.with { f in
            let worker = FakeWorker { lines, _ in
                FakeWorker.result([FakeOutput(lines, sink: .object(["bucket": .string("other")]))])
            }
            let life = try await f.start(hooks: worker.hooks)
            try await life.createTransformed()
            try await life.send(records(0..<3))
            #expect(await code { try await life.pipelines.flush("orders") } == .bucketNotFound)
            #expect(try life.pipelines.get("orders").progress.lastError?.contains("\"other\"") == true)
            _ = try await life.buckets.create("other")
            try await life.pipelines.flush("orders")
            #expect(try await life.buckets.get("other").objectCount == 1)
            try await life.crash()
        }
    }
}
