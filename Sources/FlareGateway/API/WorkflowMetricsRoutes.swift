import FlareModel
import FlareWorkflows

/// What a workflow, or one instance of it, has counted.
struct WorkflowMetricsRoutes {
    let workflows: WorkflowService

    func register(on routes: APIRoutes) {
        // With `interval_ms`, NDJSON: a line now and one after each interval. `instance` asks for that one's numbers.
        routes.get("/flare/v1/workflows/:workflow/metrics") { request in
            let name = try request.parameter("workflow")
            // Keeps `latest` what it is now.
            let id = try await instance(request.query("instance"), of: name)
            let first = try await workflows.metrics(of: name, instance: id)
            let range = Limits.metricsIntervalMillisecondsRange
            guard let interval = try request.integerQuery("interval_ms", in: range) else { return .result(first) }
            return .stream(headers: [("Content-Type", "application/x-ndjson")], follows: true) { writer in
                try await writer.line(first)
                while true {
                    await workflows.pause(until: workflows.now + .milliseconds(interval))
                    try Task.checkCancellation()
                    try await writer.line(try await workflows.metrics(of: name, instance: id))
                }
            }
        }
    }

    private func instance(_ id: String?, of name: String) async throws -> String? {
        guard let id else { return nil }
        return try await workflows.get(id, of: name).id
    }
}
