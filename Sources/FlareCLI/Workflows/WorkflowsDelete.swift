import ArgumentParser
import FlareClient
import FlareModel

struct WorkflowsDelete: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete",
        abstract: "Delete a workflow with the history of all its instances."
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The workflow.", completion: Complete.workflows)
    var name: String

    @Flag(name: .long, help: "Do not ask.")
    var yes = false

    func execute(_ shell: Shell) async throws {
        try shell.confirm("delete workflow \"\(name)\" and the history of its instances", yes: yes)
        let path = WorkflowPath.workflow(name)
        let deleted = try await shell.client().call("DELETE", path, as: WorkflowDeletedBody.self)
        shell.emit(deleted) { "deleted workflow \"\(name)\"" }
    }
}
