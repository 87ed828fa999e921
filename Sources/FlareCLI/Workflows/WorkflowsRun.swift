import ArgumentParser
import FlareClient
import FlareModel

struct WorkflowsRun: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Begin an instance of a workflow.",
        discussion: """
            With --wait the exit status is that of the run: 0 complete, 1 errored or terminated, 124 not ended in time.
            """
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The workflow.", completion: Complete.workflows)
    var name: String

    @Option(
        name: .long,
        help: ArgumentHelp(
            "What the workflow gets as event.payload: JSON, @FILE, or \"-\" for stdin.",
            valueName: "json|@file|-"
        ),
        completion: .file()
    )
    var params: String?

    @Option(name: .long, help: "The id of the instance. Default: a new UUID.")
    var id: String?

    @Flag(name: .long, help: "Wait until the instance has ended.")
    var wait = false

    @Option(name: .long, help: "Wait at most this long, as 30s or 5m. Default: without end.")
    var timeout: String?

    func validate() throws {
        if timeout != nil && !wait { throw ValidationError("--timeout needs --wait") }
    }

    func execute(_ shell: Shell) async throws {
        let timeout = try timeout.map(parseDuration)
        let body = InstanceCreateBody(instanceID: id, params: try params.map { try JSONText.read($0, "--params") })
        let client = try await shell.client()
        let instance = try await client.call(
            "POST",
            WorkflowPath.instances(name),
            body: body,
            as: InstanceBody.self
        )
        guard wait else {
            return shell.emit(instance) {
                "began \(name) \(instance.id)\nsee: flare workflows status \(name) \(instance.id)"
            }
        }
        shell.note("began \(name) \(instance.id)")
        try await InstanceEnd.wait(for: instance.id, of: name, timeout: timeout, shell)
    }
}
