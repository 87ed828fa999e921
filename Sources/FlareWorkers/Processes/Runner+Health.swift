import FlareModel
import FlareStore
import Glibc
import Synchronization

extension Runner {
    /// Who took the process down, and what to tell them.
    struct Blame: Sendable {
        var invocation: String
        var error: FlareError
    }

    /// Looks at the process: kills it when it is stuck or too large, and pings it otherwise.
    func look(expiredGrace: Duration) {
        guard let sample = process.withLock({ $0 }).flatMap({ ProcessSample(pid: $0.pid) }) else { return }
        switch state.withLock({ $0.look(sample, expiredGrace: expiredGrace) }) {
        // Whoever debugs stops the code for as long as they like.
        case _ where isInspected, .fine: send(RunnerFrame("ping"))
        case .tooLarge: killTooLarge()
        case .blocked: killBlocked("ran without a pause")
        case .silent(let length): killBlocked("did not respond for \(formatSeconds(length))")
        }
    }

    private func killBlocked(_ how: String) {
        let limit = formatSeconds(limits.processorTime)
        let error = JavaScriptError(
            name: WorkerFault.processorLimitName,
            message: "the Worker \"\(worker)\" exceeded the CPU limit of \(limit): its code \(how)"
        )
        let hint = "let long work pause with await, or raise limits.cpu_ms of its configuration (at most 300000)"
        close(error, .deadlineExceeded, hint: hint, mark: mark)
    }

    private func killTooLarge() {
        close(memoryError, .engineUnavailable, hint: memoryHint, mark: mark)
    }

    private var memoryError: JavaScriptError {
        JavaScriptError(
            name: WorkerFault.memoryLimitName,
            message: "the Worker \"\(worker)\" exceeded its memory limit of "
                + formatSizeBytes(Int(clamping: limits.memoryBytes))
        )
    }

    private var memoryHint: String { "raise limits.memory_mb of its configuration, or keep less at once" }

    /// Whose code ran last, by the process's own note.
    var mark: ProgressMark? { process.withLock { $0 }?.mark }

    /// The process has ended by itself, or was ended from outside.
    func endedAlone(_ status: Int32, _ process: RunnerProcess?) {
        let (stray, isOutOfMemory) = state.withLock { ($0.strayLines, $0.isOutOfMemory) }
        let text = stray.joined(separator: "\n")
        let how = status >= 256 ? "was killed by signal \(status - 256)" : "ended with status \(status)"
        let message = "the process of the Worker \"\(worker)\" \(how)"
        let hint = stray.isEmpty ? nil : text
        // Nobody sends these from outside: V8 aborts or traps, or the code itself did.
        let isOwn = status >= 0 && (status < 256 || [SIGABRT, SIGTRAP, SIGILL, SIGSEGV].contains(status - 256))
        guard isOwn else {
            // Whoever ran last may have used up the memory of the machine, or sent the signal. Nobody else has done
            // anything, however often it happens.
            let blame = process?.mark.map { mark in
                Blame(invocation: mark.invocation, error: FlareError(.engineUnavailable, message, hint: hint))
            }
            return close(FlareError(.engineUnavailable, message, hint: hint, cause: BystanderLost()), blaming: blame)
        }
        if isOutOfMemory {
            return close(memoryError, .engineUnavailable, hint: memoryHint, mark: process?.mark)
        }
        let error = JavaScriptError(name: WorkerFault.endedName, message: message, stack: hint)
        close(error, .engineUnavailable, hint: hint, mark: process?.mark)
    }

    /// Kills the process for what the code of a mark did; the other invocations in it are not to blame.
    ///
    /// When the mark names none that still runs, nobody is spared: somebody must be counted, or the same could happen
    /// for ever.
    func close(_ error: JavaScriptError, _ code: FlareError.Code, hint: String?, mark: ProgressMark?) {
        let fault = WorkerFault(error: error, attempt: mark?.attempt)
        let reason = FlareError(code, error.message, hint: hint, cause: fault)
        let isKnown = mark.map { mark in state.withLock { $0.continuation(of: mark.invocation) != nil } } ?? false
        guard let mark, isKnown else { return close(FlareError(code, error.message, hint: hint)) }
        close(reason, blaming: Blame(invocation: mark.invocation, error: reason))
    }

    /// Kills the process; every invocation in it is lost for this reason.
    ///
    /// With somebody to blame, the others are told that they are bystanders. Later calls change nothing.
    func close(_ reason: FlareError, blaming blame: Blame? = nil) {
        let (lost, hasExpired) = state.withLock { ($0.close(reason, now: .now), $0.hasExpired) }
        let isByAnother = reason.cause is BystanderLost == false && (blame != nil || hasExpired)
        let others = isByAnother ? bystander(reason) : reason
        for (id, invocation) in lost {
            invocation.yield(.lost(blame.flatMap { $0.invocation == id ? $0.error : nil } ?? others))
        }
        readyAnswer.give(.failure(reason))
        inspectAnswer.withLock { $0 }?.give(.failure(reason))
        process.withLock { $0 }?.kill()
    }

    private func bystander(_ reason: FlareError) -> FlareError {
        FlareError(
            .engineUnavailable,
            "the Worker's process was killed because of another invocation in it: \(reason.message)",
            cause: BystanderLost()
        )
    }

    /// An invocation took too long.
    ///
    /// JavaScript is only stopped by killing its process. One that still answers is drained instead, so that its other
    /// invocations can finish; one that does not is killed when it is looked at next.
    func expire(_ id: String, after deadline: Duration) {
        let (invocation, isIdle) = state.withLock { state in
            let continuation = state.continuation(of: id)
            if continuation != nil { state.expire() }
            state.end(id, now: .now)
            return (continuation, !state.isBusy)
        }
        guard let invocation else { return }
        let text = "the Worker \"\(worker)\" did not finish within \(formatSeconds(deadline))"
        invocation.yield(.lost(FlareError(.deadlineExceeded, text)))
        if isIdle { return finish() }
        send(RunnerFrame("abort", ["id": .string(id)]))
        changed.notify()
    }
}

/// Such as `30 s` or `0.3 s`.
func formatSeconds(_ duration: Duration) -> String {
    let milliseconds = duration.milliseconds
    return milliseconds % 1_000 == 0 ? "\(milliseconds / 1_000) s" : "\(Double(milliseconds / 100) / 10) s"
}
