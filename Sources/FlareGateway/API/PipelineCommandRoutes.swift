import FlareModel
import FlarePipelines
import NIOCore

/// What surrounds a pipeline: its tokens, waiting for records to be in objects, its numbers, and its records as they
/// pass.
struct PipelineCommandRoutes {
    let pipelines: PipelineService

    private static let one = "/flare/v1/pipelines/:pipeline"

    func register(on routes: APIRoutes) {
        registerTokens(on: routes)
        registerWaits(on: routes)
        registerTail(on: routes)
    }

    private func registerTokens(on routes: APIRoutes) {
        let base = Self.one + "/tokens"
        routes.get(base) { request in
            let tokens = try await pipelines.tokens(of: request.parameter("pipeline"))
            return .result(tokens.map { TokenBody(name: $0.name, createdAt: $0.createdAt) })
        }
        routes.post(base) { request in
            let name = try await request.json(CreateTokenBody.self).name
            let secret = try await pipelines.createToken(name, of: request.parameter("pipeline"))
            return .result(NewTokenBody(name: name, token: secret), status: 201)
        }
        routes.delete(base + "/:token") { request in
            try await pipelines.revokeToken(request.parameter("token"), of: request.parameter("pipeline"))
            return .empty()
        }
    }

    private func registerWaits(on routes: APIRoutes) {
        // Answers once the offset is in an object, or with how far it is when the time is over.
        routes.get(Self.one + "/wait") { request in
            let name = try request.parameter("pipeline")
            let range = 0...Limits.pipelineWaitMillisecondsMax
            let timeout = try request.integerQuery("timeout_ms", in: range) ?? Limits.pipelineWaitMillisecondsMax
            let offset = try request.integerQuery("offset", in: -1...Int.max).map(Int64.init)
            let isFlushing = request.query("flush") == "true"
            let deadline = pipelines.now() + .milliseconds(timeout)
            let reached = try await request.whileConnected {
                let reached = try await pipelines.waitUntilFlushed(
                    name,
                    offset: offset,
                    flushing: isFlushing,
                    until: deadline
                )
                try Task.checkCancellation()
                return reached
            }
            return .result(
                PipelineWaitBody(offset: reached.offset, isFlushed: reached.isFlushed, progress: reached.progress)
            )
        }
        // With `interval_ms`, NDJSON: a line now and one after each interval.
        routes.get(Self.one + "/metrics") { request in
            let name = try request.parameter("pipeline")
            let report = PipelineMetricsReport(pipelines: pipelines)
            let first = try await report.body(of: name)
            let range = Limits.metricsIntervalMillisecondsRange
            guard let interval = try request.integerQuery("interval_ms", in: range) else { return .result(first) }
            return .stream(headers: [("Content-Type", "application/x-ndjson")], follows: true) { writer in
                try await writer.line(first)
                while true {
                    await pipelines.pause(until: pipelines.now() + .milliseconds(interval))
                    try Task.checkCancellation()
                    try await writer.line(try await report.body(of: name))
                }
            }
        }
    }

    private func registerTail(on routes: APIRoutes) {
        // NDJSON: `{"offset":…,"time":…,"source":…,"record":{…}}` or `{"record":{…}}`, and `{"missed":N}`. The record
        // comes last, with the bytes that it has.
        routes.get(Self.one + "/tail") { request in
            let name = try request.parameter("pipeline")
            let stageName = request.query("stage") ?? TailStage.before.rawValue
            guard let stage = TailStage(rawValue: stageName) else {
                throw FlareError(.invalidArgument, "\"\(stageName)\" is not a stage", hint: "use before or after")
            }
            let filter = try RecordFilter(request.queries("where"))
            let count = try request.integerQuery("count", in: 1...Int.max)
            // Fails before the head of the answer is sent.
            _ = try pipelines.stream(named: name)
            return .stream(headers: [("Content-Type", "application/x-ndjson")], follows: true) { writer in
                let lines = TailLines(writer: writer, remaining: count)
                try await pipelines.tail(name, stage: stage, where: filter) { try await lines.write($0) }
            }
        }
    }
}

/// Writes the records of a tail as lines, until there were as many as were asked for.
private actor TailLines {
    private let writer: APIStreamWriter
    private var remaining: Int?

    init(writer: APIStreamWriter, remaining: Int?) {
        self.writer = writer
        self.remaining = remaining
    }

    /// False when there were enough.
    ///
    /// Called by one task, one call after the other.
    func write(_ events: [TailEvent]) async throws -> Bool {
        var chunk = ByteBuffer()
        for event in events {
            Self.append(event, to: &chunk)
            if case .record = event, let before = remaining {
                remaining = before - 1
                if before == 1 { break }
            }
            if chunk.readableBytes >= Limits.recordTailChunkBytes {
                try await writer.write(chunk)
                chunk = ByteBuffer()
            }
        }
        if chunk.readableBytes > 0 { try await writer.write(chunk) }
        return remaining != 0
    }

    private static func append(_ event: TailEvent, to chunk: inout ByteBuffer) {
        switch event {
        case .missed(let count): chunk.writeString("{\"missed\":\(count)}\n")
        case .record(var record, let origin):
            chunk.writeString("{")
            if let origin {
                chunk.writeString(
                    "\"offset\":\(origin.offset),\"time\":\"\(origin.time.text)\",\"source\":\"\(origin.source.name)\","
                )
            }
            chunk.writeString("\"record\":")
            chunk.writeBuffer(&record)
            chunk.writeString("}\n")
        }
    }
}
