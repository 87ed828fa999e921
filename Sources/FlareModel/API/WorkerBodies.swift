/// What `POST /flare/v1/deployments` is asked to deploy.
///
/// Only answered on the Unix socket: it reads the caller's files.
package struct DeployBody: Codable, Sendable {
    /// Absolute path of the project, which holds the wrangler file.
    package var directory: String
    /// Processes under load; nil to leave what an earlier deploy or the configuration says.
    package var concurrency: WorkerConcurrency?

    package init(directory: String, concurrency: WorkerConcurrency? = nil) {
        self.directory = directory
        self.concurrency = concurrency
    }
}

/// A Worker, with its current version.
package struct WorkerBody: Codable, Sendable, Hashable {
    package var name: String
    package var version: String
    package var createdOn: Timestamp
    package var modifiedOn: Timestamp
    package var compatibilityDate: String?
    package var bindings: [WorkerBindingBody]
    package var consumers: [WorkerConsumerBody]
    package var workflows: [WorkerWorkflowBody]
    /// The handlers of the default export: `fetch`, `queue`, `scheduled`.
    package var handlers: [String]
    /// All versions that are kept, newest first.
    package var versions: [WorkerVersionBody]
    /// Its processes and how they fare; only in the description of one Worker.
    package var host: WorkerHostBody?

    package init(
        name: String,
        version: String,
        createdOn: Timestamp,
        modifiedOn: Timestamp,
        compatibilityDate: String?,
        bindings: [WorkerBindingBody],
        consumers: [WorkerConsumerBody],
        workflows: [WorkerWorkflowBody],
        handlers: [String],
        versions: [WorkerVersionBody]
    ) {
        self.name = name
        self.version = version
        self.createdOn = createdOn
        self.modifiedOn = modifiedOn
        self.compatibilityDate = compatibilityDate
        self.bindings = bindings
        self.consumers = consumers
        self.workflows = workflows
        self.handlers = handlers
        self.versions = versions
    }

    enum CodingKeys: String, CodingKey {
        case name, version, bindings, consumers, workflows, handlers, versions, host
        case createdOn = "created_on"
        case modifiedOn = "modified_on"
        case compatibilityDate = "compatibility_date"
    }
}

/// A name in `env`, its kind (`bucket`, `queue`, `workflow`, `pipeline`) and what it stands for.
package struct WorkerBindingBody: Codable, Sendable, Hashable {
    package var name: String
    package var kind: String
    package var target: String

    package init(name: String, kind: String, target: String) {
        self.name = name
        self.kind = kind
        self.target = target
    }
}

/// A queue that the Worker consumes, by its `queue` handler or by starting a workflow.
package struct WorkerConsumerBody: Codable, Sendable, Hashable {
    package var queue: String
    package var workflow: String?

    package init(queue: String, workflow: String?) {
        self.queue = queue
        self.workflow = workflow
    }
}

/// A workflow that the Worker defines.
package struct WorkerWorkflowBody: Codable, Sendable, Hashable {
    package var name: String
    package var className: String

    package init(name: String, className: String) {
        self.name = name
        self.className = className
    }

    enum CodingKeys: String, CodingKey {
        case name
        case className = "class_name"
    }
}

/// One kept version.
package struct WorkerVersionBody: Codable, Sendable, Hashable {
    package var id: String
    package var createdOn: Timestamp

    package init(id: String, createdOn: Timestamp) {
        self.id = id
        self.createdOn = createdOn
    }

    enum CodingKeys: String, CodingKey {
        case id
        case createdOn = "created_on"
    }
}

/// What a deploy did.
package struct DeploymentBody: Codable, Sendable {
    package var worker: WorkerBody
    /// The entry file and how many source files were bundled into how many bytes, by which esbuild.
    package var main: String
    package var sourceFiles: Int
    package var bundleBytes: Int
    package var esbuild: String
    /// What was read and has no effect.
    package var warnings: [String]

    package init(
        worker: WorkerBody,
        main: String,
        sourceFiles: Int,
        bundleBytes: Int,
        esbuild: String,
        warnings: [String]
    ) {
        self.worker = worker
        self.main = main
        self.sourceFiles = sourceFiles
        self.bundleBytes = bundleBytes
        self.esbuild = esbuild
        self.warnings = warnings
    }

    enum CodingKeys: String, CodingKey {
        case worker, main, esbuild, warnings
        case sourceFiles = "source_files"
        case bundleBytes = "bundle_bytes"
    }
}
