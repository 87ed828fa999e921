import Glibc

/// The variables by which the commands of a script know the run that they belong to.
enum RunEnvironment {
    static let workflow = "FLARE_WORKFLOW"
    static let instance = "FLARE_INSTANCE"
    static let run = "FLARE_RUN"
    /// The number that fences off the commands of an earlier attachment.
    static let attachment = "FLARE_ATTACHMENT"
    /// JSON of the instance's parameters.
    static let params = "FLARE_PARAMS"
    /// The step whose command this is.
    static let step = "FLARE_STEP"
    static let attempt = "FLARE_ATTEMPT"
    static let idempotencyKey = "FLARE_IDEMPOTENCY_KEY"

    /// All of them: inside a run they tell of it, and are no options of the commands there.
    static let all: Set = [workflow, instance, run, attachment, params, step, attempt, idempotencyKey]

    /// Whether an environment is that of a script that `flare workflows run` runs, or of a step.
    static func isInside(_ environment: [String: String]) -> Bool {
        environment[attachment] != nil || environment[step] != nil
    }

    /// Sets variables of this process, which what it starts inherits; nil takes one away.
    static func set(_ variables: [String: String?]) {
        for (name, value) in variables {
            if let value { setenv(name, value, 1) } else { unsetenv(name) }
        }
    }
}
