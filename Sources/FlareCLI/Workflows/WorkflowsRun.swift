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

    @Flag(name: .long, help: "When the id is taken, show that instance, or wait for it, instead of failing.")
    var ifNotExists = false

    @Flag(name: .long, help: "Wait until the instance has ended.")
    var wait = false

    @Option(name: .long, help: "Wait at most this long, as 30s or 5m. Default: without end.")
    var timeout: String?

    func validate() throws {
        if timeout != nil && !wait { throw ValidationError("--timeout needs --wait") }
        if ifNotExists && id == nil { throw ValidationError("--if-not-exists needs --id") }
    }

    func execute(_ shell: Shell) async throws {
        let timeout = try timeout.map(parseDuration)
        let body = InstanceCreateBody(instanceID: id, params: try params.map { try JSONText.read($0, "--params") })
        let client = try await shell.client()
        let (instance, isNew) = try await begin(body, client)
        let what = isNew ? "began \(name) \(instance.id)" : "\(name) \(instance.id) is \(instance.status.rawValue)"
        guard wait else {
            return shell.emit(instance) { "\(what)\nsee: flare workflows status \(name) \(instance.id)" }
        }
        shell.note(what)
        try await InstanceEnd.wait(for: instance.id, of: name, timeout: timeout, shell)
    }

    /// Begins the instance, or finds the one that has its id.
    private func begin(_ body: InstanceCreateBody, _ client: EngineClient) async throws -> (InstanceBody, isNew: Bool) {
        do {
            let path = WorkflowPath.instances(name)
            return (try await client.call("POST", path, body: body, as: InstanceBody.self), true)
        } catch let error as FlareError where error.code == .alreadyExists && ifNotExists {
            guard let id else { throw error }
            return (try await client.call("GET", WorkflowPath.own(name, id), as: InstanceBody.self), false)
        }
    }
}
