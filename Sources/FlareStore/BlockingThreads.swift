import FlareModel
import Synchronization

/// A few threads that do blocking calls for tasks.
final class BlockingThreads: Sendable {
    private struct State: Sendable {
        var jobs: [@Sendable () -> Void] = []
        var isStopped = false
        /// Threads that have not ended.
        var running: Int
    }

    private let state: Monitor<State>

    init(count: Int) {
        state = Monitor(State(running: count))
        for _ in 0..<count {
            // The threads hold the state alone, so that they end when this object goes.
            SystemThread { [state] in Self.work(state) }.detach()
        }
    }

    deinit {
        state.withLock { $0.isStopped = true }
        state.notifyAll()
    }

    /// Refuses new bodies, and returns when those that were begun have been run and the threads have ended.
    ///
    /// Not to be called from one of the threads.
    func stop() {
        state.withLock { $0.isStopped = true }
        state.notifyAll()
        state.wait { $0.running == 0 ? () : nil }
    }

    /// Runs a body on one of the threads; a disk's error comes as an error for users.
    func run<Value: Sendable>(_ body: @escaping @Sendable () throws(DiskError) -> Value) async throws -> Value {
        let result = await withCheckedContinuation {
            (continuation: CheckedContinuation<Result<Value, FlareError>, Never>) in
            begin(body) { continuation.resume(returning: $0) }
        }
        return try result.get()
    }

    /// Begins a body on one of the threads and returns at once.
    func begin(_ body: @escaping @Sendable () throws(DiskError) -> Void) -> PendingCall {
        let call = PendingCall()
        begin(body) { call.end($0) }
        return call
    }

    private func begin<Value: Sendable>(
        _ body: @escaping @Sendable () throws(DiskError) -> Value,
        _ completion: @escaping @Sendable (Result<Value, FlareError>) -> Void
    ) {
        let refusal = begin(job: {
            let result = Result { () throws(DiskError) in try body() }
            completion(result.mapError(\.flareError))
        })
        if let refusal { completion(.failure(refusal)) }
    }

    /// Begins a job on one of the threads and returns at once.
    ///
    /// Returns why it is refused, and never runs it, when the threads were told to stop.
    func begin(job: @escaping @Sendable () -> Void) -> FlareError? {
        let isBegun = state.withLock { state in
            if !state.isStopped { state.jobs.append(job) }
            return !state.isStopped
        }
        guard isBegun else { return FlareError(.engineUnavailable, "the engine is stopping") }
        state.notify()
        return nil
    }

    private static func work(_ state: Monitor<State>) {
        while true {
            let job = state.wait { state -> (@Sendable () -> Void)?? in
                if !state.jobs.isEmpty { return .some(state.jobs.removeFirst()) }
                return state.isStopped ? .some(nil) : nil
            }
            guard let job else { break }
            job()
        }
        state.withLock { $0.running -= 1 }
        state.notifyAll()
    }
}

/// A body that was begun on a thread; one task may wait for its end.
final class PendingCall: Sendable {
    private enum State {
        case runs
        case runsAwaited(CheckedContinuation<Void, any Error>)
        case ended(Result<Void, FlareError>)
    }

    private let state = Mutex(State.runs)

    /// Returns when the body has ended; throws what it threw.
    func wait() async throws {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            let result = state.withLock { state -> Result<Void, FlareError>? in
                if case .ended(let result) = state { return result }
                state = .runsAwaited(continuation)
                return nil
            }
            if let result { continuation.resume(with: result.mapError { $0 as any Error }) }
        }
    }

    fileprivate func end(_ result: Result<Void, FlareError>) {
        let continuation = state.withLock { state -> CheckedContinuation<Void, any Error>? in
            defer { state = .ended(result) }
            if case .runsAwaited(let continuation) = state { return continuation }
            return nil
        }
        continuation?.resume(with: result.mapError { $0 as any Error })
    }
}
