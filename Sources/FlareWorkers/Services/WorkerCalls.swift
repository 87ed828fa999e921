import FlareModel
import Synchronization

/// The calls that outlive whoever asked, so that a Worker's `waitUntil` goes on after its answer.
///
/// Owns their tasks until `stop`.
final class WorkerCalls: Sendable {
    private struct State {
        var tasks: [Int: Task<Void, Never>] = [:]
        var counts: [String: Int] = [:]
        var next = 0
        var isStopped = false
    }

    private let state = Mutex(State())

    /// Begins a call of a Worker; throws `tooManyRequests` while too many of it are open.
    func begin(_ worker: String, _ body: @escaping @Sendable () async -> Void) throws {
        let refusal = state.withLock { state -> FlareError? in
            guard !state.isStopped else { return FlareError(.engineUnavailable, "the engine is stopping") }
            guard state.counts[worker, default: 0] < Limits.workerCallsMax else {
                return FlareError(
                    .tooManyRequests,
                    "the Worker \"\(worker)\" has \(Limits.workerCallsMax) open requests, the most that it may have",
                    hint: "try again when some of them have ended"
                )
            }
            let id = state.next
            state.next += 1
            state.counts[worker, default: 0] += 1
            state.tasks[id] = Task { [self] in
                await body()
                end(id, of: worker)
            }
            return nil
        }
        if let refusal { throw refusal }
    }

    /// Cancels all calls and waits for their ends.
    func stop() async {
        let tasks = state.withLock { state in
            state.isStopped = true
            return Array(state.tasks.values)
        }
        for task in tasks { task.cancel() }
        for task in tasks { await task.value }
    }

    private func end(_ id: Int, of worker: String) {
        state.withLock { state in
            state.tasks[id] = nil
            let left = state.counts[worker, default: 1] - 1
            state.counts[worker] = left > 0 ? left : nil
        }
    }
}
