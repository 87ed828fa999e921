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

            With --all every unfinished instance of the workflow is ended, or every one of a --status.
            """
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The workflow.", completion: Complete.workflows)
    var name: String

    @Argument(help: "The instance's id.", completion: Complete.instances)
    var id: String?

    @Flag(name: .long, help: "End all unfinished instances of the workflow.")
    var all = false

    @Option(
        name: .long,
        help: "With --all: only those of this status.",
        completion: .list(InstanceStatus.allCases.filter { !$0.isFinal }.map(\.rawValue))
    )
    var status: String?

    @Flag(name: .long, help: "Undo first what its steps have done, by their rollback handlers.")
    var rollback = false

    @Flag(name: .long, help: "Do not ask.")
    var yes = false

    func validate() throws {
        guard (id != nil) != all else { throw ValidationError("name an instance, or give --all") }
        guard all || status == nil else { throw ValidationError("--status needs --all") }
        guard !all || !rollback else { throw ValidationError("--rollback is for one instance, not for --all") }
    }

    func execute(_ shell: Shell) async throws {
        guard let id else { return try await terminateAll(shell) }
        try shell.confirm("terminate instance \"\(id)\" of workflow \"\(name)\"", yes: yes)
        let asked = InstanceStatusChangeBody(status: "terminate", rollback: rollback ? true : nil)
        let change = try await StatusChange.ask(asked, of: name, id, shell)
        shell.emit(change) {
            change.status == InstanceStatus.rollingBack.rawValue
                ? "rolling back \(name) \(id)\nsee: flare workflows wait \(name) \(id)" : "terminated \(name) \(id)"
        }
    }

    private func terminateAll(_ shell: Shell) async throws {
        let which = status.map { "all instances that are \($0)" } ?? "all unfinished instances"
        try shell.confirm("terminate \(which) of workflow \"\(name)\"", yes: yes)
        let result = try await shell.client().call(
            "PUT",
            WorkflowPath.instances(name) + "/terminate",
            query: status.map { [("status", $0)] } ?? [],
            as: InstancesTerminatedBody.self
        )
        shell.emit(result) {
            guard let count = result.terminated else { return "another request terminates them already" }
            return "terminated \(count) \(count == 1 ? "instance" : "instances") of \(name)"
        }
    }
}
