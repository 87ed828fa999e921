import FlareModel

/// A few threads that do blocking file calls for tasks.
final class BlockingThreads: Sendable {
    private struct State: Sendable {
        var jobs: [@Sendable () -> Void] = []
        var isStopped = false
    }

    private let state = Monitor(State())

    init(count: Int) {
        for _ in 0..<count {
            // The threads hold the state alone, so that they end when this object goes.
            SystemThread { [state] in Self.work(state) }.detach()
        }
    }

    deinit {
        state.withLock { $0.isStopped = true }
        state.notifyAll()
    }

    /// Runs a body on one of the threads; a disk's error comes as an error for users.
    func run<Value: Sendable>(_ body: @escaping @Sendable () throws(DiskError) -> Value) async throws -> Value {
        let result = await withCheckedContinuation {
            (continuation: CheckedContinuation<Result<Value, FlareError>, Never>) in
            state.withLock { state in
                state.jobs.append {
                    let result = Result { () throws(DiskError) in try body() }
                    continuation.resume(returning: result.mapError(\.flareError))
                }
            }
            state.notify()
        }
        return try result.get()
    }

    private static func work(_ state: Monitor<State>) {
        while true {
            let job = state.wait { state -> (@Sendable () -> Void)?? in
                if !state.jobs.isEmpty { return .some(state.jobs.removeFirst()) }
                return state.isStopped ? .some(nil) : nil
            }
            guard let job else { return }
            job()
        }
    }
}
