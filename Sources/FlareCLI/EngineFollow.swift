import FlareClient
import FlareModel

/// Reads a stream of the engine that has no end, and begins again when the engine was restarted.
struct EngineFollow: Sendable {
    let shell: Shell
    let path: String
    let query: [(String, String)]

    /// Hands on line by line until the task is cancelled.
    ///
    /// Throws what the engine answers instead of a stream.
    func run(_ receive: (_ line: [UInt8]) throws -> Void) async throws {
        var client = try await shell.client()
        while !Task.isCancelled {
            do {
                let response = try await client.send("GET", path, query: query).check()
                for try await line in response.lines() { try receive(line) }
            } catch let error as FlareError where error.code == .engineUnavailable {
                // It has gone; whether it comes back is waited for below.
            }
            guard !Task.isCancelled else { return }
            shell.tell("the engine has stopped; waiting until it runs again")
            guard let again = await nextEngine() else { return }
            client = again
            shell.tell("the engine runs again; what happened in between is not shown")
        }
    }

    private func nextEngine() async -> EngineClient? { await Self.next(shell) }

    /// The engine that runs next; nil when the task is cancelled, or none ran before the deadline.
    static func next(_ shell: Shell, until deadline: ContinuousClock.Instant? = nil) async -> EngineClient? {
        var delay = Duration.milliseconds(50)
        while !Task.isCancelled, deadline.map({ ContinuousClock.now < $0 }) ?? true {
            if let info = shell.launcher.running() { return EngineClient(socketPath: info.socketPath) }
            // Cancelled is seen above.
            try? await Task.sleep(for: delay)
            delay = min(delay * 2, .seconds(1))
        }
        return nil
    }
}
