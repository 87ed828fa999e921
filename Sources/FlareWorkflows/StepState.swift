import FlareModel
import FlareWorkers

/// The rules of one step's attempts: which comes next, when, and when the step has failed for good.
///
/// Knows no clock and no rows. A driver feeds it events inside a transaction and writes down what it answers.
struct StepState: Sendable, Hashable {
    /// Where the step stands.
    enum Phase: Sendable, Hashable {
        /// No attempt runs. The next one may begin at the given time, or at once.
        case ready(at: Timestamp?)
        /// The attempt with the number `attempts` runs.
        case running
        case complete
        case failed
    }

    /// What to answer when the code asks for the step.
    enum Begin: Sendable, Hashable {
        case run(attempt: Int)
        case wait(until: Timestamp)
        /// The result is known.
        case finished
    }

    /// How an attempt ended.
    enum Outcome: Sendable, Hashable {
        case success
        /// `delayMilliseconds` is what the user's own delay function said, if there is one.
        case failure(isNonRetryable: Bool, delayMilliseconds: Int64?)
        case timeout(delayMilliseconds: Int64?)
        /// The engine or the process went away. Numbered, but not one of the allowed failures: the step did nothing
        /// wrong.
        case interrupted
    }

    /// What the end of an attempt leads to.
    enum End: Sendable, Hashable {
        /// The attempt is not the running one: it was timed out or interrupted before. Its result must be ignored.
        case late
        case complete
        case failed
        case retry(at: Timestamp)
    }

    let config: StepConfig
    /// Attempts begun over all lives of the instance.
    private(set) var attempts: Int
    /// Attempts that count against the limit.
    private(set) var failures: Int
    private(set) var phase: Phase

    init(config: StepConfig, attempts: Int = 0, failures: Int = 0, phase: Phase = .ready(at: nil)) {
        self.config = config
        self.attempts = attempts
        self.failures = failures
        self.phase = phase
    }

    /// The code asks to run the step.
    mutating func begin(at now: Timestamp) -> Begin {
        switch phase {
        case .complete, .failed:
            return .finished
        case .ready(let due?) where due > now:
            return .wait(until: due)
        case .ready:
            attempts += 1
            phase = .running
            return .run(attempt: attempts)
        case .running:
            preconditionFailure("a running attempt must be ended before the next one begins")
        }
    }

    /// An attempt has ended.
    mutating func end(attempt: Int, _ outcome: Outcome, at now: Timestamp) -> End {
        guard phase == .running, attempt == attempts else { return .late }
        switch outcome {
        case .success:
            phase = .complete
            return .complete
        case .interrupted:
            phase = .ready(at: now)
            return .retry(at: now)
        case .failure(isNonRetryable: true, _):
            failures += 1
            phase = .failed
            return .failed
        case .failure(isNonRetryable: false, let delay), .timeout(let delay):
            failures += 1
            if failures > config.retries.limit {
                phase = .failed
                return .failed
            }
            let due = now + .milliseconds(delay ?? config.retries.delay(afterFailures: failures))
            phase = .ready(at: due)
            return .retry(at: due)
        }
    }
}

extension StepState {
    /// What the end of an attempt means to the rules, and the error that it leaves.
    ///
    /// When the user's own delay function failed there can be no next attempt, and its error tells why.
    func outcome(of ending: StepLedger.Ending) -> (Outcome, JavaScriptError?) {
        guard case .error(let error, let delay) = ending else { return (.success, nil) }
        switch delay {
        case .unknown(let failure) where !error.isNonRetryable && failures < config.retries.limit:
            return (.failure(isNonRetryable: true, delayMilliseconds: nil), failure)
        case .computed(let length): return (outcome(of: error, length.milliseconds), error)
        case .configured, .unknown: return (outcome(of: error, nil), error)
        }
    }

    private func outcome(of error: JavaScriptError, _ delay: Int64?) -> Outcome {
        error.name == StepLedger.timeoutName
            ? .timeout(delayMilliseconds: delay)
            : .failure(isNonRetryable: error.isNonRetryable, delayMilliseconds: delay)
    }
}

extension StepConfig.Retries {
    /// Milliseconds between the failure with this number, from 1, and the next attempt.
    func delay(afterFailures failures: Int) -> Int64 {
        let factor =
            switch backoff {
            case .constant: 1.0
            case .linear: Double(failures)
            // Past 2^60 the bound below has long been reached.
            case .exponential: Double(UInt64(1) << UInt64(min(failures - 1, 60)))
            }
        return Int64(min(Double(delay) * factor, Double(Limits.workflowSleepMillisecondsMax)))
    }
}
