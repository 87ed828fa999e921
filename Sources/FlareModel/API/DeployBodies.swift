/// What `POST /flare/v1/deployments` is asked to deploy.
///
/// Only answered on the Unix socket: it reads the caller's files.
package struct DeployBody: Codable, Sendable {
    /// Absolute path of the project, which holds the wrangler file.
    package var directory: String
    /// One of the file's named environments; nil for its top level.
    package var environment: String?
    /// In place of the name in the file.
    package var name: String?
    /// In addition to, or in place of, those of the file.
    package var vars: [String: String]?
    package var define: [String: String]?
    package var alias: [String: String]?
    package var isMinified: Bool?
    /// What the person who deploys says about the version.
    package var message: String?
    package var tag: String?
    /// Bundle and check, and tell what would change; change nothing.
    package var isDryRun: Bool?
    /// A directory that gets a copy of the bundle; an absolute path.
    package var outdir: String?
    /// As `flare dev` deploys: with the secrets of `.dev.vars` or `.env`, and told which files to watch.
    package var isDevelopment: Bool?
    /// Processes under load; nil to leave what an earlier deploy or the configuration says.
    package var concurrency: WorkerConcurrency?

    package init(directory: String) {
        self.directory = directory
    }

    enum CodingKeys: String, CodingKey {
        case directory, environment, name, vars, define, alias, message, tag, outdir, concurrency
        case isMinified = "minify"
        case isDryRun = "dry_run"
        case isDevelopment = "development"
    }
}

/// What a deploy did, or would do.
package struct DeploymentBody: Codable, Sendable {
    package var worker: WorkerBody
    /// The entry file and how many source files were bundled into how many bytes, by which esbuild.
    package var main: String
    package var sourceFiles: Int
    package var bundleBytes: Int
    package var esbuild: String
    /// What was read and has no effect.
    package var warnings: [String]
    /// What is different from before.
    package var changes: [DeploymentChangeBody]
    package var isDryRun: Bool
    /// Absolute paths of what `flare dev` watches; nil for other deploys.
    package var watch: WatchBody?

    package init(
        worker: WorkerBody,
        main: String,
        sourceFiles: Int,
        bundleBytes: Int,
        esbuild: String,
        warnings: [String],
        changes: [DeploymentChangeBody] = [],
        isDryRun: Bool = false,
        watch: WatchBody? = nil
    ) {
        self.worker = worker
        self.main = main
        self.sourceFiles = sourceFiles
        self.bundleBytes = bundleBytes
        self.esbuild = esbuild
        self.warnings = warnings
        self.changes = changes
        self.isDryRun = isDryRun
        self.watch = watch
    }

    enum CodingKeys: String, CodingKey {
        case worker, main, esbuild, warnings, changes, watch
        case sourceFiles = "source_files"
        case bundleBytes = "bundle_bytes"
        case isDryRun = "dry_run"
    }
}

/// The files whose change is a reason to deploy again.
package struct WatchBody: Codable, Sendable, Hashable {
    package var files: [String]
    /// Everything below them.
    package var directories: [String]

    package init(files: [String], directories: [String]) {
        self.files = files
        self.directories = directories
    }
}

/// One difference between two versions of a Worker.
package struct DeploymentChangeBody: Codable, Sendable, Hashable {
    /// What happens to the thing.
    package enum Action: String, Codable, Sendable {
        case create, add, change, remove
    }

    package var action: Action
    /// `queue`, `bucket`, `binding`, `variable`, `consumer`, `workflow` or `schedule`.
    package var kind: String
    package var name: String
    /// What it is joined to or set to, in a few words.
    package var detail: String?

    package init(_ action: Action, _ kind: String, _ name: String, detail: String? = nil) {
        self.action = action
        self.kind = kind
        self.name = name
        self.detail = detail
    }
}
