import FlareModel
import NIOCore
import Synchronization

/// A call of a Worker that is answered before it ends: its answer comes first, then the rest of the body, and what the
/// code left to `waitUntil` goes on after both.
package final class WorkerCall: Sendable {
    /// What the Worker answered.
    struct Answered: Sendable {
        /// The fields of the `head` frame.
        var value: JSONValue
        var body: ByteBuffer
        /// Whether `body` is all of it; otherwise the rest comes as `response`.
        var isWhole: Bool
    }

    /// What is sent to the Worker; nil for a call without a body.
    package let request: BodyPipe?
    /// What the Worker sends behind its answer.
    package let response = BodyPipe()
    private let answer = Answer<Answered>()
    private let isAnswered = Atomic(false)

    init(request: BodyPipe?) {
        self.request = request
    }

    /// Whether the Worker has answered by itself.
    var hasAnswer: Bool { isAnswered.load(ordering: .acquiring) }

    /// Waits for the answer of a `fetch` handler.
    ///
    /// Throws as `WorkerService.fetch`.
    package func fetched() async throws -> WorkerResponse { try await WorkerResponse(answered(), of: self) }

    /// Waits for the answer; cancels the call when the waiting task is cancelled.
    func answered() async throws -> Answered {
        let result = await withTaskCancellationHandler {
            await answer.value
        } onCancel: {
            cancel()
        }
        return try result.get()
    }

    /// Whoever asked has gone: the Worker's code is told so, and its answer is dropped.
    package func cancel() {
        answer.give(.failure(FlareError(.interrupted, "the caller went away")))
        request?.fail(FlareError(.interrupted, "the caller went away"))
        response.cancel()
    }

    /// Took too long to answer.
    func expire(_ error: FlareError) {
        guard !hasAnswer else { return }
        answer.give(.failure(error))
        request?.fail(error)
        response.cancel()
    }

    /// A `head` frame came.
    ///
    /// Only the first one counts.
    func receiveHead(_ frame: RunnerFrame) {
        guard !isAnswered.exchange(true, ordering: .acquiringAndReleasing) else { return }
        if frame.header["error"] != nil {
            answer.give(.failure(WorkerResponse.failure(frame.header)))
            response.finish()
            return
        }
        let isWhole = frame.header["end"]?.boolValue ?? false
        if isWhole { response.finish() }
        answer.give(.success(Answered(value: frame.header, body: frame.body, isWhole: isWhole)))
    }

    /// The invocation is over; what has not been answered until now never will be.
    func end(_ error: FlareError?) {
        let missing = FlareError(.runFailed, "the Worker ended without an answer")
        answer.give(.failure(error ?? missing))
        response.fail(error ?? missing)
        request?.cancel()
    }
}
