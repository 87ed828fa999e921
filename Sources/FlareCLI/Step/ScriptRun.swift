import ArgumentParser
import FlareClient
import FlareModel

/// The run of a script as an instance of a workflow, in the foreground of this command.
struct ScriptRun: Sendable {
    let shell: Shell
    let file: ScriptFile
    let workflow: String
    let id: String?
    /// Text that holds JSON.
    let params: String?
    /// How many of the last words of the command line are the script's.
    let argumentCount: Int

    private var engine: StepEngine { StepEngine(shell: shell) }

    /// Runs the script to its end and ends with its exit status.
    func run() async throws {
        let run = try await attach()
        if run.status == .complete {
            return shell.note("\(run.workflow) \(run.instance) is complete already; nothing was run")
        }
        let signals = JobSignals()
        shell.note(
            run.isNew
                ? "began \(run.workflow) \(run.instance)"
                : "goes on with \(run.workflow) \(run.instance): \(run.finishedSteps) steps are done"
        )
        setEnvironment(run)
        var settings = Job.Settings(path: file.absolutePath)
        settings.leading = [file.name]
        settings.trailingCount = argumentCount
        let job = try Job(settings)
        let holder = ScriptHold(run: run, shell: shell) { reason in
            shell.warn("\(reason); the script is stopped")
            job.stop()
        }
        let status = try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await holder.hold() }
            defer { group.cancelAll() }
            do {
                return try await signals.run(job) { end in
                    let status = try await self.end(end, run, holder)
                    signals.follow(end)
                    return status
                }
            } catch let error as FlareError where error.code == .fileNotFound || error.code == .permissionDenied {
                _ = try await finish(ShellEndBody(attachment: run.attachment, exitStatus: 126), run)
                throw error
            }
        }
        if status != 0 { throw ExitCode(status) }
    }

    private func attach() async throws -> ShellAttachmentBody {
        // Named before it is told, so that a call whose answer was lost does not make a second instance.
        let body = ShellAttachBody(
            script: file.absolutePath,
            scriptHash: file.checksum,
            instanceID: id ?? Identifier.uuid(),
            params: params,
            process: .current
        )
        let path = "/flare/v1/shell-runs/\(PercentCoding.encode(workflow))"
        return try await engine.call("POST", path, body: body, as: ShellAttachmentBody.self)
    }

    private func setEnvironment(_ run: ShellAttachmentBody) {
        RunEnvironment.set([
            "FLARE_STATE": shell.state.path,
            RunEnvironment.workflow: run.workflow, RunEnvironment.instance: run.instance,
            RunEnvironment.run: "\(run.run)", RunEnvironment.attachment: "\(run.attachment)",
            RunEnvironment.params: run.params.map { String(decoding: $0.jsonBytes, as: UTF8.self) },
            // Meant for this command, and options of those in the script too.
            "FLARE_ID": nil, "FLARE_NAME": nil,
            RunEnvironment.step: nil, RunEnvironment.attempt: nil, RunEnvironment.idempotencyKey: nil,
        ])
    }

    /// Writes down how the script ended; returns the exit status of this command.
    private func end(_ end: Job.End, _ run: ShellAttachmentBody, _ holder: ScriptHold) async throws -> Int32 {
        // Its instance belongs to somebody else, or has ended.
        if holder.release() { return end.status == 0 ? 1 : end.status }
        let isCutOff = end.isSignalled || end.isInterrupted && end.status != 0
        let body = ShellEndBody(
            attachment: run.attachment,
            exitStatus: isCutOff ? nil : end.status,
            message: isCutOff ? "the script was cut off with status \(end.status)" : nil
        )
        try await finish(body, run)
        guard end.status != 0 else { return 0 }
        let what = isCutOff ? "was cut off with status \(end.status)" : "ended with status \(end.status)"
        let words = CommandLine.arguments.suffix(argumentCount).map { [$0] }.map(CommandText.text)
        let command = (["flare workflows run"] + name(run) + ["--id \(run.instance)", file.name] + words)
        shell.report(
            FlareError(
                .runFailed,
                "\(file.name) \(what)",
                hint: "go on where it stopped: \(command.joined(separator: " "))"
            )
        )
        return end.status
    }

    private func name(_ run: ShellAttachmentBody) -> [String] {
        (try? file.workflowName()) == run.workflow ? [] : ["--name \(run.workflow)"]
    }

    private func finish(_ body: ShellEndBody, _ run: ShellAttachmentBody) async throws {
        let path = StepInstance(workflow: run.workflow, id: run.instance, attachment: run.attachment).path
        _ = try await engine.call(
            "POST",
            path + "/end",
            body: body,
            within: Limits.shellRecordMilliseconds,
            as: EmptyResult.self
        )
    }
}
