import ArgumentParser
import FlareClient
import FlareModel

/// What a command waits for an instance to reach.
enum WaitGoal: ExpressibleByArgument, Sendable, Equatable {
    case status(InstanceStatus)
    /// The end of a step: `NAME` or `NAME-2`, the second of its name.
    case step(String)

    init?(argument: String) {
        if argument.hasPrefix("step=") {
            self = .step(String(argument.dropFirst(5)))
            if argument == "step=" { return nil }
        } else if let status = InstanceStatus(rawValue: argument) {
            self = .status(status)
        } else {
            return nil
        }
    }

    /// A step's name without its number.
    static func bareName(_ label: String) -> String {
        guard let dash = label.lastIndex(of: "-"), Int(label[label.index(after: dash)...]) != nil else { return label }
        return String(label[..<dash])
    }

    /// The label of a step that is written as replay writes it: `NAME-2` for `NAME#2`, and anything else as it is.
    static func label(_ step: String) -> String {
        guard let sign = step.lastIndex(of: "#"), Int(step[step.index(after: sign)...]) != nil else { return step }
        return "\(step[..<sign])-\(step[step.index(after: sign)...])"
    }

    var query: (String, String) {
        switch self {
        case .status(let status): ("status", status.rawValue)
        case .step(let name): ("step", name)
        }
    }

    /// Whether the instance is there, and whether that is good; nil when it is not.
    func isReached(by instance: InstanceDetailBody) -> Bool? {
        switch self {
        case .status(let status): return instance.status == status ? true : nil
        case .step(let name):
            // A number that JavaScript gave is behind the last dash.
            let ended = instance.steps.first { step in
                let label = step.name ?? ""
                let isNamed =
                    label == name || label == WaitGoal.label(name)
                    || label.hasPrefix(name + "-") && Int(label.dropFirst(name.count + 1)) != nil
                return isNamed && step.type != "rollback" && (step.success != nil || step.finished == true)
            }
            return ended.map { $0.error == nil && $0.success != false }
        }
    }
}

/// Waiting for the end of an instance, with the exit status that it means.
enum InstanceEnd {
    /// Prints the instance once it has ended, or reached the goal; throws exit status 1 when it did not complete, or
    /// ended without reaching the goal, and `deadlineExceeded` when nothing of that has come in time.
    ///
    /// The wait outlives a restart of the engine.
    static func wait(
        for id: String,
        of name: String,
        timeout: Duration?,
        goal: WaitGoal? = nil,
        _ shell: Shell
    ) async throws {
        let deadline = timeout.map { ContinuousClock.now + $0 }
        var id = id
        let instance = try await Following(shell: shell).run(deadline: deadline) { client in
            while true {
                // A newer instance must not take the place of the one that "latest" means now.
                let limit = id == "latest" ? ContinuousClock.now : deadline
                let instance = try await ask(for: id, of: name, limit, goal, client)
                id = instance.id
                if instance.status.isFinal || goal?.isReached(by: instance) != nil { return instance }
                if let deadline, deadline <= .now { throw overdue(instance, of: name) }
            }
        }
        shell.emit(instance) { WorkflowText.outcome(instance) }
        guard let goal else {
            guard instance.status == .complete else { throw ExitCode(1) }
            return
        }
        switch goal.isReached(by: instance) {
        case true?: return
        case false?: throw ExitCode(1)
        case nil: throw missed(goal, instance, of: name)
        }
    }

    private static func ask(
        for id: String,
        of name: String,
        _ deadline: ContinuousClock.Instant?,
        _ goal: WaitGoal?,
        _ client: EngineClient
    ) async throws -> InstanceDetailBody {
        var seconds = Limits.workflowWaitSecondsMax
        if let deadline {
            let left = deadline - .now
            seconds = max(0, min(seconds, Int((left.milliseconds + 999) / 1000)))
        }
        return try await client.call(
            "GET",
            WorkflowPath.own(name, id) + "/wait",
            query: [("timeout", "\(seconds)")] + (goal.map { [$0.query] } ?? []),
            as: InstanceDetailBody.self
        )
    }

    /// The instance has ended without what was waited for, which may well be misspelt.
    private static func missed(_ goal: WaitGoal, _ instance: InstanceDetailBody, of name: String) -> FlareError {
        let what: String
        var near: String?
        switch goal {
        case .status(let status): what = "is \(instance.status.rawValue) and will not be \(status.rawValue)"
        case .step(let step):
            what = "has ended no step \"\(step)\""
            near = nearestName(to: step, in: instance.steps.compactMap { $0.name.map(WaitGoal.bareName) })
        }
        return FlareError(
            .runFailed,
            "instance \"\(instance.id)\" \(what)\(near.map { ". Did you mean \"\($0)\"?" } ?? "")",
            hint: "see: flare workflows status \(name) \(instance.id)"
        )
    }

    private static func overdue(_ instance: InstanceDetailBody, of name: String) -> FlareError {
        FlareError(
            .deadlineExceeded,
            "instance \"\(instance.id)\" of workflow \"\(name)\" is still \(instance.status.rawValue)",
            hint: "it goes on; see: flare workflows status \(name) \(instance.id)"
        )
    }
}
