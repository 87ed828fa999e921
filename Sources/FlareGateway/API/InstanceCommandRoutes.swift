import FlareModel
import FlareWorkflows

/// What the command line needs of instances and Cloudflare's API lacks: waiting for an end, and following a log.
struct InstanceCommandRoutes {
    let workflows: WorkflowService

    private static let one = "/flare/v1/workflows/:workflow/instances/:instance"

    func register(on routes: APIRoutes) {
        // The instance as lists show it.
        routes.get(Self.one) { request in
            .result(try await workflows.get(request.parameter("instance"), of: request.parameter("workflow")))
        }
        // Answers with the instance once it has ended or reached `status` or `step`, or as it is when the time is over;
        // its status tells which.
        routes.get(Self.one + "/wait") { request in
            let range = 0...Limits.workflowWaitSecondsMax
            let seconds = try request.integerQuery("timeout", in: range) ?? Limits.workflowWaitSecondsMax
            let (name, id) = (try request.parameter("workflow"), try request.parameter("instance"))
            let goal = try Self.goal(request)
            let deadline = workflows.now + .seconds(seconds)
            return try await .result(
                request.whileConnected { try await workflows.wait(for: id, of: name, goal: goal, until: deadline) }
            )
        }
        // NDJSON from the line after `cursor` on; with `follow=true` until the instance has ended. `step`, `level` and
        // `since` leave lines out.
        routes.get(Self.one + "/logs") { request in
            let (name, id) = (try request.parameter("workflow"), try request.parameter("instance"))
            let cursor = try request.integerQuery("cursor", in: 0...Int.max) ?? 0
            let follows = request.query("follow") == "true"
            let filter = try Self.filter(request)
            // Fails before the head of the answer is sent, and keeps `latest` what it is now.
            let found = try await workflows.get(id, of: name).id
            let headers = [("Content-Type", "application/x-ndjson")]
            return .stream(headers: headers, follows: follows) { writer in
                try await workflows.logs(of: found, name, after: Int64(cursor), follows: follows, filter: filter) {
                    try await writer.lines($0)
                }
            }
        }
    }

    private static func goal(_ request: APIRequest) throws -> InstanceGoal {
        if let step = request.query("step") { return .step(step) }
        guard let status = request.query("status") else { return .end }
        guard let known = InstanceStatus(rawValue: status) else {
            let names = InstanceStatus.allCases.map(\.rawValue).joined(separator: ", ")
            throw FlareError(.invalidArgument, "\"\(status)\" is not a status", hint: "use one of \(names)")
        }
        return .status(known)
    }

    private static func filter(_ request: APIRequest) throws -> InstanceLogFilter {
        var filter = InstanceLogFilter()
        filter.step = request.query("step")
        if let level = request.query("level") {
            guard let known = InstanceLogFilter.Level(rawValue: level) else {
                let names = InstanceLogFilter.Level.allCases.map(\.rawValue).joined(separator: ", ")
                throw FlareError(.invalidArgument, "\"\(level)\" is not a level", hint: "use one of \(names)")
            }
            filter.level = known
        }
        if let since = request.query("since") {
            guard let time = Timestamp(since) else {
                throw FlareError(.invalidArgument, "the query parameter \"since\" takes an RFC 3339 time")
            }
            filter.since = time
        }
        return filter
    }
}
