import FlareModel
import FlareStore
import FlareWorkers

/// The errors that running code gets from the engine about its own calls.
extension StepLedger {
    /// Why a step that is first asked for cannot be: its name, or the number of steps.
    func refusal(of key: StepKey) throws -> JavaScriptError? {
        guard key.isSound else {
            return permanent(
                "a step name has 1 to \(key.bytesMax) bytes, none of them control characters; this one has "
                    + "\(key.name.utf8.count)"
            )
        }
        guard let stepsMax, key.kind == .do || key.kind == .wait,
            try StepRecord.count(of: run, in: transaction) >= stepsMax
        else { return nil }
        return permanent(
            "step \"\(key.label)\" cannot begin: the run has \(stepsMax) steps, which is the most it can have; "
                + "set limits.steps of the workflow to at most \(Limits.workflowStepsConfiguredMax), or begin other "
                + "instances for a part of the work"
        )
    }

    func incomplete(_ key: StepKey) -> JavaScriptError {
        JavaScriptError(name: "WorkflowError", message: "the stream of step \"\(key.label)\" did not arrive whole")
    }

    func streamTooLarge(_ key: StepKey) -> JavaScriptError {
        permanent(
            "the stream of step \"\(key.label)\" is too large: at most \(Limits.workflowStreamBytesMax) bytes, "
                + "in parts of at most \(Limits.workflowChunkBytesMax); keep it in a bucket"
        )
    }

    func rollsBack() -> JavaScriptError {
        permanent("the instance rolls back what it has done, and no step can begin any more")
    }

    func notRollingBack() -> JavaScriptError {
        permanent("the instance does not roll back")
    }

    func tooLarge(_ bytes: Int) -> JavaScriptError {
        let limit = Limits.workflowValueBytesMax
        return permanent("output is too large: \(bytes) bytes of at most \(limit); keep large results in a bucket")
    }

    func tooLong(_ key: StepKey) -> JavaScriptError {
        permanent("\(key.kind.rawValue) step \"\(key.name)\" would last more than 365 days, which is the longest")
    }

    func timedOut(_ milliseconds: Int64) -> JavaScriptError {
        JavaScriptError(name: Self.timeoutName, message: "Execution timed out after \(milliseconds)ms")
    }

    func unknown(_ key: StepKey) -> JavaScriptError {
        permanent("step \"\(key.label)\" was never begun")
    }

    func late(_ step: StepRecord, _ attempt: Int) -> JavaScriptError {
        permanent("attempt \(attempt) of step \"\(step.key.label)\" has ended before")
    }

    private func permanent(_ message: String) -> JavaScriptError {
        JavaScriptError(name: "WorkflowError", message: message, isNonRetryable: true)
    }
}

extension StepRecord {
    /// A step that is first asked for.
    ///
    /// Its sequence comes with the insert.
    init(_ key: StepKey, status: Status, startedAt: Timestamp) {
        self.init(
            sequence: 0,
            key: key,
            parent: nil,
            status: status,
            config: nil,
            eventType: nil,
            attempts: 0,
            failures: 0,
            dueAt: nil,
            startedAt: startedAt,
            endedAt: nil,
            error: nil
        )
    }
}

extension StepConfig {
    /// What the user gave, completed by the defaults.
    init(_ given: StepConfiguration) {
        let standard = StepConfig.standard
        self.init(
            retries: Retries(
                limit: given.retryLimit ?? standard.retries.limit,
                delay: given.retryDelay?.milliseconds ?? standard.retries.delay,
                backoff: given.backoff.flatMap { Backoff(rawValue: $0.rawValue) } ?? standard.retries.backoff
            ),
            timeout: given.timeout?.milliseconds ?? standard.timeout
        )
    }
}
