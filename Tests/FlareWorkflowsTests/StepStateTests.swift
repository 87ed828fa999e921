import FlareModel
import Testing

@testable import FlareWorkflows

@Suite("Rules of a step's attempts")
struct StepStateTests {
    private let start = Timestamp(milliseconds: 1_000_000)

    private func step(
        limit: Int = 5,
        delay: Int64 = 1_000,
        _ backoff: StepConfig.Backoff = .exponential
    ) -> StepState {
        StepState(config: StepConfig(retries: .init(limit: limit, delay: delay, backoff: backoff), timeout: 600_000))
    }

    private let failure = StepState.Outcome.failure(isNonRetryable: false, delayMilliseconds: nil)

    /// The delays between the attempts of a step that always fails, in milliseconds.
    private func delays(_ step: StepState) -> [Int64] {
        var step = step
        var now = start
        var result: [Int64] = []
        while case .run(let attempt) = step.begin(at: now),
            case .retry(let due) = step.end(attempt: attempt, failure, at: now)
        {
            result.append((due - now).milliseconds)
            now = due
        }
        return result
    }

    @Test("a limit of N means N + 1 attempts")
    func limit() {
        #expect(delays(step(limit: 0)).isEmpty)
        #expect(delays(step(limit: 3)).count == 3)
    }

    @Test("the back-off is constant, grows by its first delay, or doubles")
    func backoff() {
        #expect(delays(step(limit: 4, delay: 100, .constant)) == [100, 100, 100, 100])
        #expect(delays(step(limit: 4, delay: 100, .linear)) == [100, 200, 300, 400])
        #expect(delays(step(limit: 4, delay: 100, .exponential)) == [100, 200, 400, 800])
    }

    @Test("no back-off is longer than a year, however often the step has failed")
    func longestBackoff() {
        let delays = delays(step(limit: 200, delay: 1_000, .exponential))
        #expect(delays.count == 200)
        #expect(delays.last == Limits.workflowSleepMillisecondsMax)
    }

    @Test("the defaults are five retries from one second on, doubling, ten minutes for each attempt")
    func defaults() {
        #expect(delays(StepState(config: .standard)) == [1_000, 2_000, 4_000, 8_000, 16_000])
        #expect(StepConfig.standard.timeout == 600_000)
    }

    @Test("a failure that must not be retried ends the step at once")
    func nonRetryable() {
        var step = step()
        #expect(step.begin(at: start) == .run(attempt: 1))
        let outcome = StepState.Outcome.failure(isNonRetryable: true, delayMilliseconds: nil)
        #expect(step.end(attempt: 1, outcome, at: start) == .failed)
        #expect(step.begin(at: start) == .finished)
    }

    @Test("the end of an attempt that was timed out before is late and changes nothing")
    func late() {
        var step = step()
        _ = step.begin(at: start)
        let retry = step.end(attempt: 1, .timeout(delayMilliseconds: nil), at: start)
        #expect(retry == .retry(at: start + .seconds(1)))
        #expect(step.end(attempt: 1, .success, at: start) == .late)
        #expect(step.begin(at: start + .seconds(1)) == .run(attempt: 2))
        #expect(step.end(attempt: 1, .success, at: start) == .late)
        #expect(step.end(attempt: 2, .success, at: start) == .complete)
        #expect(step.end(attempt: 2, failure, at: start) == .late)
    }

    @Test("an interrupted attempt is numbered but is not one of the allowed failures")
    func interrupted() {
        var step = step(limit: 0)
        for attempt in 1...20 {
            #expect(step.begin(at: start) == .run(attempt: attempt))
            #expect(step.end(attempt: attempt, .interrupted, at: start) == .retry(at: start))
        }
        #expect(step.begin(at: start) == .run(attempt: 21))
        #expect(step.end(attempt: 21, .success, at: start) == .complete)
    }

    @Test("the user's own delay takes the place of the back-off")
    func ownDelay() {
        var step = step()
        _ = step.begin(at: start)
        let outcome = StepState.Outcome.failure(isNonRetryable: false, delayMilliseconds: 77)
        #expect(step.end(attempt: 1, outcome, at: start) == .retry(at: start + .milliseconds(77)))
        #expect(step.begin(at: start) == .wait(until: start + .milliseconds(77)))
    }
}
