import FlareModel
import FlareWorkflows

/// The events of an instance as they happen, and single steps, in the shapes of Cloudflare's API.
struct InstanceEventsRoutes {
    let workflows: WorkflowService

    private static let one = WorkflowsRoutes.base + "/:workflow/instances/:instance"

    func register(on routes: APIRoutes) {
        routes.get(Self.one + "/subscribe") { try await subscribe($0) }
        routes.get(Self.one + "/step") { request in
            guard let name = request.query("name"), !name.isEmpty else {
                throw FlareError(.invalidArgument, "the query parameter \"name\" says which step")
            }
            let step = try await workflows.step(
                name,
                type: request.query("type"),
                attempt: try request.integerQuery("attempt", in: 1...Int.max),
                of: request.parameter("instance"),
                request.parameter("workflow")
            )
            return .result(step)
        }
    }

    /// What happened after `cursor`, then what happens until the instance has ended; `follow=false` ends it before.
    ///
    /// Server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html) for those who accept them,
    /// else NDJSON. `type`, repeated or with commas, leaves out all others.
    private func subscribe(_ request: APIRequest) async throws -> APIReply {
        let name = try request.parameter("workflow")
        // Fails before the head of the answer is sent, and keeps `latest` what it is now.
        let id = try await workflows.get(request.parameter("instance"), of: name).id
        let types = request.queries("type").flatMap { $0.split(separator: ",").map(String.init) }
        try workflows.checkEventTypes(types)
        let isServerSent = request.header("Accept")?.lowercased().contains("text/event-stream") ?? false
        let last = isServerSent ? request.header("Last-Event-ID") : nil
        let cursor = try Self.cursor(last ?? request.query("cursor"))
        // A browser asks again whenever an answer ends, until this one.
        if last != nil, try await workflows.hasNothing(after: cursor, of: id, name) {
            return .raw(status: 204, headers: [], bytes: [])
        }
        let follows = request.query("follow") != "false"
        let type = isServerSent ? "text/event-stream" : "application/x-ndjson"
        let headers = [("Content-Type", type), ("Cache-Control", "no-cache")]
        return .stream(headers: headers, follows: follows) { writer in
            try await workflows.events(of: id, name, after: cursor, types: Set(types), follows: follows) {
                cursor,
                type,
                event in
                guard isServerSent else { return try await writer.line(event) }
                let head = "id: \(cursor)\nevent: \(type)\ndata: "
                try await writer.write(Array(head.utf8) + FlareJSON.encode(event) + Array("\n\n".utf8))
            }
        }
    }

    private static func cursor(_ text: String?) throws -> Int64 {
        guard let text, !text.isEmpty else { return 0 }
        guard let cursor = Int64(text), cursor >= 0 else {
            throw FlareError(.invalidArgument, "\"\(text)\" is not a cursor", hint: "use the eventId of an event")
        }
        return cursor
    }
}
