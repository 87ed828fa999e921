import ArgumentParser
import FlareModel

/// The commands below `flare workflows`.
struct WorkflowsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "workflows",
        abstract: "Run durable workflows and see what became of them.",
        subcommands: [
            WorkflowsList.self, WorkflowsRun.self, WorkflowsInstances.self, WorkflowsStatus.self, WorkflowsSteps.self,
            WorkflowsLogs.self, WorkflowsWait.self, WorkflowsMetrics.self, WorkflowsPause.self, WorkflowsResume.self,
            WorkflowsTerminate.self, WorkflowsSendEvent.self, WorkflowsReplay.self, WorkflowsExport.self,
            WorkflowsVerify.self, WorkflowTriggersCommand.self, WorkflowsBackfill.self, WorkflowsDelete.self,
        ]
    )
}

/// Addresses of workflows and their instances.
enum WorkflowPath {
    static let all = "/client/v4/accounts/local/workflows"

    static func workflow(_ name: String) -> String { "\(all)/\(PercentCoding.encode(name))" }

    static func instances(_ name: String) -> String { "\(workflow(name))/instances" }

    static func instance(_ name: String, _ id: String) -> String { "\(instances(name))/\(PercentCoding.encode(id))" }

    /// flare's own address of an instance, for what v4 lacks.
    static func own(_ name: String, _ id: String) -> String {
        "\(own(name))/instances/\(PercentCoding.encode(id))"
    }

    /// flare's own address of a workflow.
    static func own(_ name: String) -> String { "/flare/v1/workflows/\(PercentCoding.encode(name))" }
}

/// The workflow and the instance that several commands are about.
struct InstanceArguments: ParsableArguments, Sendable {
    @Argument(help: "The workflow.", completion: Complete.workflows)
    var name: String

    @Argument(help: "The instance's id; \"latest\" is the newest one.", completion: Complete.instances)
    var id: String = "latest"
}
