import ArgumentParser
import FlareClient
import FlareModel

struct WorkflowsPause: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "pause",
        abstract: "Let an instance stand still until it is resumed.",
        discussion: """
            Steps that run may end first, and no other begins. What the instance sleeps or waits for comes as much \
            later as the pause lasts.
            """
    )

    @OptionGroup var global: GlobalOptions

    @OptionGroup var instance: InstanceArguments

    func execute(_ shell: Shell) async throws {
        let (name, id) = (instance.name, instance.id)
        let change = try await StatusChange.ask(InstanceStatusChangeBody(status: "pause"), of: name, id, shell)
        shell.emit(change) {
            change.status == InstanceStatus.waitingForPause.rawValue
                ? "\(name) \(id) pauses when the steps that run have ended" : "\(name) \(id) is \(change.status)"
        }
    }
}

/// Asks for a change of an instance's status.
enum StatusChange {
    static func ask(
        _ change: InstanceStatusChangeBody,
        of name: String,
        _ id: String,
        _ shell: Shell
    ) async throws -> InstanceStatusChangeBody {
        try await shell.client().call(
            "PATCH",
            WorkflowPath.instance(name, id) + "/status",
            body: change,
            as: InstanceStatusChangeBody.self
        )
    }
}
