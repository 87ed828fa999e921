import ArgumentParser
import FlareClient
import FlareModel

struct WorkflowsResume: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume",
        abstract: "Let a paused instance go on."
    )

    @OptionGroup var global: GlobalOptions

    @OptionGroup var instance: InstanceArguments

    func execute(_ shell: Shell) async throws {
        let (name, id) = (instance.name, instance.id)
        let change = try await StatusChange.ask(InstanceStatusChangeBody(status: "resume"), of: name, id, shell)
        shell.emit(change) { "\(name) \(id) is \(change.status)" }
    }
}
