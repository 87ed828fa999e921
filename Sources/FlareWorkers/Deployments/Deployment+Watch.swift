import FlareModel
import FoundationEssentials

extension Deployment {
    /// What `flare dev` should know of the secrets that it has not found.
    var localWarnings: [String] {
        guard let local = plan.localSecrets else { return [] }
        let missing = plan.configuration.requiredSecrets.filter { local[$0] == nil && plan.secrets[$0] == nil }
        return missing.map { "the required secret \($0) is not set: write it into .dev.vars" }
    }

    /// What `flare dev` watches: the project's sources and settings, without what packages bring.
    ///
    /// Where a build command makes the sources, what it reads is watched instead of what it writes.
    func watch(file: String, _ body: DeployBody) -> WatchBody {
        let settings = [file, "tsconfig.json", "package.json"] + LocalSecrets.files(environment: body.environment)
        let build = plan.configuration.build
        let inputs = build.command == nil ? bundle.inputs.filter { !$0.contains("node_modules/") } : []
        let root = URL(filePath: plan.project, directoryHint: .isDirectory)
        func absolute(_ path: String) -> String {
            path.hasPrefix("/") ? path : root.appending(path: path).standardized.path
        }
        return WatchBody(
            files: (settings + inputs).map(absolute),
            directories: build.command == nil ? [] : build.watchedDirectories.map(absolute)
        )
    }
}
