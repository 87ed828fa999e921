import FlareModel
import Synchronization

/// A value that is given once, by anyone, and that any number of tasks may wait for.
final class Answer<Value: Sendable>: Sendable {
    private enum State {
        case open([CheckedContinuation<Result<Value, FlareError>, Never>])
        case given(Result<Value, FlareError>)
    }

    private let state = Mutex(State.open([]))

    /// Gives the answer.
    ///
    /// Only the first one counts.
    func give(_ result: Result<Value, FlareError>) {
        let waiting = state.withLock { state -> [CheckedContinuation<Result<Value, FlareError>, Never>] in
            guard case .open(let waiting) = state else { return [] }
            state = .given(result)
            return waiting
        }
        for continuation in waiting { continuation.resume(returning: result) }
    }

    /// The answer, once it is given.
    ///
    /// Not ended by cancellation: whoever waits has made sure that it will be given.
    var value: Result<Value, FlareError> {
        get async {
            await withCheckedContinuation { continuation in
                let known = state.withLock { state -> Result<Value, FlareError>? in
                    switch state {
                    case .given(let result): return result
                    case .open(let waiting):
                        state = .open(waiting + [continuation])
                        return nil
                    }
                }
                if let known { continuation.resume(returning: known) }
            }
        }
    }
}
