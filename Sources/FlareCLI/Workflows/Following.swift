import FlareClient
import FlareModel

/// Goes on after a restart of the engine with what was being followed.
///
/// Instances survive every end of the engine, so whoever watches one should too.
struct Following: Sendable {
    let shell: Shell

    /// How long an engine that was stopped may stay away, as a restart takes.
    private static let absence = Duration.seconds(30)
    private static let look = Duration.milliseconds(100)

    /// Runs `body` with a client, again each time the engine goes away meanwhile.
    ///
    /// `body` returns nil when its answer ended before what it is about: the engine is being stopped.
    func run<Value: Sendable>(
        deadline: ContinuousClock.Instant? = nil,
        _ body: (EngineClient) async throws -> Value?
    ) async throws -> Value {
        var client = try await shell.client()
        while true {
            var isBroken = false
            do {
                if let value = try await body(client) { return value }
            } catch let error as FlareError where error.code == .engineUnavailable {
                // An engine that stops says so; a connection that breaks is one that was killed.
                isBroken = error.cause != nil
            }
            try Task.checkCancellation()
            client = try await isBroken ? shell.client() : returned(deadline)
        }
    }

    /// The engine that takes the place of one that was stopped.
    ///
    /// It is not started here: somebody wanted it to stop.
    private func returned(_ deadline: ContinuousClock.Instant?) async throws -> EngineClient {
        let limit = ContinuousClock.now + Self.absence
        shell.note("the engine has stopped; waiting for it to return")
        while true {
            if let info = shell.launcher.running() { return EngineClient(socketPath: info.socketPath) }
            let now = ContinuousClock.now
            if let deadline, deadline <= now {
                throw FlareError(.deadlineExceeded, "the engine was stopped, and the time is over")
            }
            guard now < limit else {
                throw FlareError(
                    .engineUnavailable,
                    "the engine was stopped; what runs in it goes on when it is started again",
                    hint: "flare engine start"
                )
            }
            try await Task.sleep(for: Self.look)
        }
    }
}

/// The log of an instance, followed until its end.
struct FollowedLog: Sendable {
    let shell: Shell
    let name: String
    var query: [(String, String)] = []

    /// Hands over the lines after `cursor` until the instance has ended, and returns how it has.
    func run(
        of id: String,
        after cursor: Int64 = 0,
        _ receive: ([UInt8], InstanceLogBody) async throws -> Void
    ) async throws -> InstanceDetailBody {
        var cursor = cursor
        // A newer instance must not take the place of the one that "latest" meant.
        var id = id
        return try await Following(shell: shell).run { client in
            if id == "latest" { id = try await detail(id, client).id }
            let response = try await client.send(
                "GET",
                WorkflowPath.own(name, id) + "/logs",
                query: query + [("follow", "true"), ("cursor", "\(cursor)")]
            )
            for try await bytes in try await response.check().lines() {
                let line = try FlareJSON.decode(InstanceLogBody.self, from: bytes)
                try await receive(bytes, line)
                cursor = line.cursor
            }
            let detail = try await detail(id, client)
            return detail.status.isFinal ? detail : nil
        }
    }

    private func detail(_ id: String, _ client: EngineClient) async throws -> InstanceDetailBody {
        try await client.call("GET", WorkflowPath.instance(name, id), as: InstanceDetailBody.self)
    }
}

/// An instance on a terminal, drawn again whenever something happens to it, until it has ended.
struct InstanceScreen: Sendable {
    let shell: Shell
    let name: String
    let describe: @Sendable (InstanceDetailBody) -> String

    /// Between two looks at an instance whose code runs, and at one that waits, whose times pass on the screen.
    private static let pauses = (running: Duration.milliseconds(100), waiting: Duration.seconds(1))

    /// Returns the instance as it has ended.
    func run(of id: String) async throws -> InstanceDetailBody {
        // A newer instance must not take the place of the one that "latest" meant.
        var id = id
        return try await Following(shell: shell).run { client in
            while true {
                let start = ContinuousClock.now
                let path = WorkflowPath.instance(name, id)
                let detail = try await client.call("GET", path, as: InstanceDetailBody.self)
                id = detail.id
                draw(detail)
                if detail.status.isFinal { return detail }
                let pause = detail.status == .running ? Self.pauses.running : Self.pauses.waiting
                // An instance with many steps must not keep the engine busy with telling of it.
                try await Task.sleep(for: max(pause, (ContinuousClock.now - start) * 4))
            }
        }
    }

    private func draw(_ detail: InstanceDetailBody) {
        // To the upper left corner, and everything below it away.
        shell.line("\u{1B}[H\u{1B}[2J" + describe(detail))
    }
}
