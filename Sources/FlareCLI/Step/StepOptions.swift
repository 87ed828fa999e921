import ArgumentParser
import FlareModel
import FoundationEssentials

/// Which instance a step belongs to.
struct StepOptions: ParsableArguments, Sendable {
    @Option(name: .long, help: "Outside of a script: the id of the instance that the step belongs to.")
    var id: String?

    @Option(name: .long, help: "Outside of a script: the workflow of that instance. Default: shell.")
    var workflow: String?

    /// The instance of the options, or that of the script around this command.
    func instance() throws -> StepInstance {
        let environment = ProcessInfo.processInfo.environment
        if let step = environment[RunEnvironment.step], !step.isEmpty {
            throw FlareError(
                .invalidArgument,
                "this would be a step inside the step \"\(step)\", whose command runs as a whole or not at all",
                hint: "make it a step of the script, or give it a run of its own: flare workflows run FILE"
            )
        }
        if let id { return StepInstance(workflow: workflow ?? "shell", id: id, attachment: nil) }
        if workflow != nil { throw FlareError(.invalidArgument, "--workflow needs --id") }
        guard let name = environment[RunEnvironment.workflow], let id = environment[RunEnvironment.instance],
            let attachment = environment[RunEnvironment.attachment].flatMap({ Int64($0) })
        else {
            throw FlareError(
                .invalidArgument,
                "there is no run for this step to belong to",
                hint:
                    "run its script by flare workflows run FILE, or name an instance: flare step --id ID …"
            )
        }
        return StepInstance(workflow: name, id: id, attachment: attachment)
    }
}

/// The instance whose step is asked for.
struct StepInstance: Sendable {
    var workflow: String
    var id: String
    /// Nil outside of a script.
    var attachment: Int64?

    var path: String {
        "/flare/v1/shell-runs/\(PercentCoding.encode(workflow))/\(PercentCoding.encode(id))"
    }
}
