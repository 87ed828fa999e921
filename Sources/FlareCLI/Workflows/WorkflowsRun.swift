import ArgumentParser
import FlareClient
import FlareModel

struct WorkflowsRun: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Begin an instance of a workflow, or run a script as one.",
        usage: """
            flare workflows run [<options>] <name>
            flare workflows run [<options>] <file> [<argument> ...]
            """,
        discussion: """
            With --wait the exit status is that of the run: 0 complete, 1 errored or terminated, 124 not ended in time.

            A FILE with a slash in it, or an executable in the working directory, is run in the foreground, and its \
            commands flare step are its steps. All words after a FILE with a slash are its own. The exit status is the \
            script's. Run again with the same --id it goes on: steps that are done are not done again. Once it is \
            complete, nothing is run, and the exit status is 0. Its output is the script's, with --json as well; what \
            became of it: flare workflows status NAME latest
            """
    )

    @OptionGroup var global: GlobalOptions

    @Argument(
        help: ArgumentHelp("The workflow, or the file of a script.", valueName: "name"),
        completion: Complete.workflows
    )
    var target: String

    @Argument(parsing: .postTerminator, help: "Arguments of the script.")
    var arguments: [String] = []

    @Option(name: .long, help: "Of a script: the name of its workflow. Default: the file's name without its ending.")
    var name: String?

    @Option(
        name: .long,
        help: ArgumentHelp(
            "What the workflow gets as event.payload: JSON, @FILE, or \"-\" for stdin.",
            valueName: "json|@file|-"
        ),
        completion: .file()
    )
    var params: String?

    @Option(name: .long, help: "The id of the instance. Default: a new UUID. A script with a known one goes on.")
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

    func run() async throws {
        try await ScriptFile.isMeant(by: target) ? runJob() : runInterruptibly()
    }

    func execute(_ shell: Shell) async throws {
        guard ScriptFile.isMeant(by: target) else { return try await begin(shell) }
        if !target.contains("/"), try await isWorkflow(target, shell) { return try await begin(shell) }
        guard timeout == nil else {
            throw FlareError(
                .invalidArgument,
                "--timeout is for workflows that run in the engine",
                hint: "bound the steps of a script: flare step NAME --timeout 5m -- COMMAND"
            )
        }
        let file = try ScriptFile(target)
        let workflow = try name ?? file.workflowName()
        try NameRule.workflow.validate(workflow)
        let script = ScriptRun(
            shell: shell,
            file: file,
            workflow: workflow,
            id: id,
            params: try params.map { try JSONText.read($0, "--params").stringValue ?? "" },
            argumentCount: arguments.count
        )
        try await script.run()
    }

    /// Whether a workflow of a Worker has the name of an executable file here.
    private func isWorkflow(_ name: String, _ shell: Shell) async throws -> Bool {
        guard NameRule.workflow.holds(name) else { return false }
        do {
            let path = WorkflowPath.workflow(name)
            return try await shell.client().call("GET", path, as: WorkflowBody.self).kind != "shell"
        } catch let error as FlareError where error.code == .workflowNotFound {
            return false
        }
    }

    /// Begins an instance that the engine runs.
    private func begin(_ shell: Shell) async throws {
        guard arguments.isEmpty, name == nil else {
            throw FlareError(
                .invalidArgument,
                "\(target) is a workflow; arguments and --name are for scripts",
                hint: "give a workflow its input with --params, and a script with its path: ./\(target)"
            )
        }
        let timeout = try timeout.map(parseDuration)
        let body = InstanceCreateBody(instanceID: id, params: try params.map { try JSONText.read($0, "--params") })
        let client = try await shell.client()
        let (instance, isNew) = try await create(body, client)
        let what = isNew ? "began \(target) \(instance.id)" : "\(target) \(instance.id) is \(instance.status.rawValue)"
        guard wait else {
            return shell.emit(instance) { "\(what)\nsee: flare workflows status \(target) \(instance.id)" }
        }
        shell.note(what)
        try await InstanceEnd.wait(for: instance.id, of: target, timeout: timeout, shell)
    }

    /// Creates the instance, or finds the one that has its id.
    private func create(_ body: InstanceCreateBody, _ client: EngineClient) async throws -> (InstanceBody, isNew: Bool)
    {
        do {
            let path = WorkflowPath.instances(target)
            return (try await client.call("POST", path, body: body, as: InstanceBody.self), true)
        } catch var error as FlareError where error.code == .workflowNotFound && JobSpawn.isFile(target) {
            error.hint = "the file here cannot be run: chmod +x \(target)"
            throw error
        } catch let error as FlareError where error.code == .alreadyExists && ifNotExists {
            guard let id else { throw error }
            return (try await client.call("GET", WorkflowPath.own(target, id), as: InstanceBody.self), false)
        }
    }
}
