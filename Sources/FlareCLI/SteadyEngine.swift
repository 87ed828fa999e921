import FlareClient
import FlareModel
import Synchronization

/// The engine through its restarts: a call that may be made twice is made again when the engine went away under it and
/// runs again.
final class SteadyEngine: Sendable {
    private let shell: Shell
    private let current: Mutex<EngineClient>
    /// How long an engine that has gone is waited for; nil waits until the task is cancelled.
    private let patience: Duration?

    init(_ shell: Shell, _ client: EngineClient, patience: Duration?) {
        self.shell = shell
        current = Mutex(client)
        self.patience = patience
    }

    var client: EngineClient { current.withLock { $0 } }

    /// An answer, and whether the call was made more than once: an earlier one may have been carried out too.
    struct Answer<Value: Sendable>: Sendable {
        let value: Value
        let isRepeated: Bool
    }

    /// Makes a call that does no harm when it is carried out twice.
    func call<Value: Sendable>(
        _ make: @Sendable (EngineClient) async throws -> Value
    ) async throws -> Answer<Value> {
        var isRepeated = false
        while true {
            do {
                return Answer(value: try await make(client), isRepeated: isRepeated)
            } catch let error as FlareError where error.code == .engineUnavailable {
                try Task.checkCancellation()
                try await reconnect(after: error)
                isRepeated = true
            }
        }
    }

    /// Waits until an engine runs again; throws `error` when none does.
    func reconnect(after error: FlareError) async throws {
        let deadline = patience.map { ContinuousClock.now + $0 }
        // One that is only slow to answer is there already.
        if let info = shell.launcher.running(), info.socketPath == client.socketPath {
            try await Pace.pause(for: .milliseconds(50))
        } else {
            shell.tell("the engine has stopped; waiting until it runs again")
        }
        guard let next = await EngineFollow.next(shell, until: deadline) else {
            try Task.checkCancellation()
            throw error
        }
        current.withLock { $0 = next }
    }
}
