import FlareClient
import FlareModel

/// Deploys a project, and again after each change of its files, until the task is cancelled.
struct DevelopmentLoop: Sendable {
    let shell: Shell
    let body: DeployBody
    /// Told the Worker's name after each deploy that worked.
    let deployed: @Sendable (String) -> Void

    func run() async throws {
        let watcher = try SourceWatcher()
        var project = WatchedProject(directory: body.directory)
        try project.arm(watcher)
        if let failure = await deploy(&project, reason: nil), !Self.canBeMended(failure) { throw failure }
        try project.arm(watcher)
        for await changed in watcher.changes {
            guard let reason = project.reason(among: changed) else { continue }
            await deploy(&project, reason: project.shown(reason))
            try project.arm(watcher)
        }
    }

    /// Returns why it failed, after showing it.
    @discardableResult
    private func deploy(_ project: inout WatchedProject, reason: String?) async -> FlareError? {
        do {
            let client = try await shell.client()
            let deployment = try await client.call("POST", WorkerPath.deployments, body: body, as: DeploymentBody.self)
            project.deployed(deployment.watch)
            show(deployment, reason: reason)
            deployed(deployment.worker.name)
            return nil
        } catch {
            if Task.isCancelled { return nil }
            project.failed()
            let failure = error as? FlareError ?? FlareError(.internalError, "the deploy failed: \(error)")
            if shell.json, reason != nil || Self.canBeMended(failure) {
                line(["error": ErrorLine(failure)])
            } else if reason != nil || Self.canBeMended(failure) {
                shell.report(failure)
                shell.tell(reason == nil ? "waiting for a change" : "the version before goes on; waiting for a change")
            }
            return failure
        }
    }

    /// Whether an edit may help at the first deploy, so that it is worth waiting for one.
    private static func canBeMended(_ failure: FlareError) -> Bool {
        [.buildFailed, .invalidData, .invalidName, .secretNotFound].contains(failure.code)
    }

    private func show(_ deployment: DeploymentBody, reason: String?) {
        for warning in deployment.warnings where reason == nil { shell.warn(warning) }
        if shell.json { return line(["deployment": deployment]) }
        if let reason {
            return shell.tell("\(reason) changed: deployed version \(deployment.worker.version)")
        }
        shell.tell(DeploymentText.of(deployment, controlPort: shell.launcher.recordedInfo()?.controlPort))
        shell.tell("watching   \(body.directory); Ctrl-C ends")
    }

    private func line(_ value: some Encodable) {
        shell.writeBytes(FlareJSON.encode(value) + [UInt8(ascii: "\n")])
    }

    /// An error within a line of JSON.
    private struct ErrorLine: Encodable {
        let code: String
        let message: String
        let hint: String?

        init(_ error: FlareError) {
            (code, message, hint) = (error.code.spelling, error.message, error.hint)
        }
    }
}
