import FlareModel
import FlareWorkflows

/// What scripts need of the engine: the run of a script with the connection that holds it, and its steps.
///
/// The processes that they name are those of this machine, so they are for the Unix socket alone.
struct ShellRunRoutes {
    let workflows: WorkflowService

    static let base = "/flare/v1/shell-runs/:workflow"
    private static let one = base + "/:instance"

    func register(on routes: APIRoutes) {
        registerRuns(on: routes)
        registerSteps(on: routes)
    }

    private func registerRuns(on routes: APIRoutes) {
        routes.post(Self.base) { request in
            try Self.requireLocal(request)
            let body = try await request.json(ShellAttachBody.self)
            return .result(try await workflows.attachShell(body, to: request.parameter("workflow")))
        }
        // NDJSON: that it holds, and that it does no more. The connection's end gives the attachment up.
        routes.get(Self.one + "/hold") { request in
            try Self.requireLocal(request)
            let (name, id) = (try request.parameter("workflow"), try request.parameter("instance"))
            let attachment = Int64(try request.integerQuery("attachment", in: 1...Int.max) ?? 0)
            // Fails before the head of the answer is sent.
            _ = try await workflows.get(id, of: name)
            return .stream(headers: [("Content-Type", "application/x-ndjson")], follows: true) { writer in
                try await workflows.holdShell(attachment, of: id, name) { try await writer.line($0) }
            }
        }
        routes.post(Self.one + "/end") { request in
            try Self.requireLocal(request)
            let body = try await request.json(ShellEndBody.self)
            try await workflows.endShell(body, of: request.parameter("instance"), request.parameter("workflow"))
            return .empty()
        }
    }

    private func registerSteps(on routes: APIRoutes) {
        routes.post(Self.one + "/steps") { request in
            try Self.requireLocal(request)
            let (name, id) = (try request.parameter("workflow"), try request.parameter("instance"))
            let body = try await request.json(ShellStepBody.self)
            guard body.attachment == nil else {
                return .result(try await workflows.beginShellStep(body, of: id, name))
            }
            return .result(try await workflows.beginLoneStep(body, of: id, name))
        }
        // Answers when there is something new for a call that waits, or with `wait` again when the time is over.
        routes.get(Self.one + "/steps/:call/wait") { request in
            try Self.requireLocal(request)
            let (name, id) = (try request.parameter("workflow"), try request.parameter("instance"))
            let call = try request.parameter("call")
            let deadline = workflows.now + .seconds(Limits.workflowWaitSecondsMax)
            return try await .result(
                request.whileConnected {
                    try await workflows.awaitShellStep(call, of: id, name, until: deadline)
                }
            )
        }
        routes.post(Self.one + "/steps/end") { request in
            try Self.requireLocal(request)
            let (name, id) = (try request.parameter("workflow"), try request.parameter("instance"))
            let body = try await request.json(ShellAttemptEndBody.self)
            return .result(try await workflows.endShellStep(body, of: id, name))
        }
    }

    private static func requireLocal(_ request: APIRequest) throws {
        guard !request.isLocal else { return }
        throw FlareError(
            .permissionDenied,
            "scripts are run by processes of the engine's machine, over its Unix socket",
            hint: "run flare there"
        )
    }
}
