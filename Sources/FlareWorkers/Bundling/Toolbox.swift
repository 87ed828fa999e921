import FlareModel
import FoundationEssentials
import Glibc

/// Finds Node.js and esbuild and learns their versions, once per path.
actor Toolbox {
    private let settings: WorkerSettings
    private let spawner: ChildSpawner
    private let scratchDirectory: String
    private var versions: [String: String] = [:]

    init(settings: WorkerSettings, spawner: ChildSpawner, scratchDirectory: String) {
        self.settings = settings
        self.spawner = spawner
        self.scratchDirectory = scratchDirectory
    }

    /// Node.js of `FLARE_NODE`, else `node` on the path.
    ///
    /// Throws `toolMissing` when there is none or it is too old.
    func node() async throws -> NodeTool {
        guard let path = settings.nodePath ?? find("node") else {
            throw FlareError(.toolMissing, "Node.js was not found", hint: "install it: sudo apt install nodejs")
        }
        let version = try await version(of: path)
        guard let node = NodeTool(path: path, version: version) else {
            throw FlareError(
                .toolMissing,
                "\(path) is Node.js \(version); flare needs 18.20 or newer",
                hint: "install a newer one, or name it in FLARE_NODE"
            )
        }
        return node
    }

    /// esbuild: `FLARE_ESBUILD`, then the project's own, then the one on the path.
    func esbuild(project: String) async throws -> (path: String, version: String) {
        let own = project + "/node_modules/.bin/esbuild"
        let found = settings.esbuildPath ?? (Self.isExecutable(own) ? own : find("esbuild"))
        guard let path = found else {
            throw FlareError(
                .toolMissing,
                "esbuild, which bundles Workers, was not found",
                hint: "install it: sudo apt install esbuild, or npm install --save-dev esbuild in the project"
            )
        }
        return (path, try await version(of: path))
    }

    private func find(_ name: String) -> String? {
        settings.searchPath.split(separator: ":").map { "\($0)/\(name)" }.first(where: Self.isExecutable)
    }

    private static func isExecutable(_ path: String) -> Bool {
        var isDirectory = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) && !isDirectory
            && access(path, X_OK) == 0
    }

    private func version(of path: String) async throws -> String {
        if let known = versions[path] { return known }
        let run = try await ToolRun.run(
            path,
            ["--version"],
            environment: ["PATH": settings.searchPath],
            outputFile: "\(scratchDirectory)/version-\(Identifier.hexadecimal())",
            timeout: .seconds(20),
            spawner: spawner
        )
        let text = run.output.trimmingSuffix { $0.isWhitespace }
        guard run.status == 0, !text.isEmpty else {
            throw FlareError(.toolMissing, "\(path) --version failed: \(text.prefix(200))")
        }
        let version = text.hasPrefix("v") ? String(text.dropFirst()) : text
        versions[path] = version
        return version
    }
}

/// A usable Node.js.
struct NodeTool: Sendable {
    let path: String
    let version: String
    private let major: Int
    private let minor: Int

    /// Nil when the version is older than 18.20 or cannot be read.
    init?(path: String, version: String) {
        let parts = version.split(separator: ".").map { Int($0) }
        guard parts.count >= 2, let major = parts[0], let minor = parts[1] else { return nil }
        guard (major, minor) >= (18, 20) else { return nil }
        self.path = path
        self.version = version
        self.major = major
        self.minor = minor
    }

    /// Arguments before the program: the permission model as a seat belt where this version has it.
    ///
    /// Flags that change V8's own settings are left out on purpose: they throw away its code cache, a third of the
    /// start-up time.
    func arguments(readable directories: [String]) -> [String] {
        guard major >= 20 else { return [] }
        let flag = (major, minor) >= (22, 13) ? "--permission" : "--experimental-permission"
        let silent = (major, minor) >= (20, 11) ? ["--disable-warning=ExperimentalWarning"] : ["--no-warnings"]
        return silent + [flag] + directories.map { "--allow-fs-read=\($0)/*" }
    }
}

extension StringProtocol {
    func trimmingSuffix(while predicate: (Character) -> Bool) -> String {
        var end = endIndex
        while end > startIndex, predicate(self[index(before: end)]) { end = index(before: end) }
        return String(self[..<end])
    }
}
