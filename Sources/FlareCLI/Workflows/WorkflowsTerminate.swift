import ArgumentParser
import FlareClient
import FlareModel

struct WorkflowsTerminate: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "terminate",
        abstract: "End an instance now. What its steps have done is not undone."
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The workflow.", completion: Complete.workflows)
    var name: String

    @Argument(help: "The instance's id.", completion: Complete.instances)
    var id: String

    @Flag(name: .long, help: "Do not ask.")
    var yes = false

    func execute(_ shell: Shell) async throws {
        try shell.confirm("terminate instance \"\(id)\" of workflow \"\(name)\"", yes: yes)
        let change = try await shell.client().call(
            "PATCH",
            WorkflowPath.instance(name, id) + "/status",
            body: InstanceStatusChangeBody(status: "terminate"),
            as: InstanceStatusChangeBody.self
        )
        shell.emit(change) { "terminated \(name) \(id)" }
    }
}
