import FlareClient
import FlareModel

/// Which code a replay runs: without `--version`, that of the run before, which lacks what was mended since.
enum ReplayedVersion {
    /// Says so when that is not the current version, and when it is a script, which somebody has to run
    /// then.
    ///
    /// A failure to find out is no failure of the replay.
    static func tell(
        _ id: String,
        of name: String,
        wanted: String?,
        dryRun: Bool,
        _ client: EngineClient,
        _ shell: Shell
    ) async {
        let workflow = try? await client.call("GET", WorkflowPath.workflow(name), as: WorkflowBody.self)
        if !dryRun, let workflow, workflow.kind == "shell", workflow.scriptName.hasPrefix("/") {
            let command = CommandText.text(["flare", "workflows", "run", "--id", id, workflow.scriptName])
            shell.warn("its steps run when somebody runs the script: \(command)")
        }
        guard wanted == nil else { return }
        let instance = try? await client.call("GET", WorkflowPath.instance(name, id), as: InstanceDetailBody.self)
        guard let workflow, let instance, instance.versionID != workflow.versionID else { return }
        shell.warn("it runs the code of version \(instance.versionID), not the current one; for that: --version latest")
    }
}
