import FlareModel
import FlareWorkers
import FlareWorkflows
import ServiceLifecycle

/// Running instances again, one or many, and checking new code against what they have done.
struct ReplayRoutes {
    let workflows: WorkflowService

    private static let one = "/flare/v1/workflows/:workflow"

    func register(on routes: APIRoutes) {
        registerHistories(on: routes)
        // One instance: the envelope with what becomes of it. Many, by `where`: NDJSON, a line for each instance once
        // it is committed, and a summary at the end; the caller's leaving ends it.
        routes.post(Self.one + "/replay") { request in
            let name = try request.parameter("workflow")
            let body = try await request.json(ReplayBody.self)
            let order = try ReplayOrder(body)
            let isDryRun = body.dryRun ?? false
            guard let text = body.filter else {
                let id = body.id ?? "latest"
                if isDryRun { return .result(try await workflows.plannedReplay(id, of: name, order)) }
                return .result(try await workflows.replay(id, of: name, order))
            }
            guard body.id == nil else {
                throw FlareError(
                    .invalidArgument,
                    "a replay is of one instance or of those that a filter finds, not both"
                )
            }
            let conditions = try InstanceConditions(parsing: text)
            let rate = try Self.rate(body.rate)
            // Fails before the head of the answer is sent.
            _ = try await workflows.get(name)
            return .stream(headers: [("Content-Type", "application/x-ndjson")], follows: false) { writer in
                // A slow rate must not keep the engine from stopping.
                let summary = try await cancelWhenGracefulShutdown {
                    try await workflows.replayAll(
                        of: name,
                        where: conditions,
                        order,
                        perSecond: rate,
                        isDryRun: isDryRun
                    ) { try await writer.line(ReplayProgressBody(instance: $0)) }
                }
                try await writer.line(ReplayProgressBody(summary: summary))
            }
        }
    }

    /// Histories of instances as documents, and code run against them.
    private func registerHistories(on routes: APIRoutes) {
        routes.get(Self.one + "/instances/:instance/export") { request in
            let history = try await workflows.export(
                request.parameter("instance"),
                of: request.parameter("workflow"),
                run: request.integerQuery("run", in: 1...Int.max),
                showsSensitive: request.query("sensitive") == "true"
            )
            return .raw(headers: [("Content-Type", "application/json")], bytes: history)
        }
        routes.post(Self.one + "/verify") { request in
            let history = try await request.bytes(max: Limits.workflowHistoryBytesMax)
            let found = try await workflows.verify(
                request.parameter("workflow"),
                history: history,
                version: request.query("version")
            )
            return .result(found)
        }
    }

    private static func rate(_ rate: Double?) throws -> Double? {
        guard let rate else { return nil }
        guard rate > 0, rate <= Double(Limits.workflowReplayRateMax) else {
            throw FlareError(
                .invalidArgument,
                "the rate of a replay is above 0 and at most \(Limits.workflowReplayRateMax) instances a second"
            )
        }
        return rate
    }
}

extension ReplayOrder {
    fileprivate init(_ body: ReplayBody) throws {
        self.init()
        guard body.fromStep == nil || body.fromFailure != true else {
            throw FlareError(.invalidArgument, "a replay begins from a step or from the failure, not both")
        }
        if body.fromFailure == true { start = .failure }
        if let step = body.fromStep { start = .text(step) }
        input = try body.input.map { try TaggedJSON.escape(json: Array($0.utf8)) }
        patches = try (body.patches ?? []).map {
            ReplayPatch(step: $0.step, value: try TaggedJSON.escape(json: Array($0.output.utf8)))
        }
        version = body.version
        asNew = body.asNew ?? false
        force = body.force ?? false
    }
}
