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
    /// The names of the plain variables, and of the secrets, whose values are never told.
    package var vars: [String]
    package var secrets: [String]
    /// The names of those that `flare dev` took from `.dev.vars` or `.env`, which are part of this version.
    package var localSecrets: [String]?
    /// The cron expressions by which this version's configuration has `scheduled` called; nil when it says nothing.
    package var crons: [String]?
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
        vars: [String],
        secrets: [String],
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
        self.vars = vars
        self.secrets = secrets
        self.versions = versions
    }

    enum CodingKeys: String, CodingKey {
        case name, version, bindings, consumers, workflows, handlers, vars, secrets, versions, host
        case createdOn = "created_on"
        case modifiedOn = "modified_on"
        case compatibilityDate = "compatibility_date"
        case localSecrets = "local_secrets"
        case crons
    }
}

/// A name in `env`, its kind (`bucket`, `queue`, `workflow`, `pipeline`) and what it stands for.
package struct WorkerBindingBody: Codable, Sendable, Hashable {
    package var name: String
    package var kind: String
    package var target: String
    /// Of a service: which of its exported classes; nil for the default one.
    package var entrypoint: String?

    package init(name: String, kind: String, target: String, entrypoint: String? = nil) {
        self.name = name
        self.kind = kind
        self.target = target
        self.entrypoint = entrypoint
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
    /// The cron expressions by which this version's configuration starts it; nil when it says nothing.
    package var schedules: [String]?

    package init(name: String, className: String, schedules: [String]? = nil) {
        self.name = name
        self.className = className
        self.schedules = schedules
    }

    enum CodingKeys: String, CodingKey {
        case name, schedules
        case className = "class_name"
    }
}

/// One kept version.
package struct WorkerVersionBody: Codable, Sendable, Hashable {
    package var id: String
    package var createdOn: Timestamp
    /// What the person who deployed said about it.
    package var message: String?
    package var tag: String?
    /// Whether new work starts on it.
    package var isCurrent: Bool
    /// Unfinished instances of workflows that end on it; nil where they were not counted.
    package var instances: Int?

    package init(
        id: String,
        createdOn: Timestamp,
        message: String? = nil,
        tag: String? = nil,
        isCurrent: Bool = false,
        instances: Int? = nil
    ) {
        self.id = id
        self.createdOn = createdOn
        self.message = message
        self.tag = tag
        self.isCurrent = isCurrent
        self.instances = instances
    }

    enum CodingKeys: String, CodingKey {
        case id, message, tag, instances
        case createdOn = "created_on"
        case isCurrent = "current"
    }
}

/// Which version is to be made current again; nil for the one before the current one.
package struct RollbackBody: Codable, Sendable {
    package var version: String?

    package init(version: String?) {
        self.version = version
    }
}

/// What a rollback did.
package struct RolledBackBody: Codable, Sendable {
    package var worker: WorkerBody
    /// The version that was current before.
    package var previous: String

    package init(worker: WorkerBody, previous: String) {
        self.worker = worker
        self.previous = previous
    }
}
