import FlareModel

/// One attempt of a step.
package struct StepAttempt: Sendable, Hashable {
    package var step: StepCall.StepName
    package var attempt: Int

    package init(step: StepCall.StepName, attempt: Int) {
        self.step = step
        self.attempt = attempt
    }
}

/// The cause of an error that an invocation ends with because its own code took its process down: it ran on without a
/// pause, used too much memory, threw where nobody could catch it, or ended the process.
package struct WorkerFault: Error {
    /// As the author of the code is to see it.
    package var error: JavaScriptError
    /// The attempt whose code ran; nil when it was code outside of steps.
    package var attempt: StepAttempt?

    package init(error: JavaScriptError, attempt: StepAttempt? = nil) {
        self.error = error
        self.attempt = attempt
    }

    /// Names of `error`.
    package static let processorLimitName = "CPULimitExceeded"
    package static let memoryLimitName = "MemoryLimitExceeded"
    package static let endedName = "ProcessEnded"
}
