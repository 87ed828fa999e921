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
        // Answers with the instance once it has ended, or as it is when the time is over; its status tells which.
        routes.get(Self.one + "/wait") { request in
            let range = 0...Limits.workflowWaitSecondsMax
            let seconds = try request.integerQuery("timeout", in: range) ?? Limits.workflowWaitSecondsMax
            let (name, id) = (try request.parameter("workflow"), try request.parameter("instance"))
            let deadline = workflows.now + .seconds(seconds)
            return try await .result(
                request.whileConnected { try await workflows.wait(for: id, of: name, until: deadline) }
            )
        }
        // NDJSON from the line after `cursor` on; with `follow=true` until the instance has ended.
        routes.get(Self.one + "/logs") { request in
            let (name, id) = (try request.parameter("workflow"), try request.parameter("instance"))
            let cursor = try request.integerQuery("cursor", in: 0...Int.max) ?? 0
            let follows = request.query("follow") == "true"
            // Fails before the head of the answer is sent, and keeps `latest` what it is now.
            let found = try await workflows.get(id, of: name).id
            let headers = [("Content-Type", "application/x-ndjson")]
            return .stream(headers: headers, follows: follows) { writer in
                try await workflows.logs(of: found, name, after: Int64(cursor), follows: follows) { lines in
                    for line in lines { try await writer.line(line) }
                }
            }
        }
    }
}
