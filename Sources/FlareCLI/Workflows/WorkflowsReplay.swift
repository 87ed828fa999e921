import ArgumentParser
import FlareClient
import FlareModel

struct WorkflowsReplay: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay",
        abstract: "Run an instance again, or many, from the step that failed or from any other.",
        discussion: """
            A replay is a new run of the instance. Finished steps before the chosen one keep their results and are not \
            run again; earlier runs stay, see: flare workflows status NAME ID --run N. Without --from-step or \
            --from-failure an errored instance goes on from its failure and any other begins anew.

            From a step, what began after it runs again. From the failure, failed steps and what began after the last \
            failure had ended run again; parallel steps that succeeded are kept.

            \(WhereText.discussion)

            Exit status with --wait: 0 all complete, 1 one of them errored or terminated.
            """
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The workflow.", completion: Complete.workflows)
    var name: String

    @Argument(help: "The instance's id; \"latest\" is the newest one.", completion: Complete.instances)
    var id: String?

    @Option(name: .customLong("where"), help: WhereText.help)
    var filter: String?

    @Option(
        name: .long,
        help: ArgumentHelp("Begin from this step; NAME#2 is the second of its name.", valueName: "name[#n]")
    )
    var fromStep: String?

    @Flag(name: .long, help: "Begin from the failure.")
    var fromFailure = false

    @Option(
        name: .long,
        help: ArgumentHelp(
            "Other parameters for this run: JSON, @FILE, or \"-\" for stdin.",
            valueName: "json|@file|-"
        ),
        completion: .file()
    )
    var input: String?

    @Option(
        name: .long,
        help: ArgumentHelp(
            "Take this output for a step instead of the recorded one, or instead of running it. Can be repeated.",
            valueName: "name[#n]=json"
        )
    )
    var patchOutput: [String] = []

    @Option(
        name: .long,
        help: "Run the code of this version, or of \"latest\". Default: that of the run before, while it is kept."
    )
    var version: String?

    @Flag(name: .long, help: "Make a new instance with the kept steps instead of a new run.")
    var asNew = false

    @Flag(name: .long, help: "Change nothing; show which steps would be kept and which run again.")
    var dryRun = false

    @Option(name: .long, help: "With --where, begin at most so many a second: 10/s, or 600/m.")
    var rate: String?

    @Flag(name: .long, help: "Terminate an instance that has not ended, instead of refusing it.")
    var force = false

    @Flag(name: .long, help: "Wait until all have ended.")
    var wait = false

    func validate() throws {
        if filter != nil && id != nil { throw ValidationError("give an id or --where, not both") }
        if fromStep != nil && fromFailure { throw ValidationError("give --from-step or --from-failure, not both") }
        if rate != nil && filter == nil { throw ValidationError("--rate needs --where") }
        if wait && dryRun { throw ValidationError("--dry-run begins nothing to wait for") }
    }

    func execute(_ shell: Shell) async throws {
        var body = ReplayBody()
        body.fromStep = fromStep
        body.fromFailure = fromFailure ? true : nil
        body.input = try input.map { try JSONText.read($0, "--input").stringValue ?? "" }
        body.patches = patchOutput.isEmpty ? nil : try patchOutput.map(Self.patch)
        body.version = version
        body.asNew = asNew ? true : nil
        body.dryRun = dryRun ? true : nil
        body.force = force ? true : nil
        guard let filter else {
            body.id = id ?? "latest"
            return try await replayOne(body, shell)
        }
        _ = try InstanceConditions(parsing: filter)
        body.filter = filter
        body.rate = try rate.map(Self.perSecond)
        try await BulkReplay(name: name, body: body, waits: wait).run(shell)
    }

    private func replayOne(_ body: ReplayBody, _ shell: Shell) async throws {
        let client = try await shell.client()
        let path = WorkflowPath.own(name) + "/replay"
        let replayed = try await client.call("POST", path, body: body, as: ReplayedBody.self)
        await ReplayedVersion.tell(replayed.id, of: name, wanted: version, dryRun: dryRun, client, shell)
        guard !dryRun else {
            return shell.emit(replayed) {
                let rows = (replayed.steps ?? []).map {
                    [$0.name, $0.type, $0.status ?? "", "\($0.attempts)", $0.plan.rawValue]
                }
                return Table.text(["STEP", "TYPE", "STATE", "ATTEMPTS", "PLAN"], rows)
            }
        }
        let from = replayed.fromStep.map { "from \"\($0)\"" } ?? "from the beginning"
        let text = "began \(name) \(replayed.id), run \(replayed.run ?? 1), \(from), \(replayed.kept) steps kept"
        guard wait else {
            return shell.emit(replayed) { "\(text)\nsee: flare workflows status \(name) \(replayed.id)" }
        }
        shell.note(text)
        try await InstanceEnd.wait(for: replayed.id, of: name, timeout: nil, shell)
    }

    /// Splits at the first `=` that JSON follows: names of steps may hold one too.
    static func patch(_ text: String) throws -> ReplayBody.Patch {
        var rest = text[...]
        while let place = rest.firstIndex(of: "=") {
            let step = String(text[..<place])
            let value = String(text[text.index(after: place)...])
            if !step.isEmpty, (try? JSONValue(json: Array(value.utf8))) != nil {
                return ReplayBody.Patch(step: step, output: value)
            }
            rest = text[text.index(after: place)...]
        }
        throw FlareError(
            .invalidArgument,
            "--patch-output takes NAME=JSON, not \"\(text)\"",
            hint: "quote it for the shell: --patch-output 'read objects={\"count\": 3}'"
        )
    }

    /// `10`, `10/s` or `600/m` as instances a second.
    static func perSecond(_ text: String) throws -> Double {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        let units: [String: Double] = ["s": 1, "m": 60, "h": 3_600]
        if let count = parts.first.flatMap({ Double($0) }), count > 0, count.isFinite, parts.count <= 2,
            let seconds = parts.count == 1 ? 1 : units[String(parts[1])]
        {
            return count / seconds
        }
        throw FlareError(.invalidArgument, "\"\(text)\" is not a rate", hint: "write 10/s or 600/m")
    }
}
