import FlareClient
import FlareModel

/// Tells the engine what came of leased messages, whatever happens to the command meanwhile.
struct Settler: Sendable {
    let queue: String
    let engine: SteadyEngine
    let shell: Shell

    /// Settles leases; returns those that did nothing.
    ///
    /// In a task of its own, which the end of the caller's does not cancel. When the engine goes away under the call,
    /// it is made again: a lease that the first one settled is then reported as stale and was not.
    func settle(_ settlement: QueueAckRequest) async throws -> Set<String> {
        guard !settlement.leases.isEmpty else { return [] }
        let path = try QueuePath.own(queue, "settle")
        let engine = engine
        let task = Task {
            try await engine.call { try await $0.call("POST", path, body: settlement, as: QueueAckBody.self) }
        }
        do {
            let answer = try await task.value
            return answer.isRepeated ? [] : Set(answer.value.warnings.keys)
        } catch var error as FlareError {
            // With its queue the message is gone too.
            if error.code == .queueNotFound { throw error }
            let count = settlement.leases.count
            let what =
                count == 1 ? "1 message was not settled and comes" : "\(count) messages were not settled and come"
            error.message += "; \(what) back when the leases end"
            throw error
        }
    }
}

extension QueueAckRequest {
    /// All that it settles.
    var leases: [Lease] { (acks ?? []) + (retries ?? []) + (releases ?? []) }
}
