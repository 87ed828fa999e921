import ArgumentParser
import FlareClient
import FlareModel

struct WorkflowsTerminate: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "terminate",
        abstract: "End an instance now, or undo first what its steps have done.",
        discussion: """
            With --rollback the rollback handlers of its steps run first, that of the last step first; until they are \
            through the instance is rollingBack. Without it, what the steps have done is not undone.
            """
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The workflow.", completion: Complete.workflows)
    var name: String

    @Argument(help: "The instance's id.", completion: Complete.instances)
    var id: String

    @Flag(name: .long, help: "Undo first what its steps have done, by their rollback handlers.")
    var rollback = false

    @Flag(name: .long, help: "Do not ask.")
    var yes = false

    func execute(_ shell: Shell) async throws {
        try shell.confirm("terminate instance \"\(id)\" of workflow \"\(name)\"", yes: yes)
        let asked = InstanceStatusChangeBody(status: "terminate", rollback: rollback ? true : nil)
        let change = try await StatusChange.ask(asked, of: name, id, shell)
        shell.emit(change) {
            change.status == InstanceStatus.rollingBack.rawValue
                ? "rolling back \(name) \(id)\nsee: flare workflows wait \(name) \(id)" : "terminated \(name) \(id)"
        }
    }
}
