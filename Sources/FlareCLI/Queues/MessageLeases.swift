import FlareClient
import FlareModel

/// Takes messages out of a queue for a command, as many as it may have.
struct MessageLeases: Sendable {
    let queue: String
    let engine: SteadyEngine
    let shell: Shell
    let stop: StopRequest
    let visibility: Duration
    /// Waits for more when there is none.
    let follows: Bool

    /// The next messages, at most `limit`; none when there is none left, or at the wish to stop.
    ///
    /// A lease is taken in a task of its own: a signal never comes between the lease and its answer.
    func next(_ limit: Int) async throws -> [QueueMessageBody] {
        var isPausedTold = false
        while !stop.isStopping {
            do {
                let messages = try await lease(min(limit, Limits.messageBatchMax))
                if !messages.isEmpty || !follows { return messages }
            } catch let error as FlareError where error.code == .deliveryPaused && follows {
                if !isPausedTold { shell.tell("delivery of queue \"\(queue)\" is paused; waiting until it is resumed") }
                isPausedTold = true
            }
            try await wait()
        }
        return []
    }

    private func lease(_ limit: Int) async throws -> [QueueMessageBody] {
        let path = try QueuePath.own(queue, "pull")
        let query = [("batch_size", "\(limit)"), ("visibility_timeout_ms", "\(visibility.milliseconds)")]
        let engine = engine
        let task = Task {
            try await engine.call { try await $0.call("POST", path, query: query, as: [QueueMessageBody].self) }
        }
        return try await task.value.value
    }

    private func wait() async throws {
        let path = try QueuePath.own(queue, "wait")
        let query = [("wait_ms", "\(Limits.pullWaitMillisecondsMax)")]
        let engine = engine
        _ = try await stop.untilStopped {
            try await engine.call { try await $0.call("GET", path, query: query, as: QueueWaitBody.self) }
        }
    }
}
