import FlareClient
import FlareModel

/// Which version a replay runs: without `--version`, the one of the run before, which lacks what was mended since.
enum ReplayedVersion {
    /// Says so when that is not the current version.
    ///
    /// A failure to find out is no failure of the replay.
    static func tell(_ id: String, of name: String, wanted: String?, _ client: EngineClient, _ shell: Shell) async {
        guard wanted == nil else { return }
        let workflow = try? await client.call("GET", WorkflowPath.workflow(name), as: WorkflowBody.self)
        let instance = try? await client.call("GET", WorkflowPath.instance(name, id), as: InstanceDetailBody.self)
        guard let workflow, let instance, instance.versionID != workflow.versionID else { return }
        shell.warn("it runs the code of version \(instance.versionID), not the current one; for that: --version latest")
    }
}
