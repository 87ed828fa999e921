package import FlareModel

/// What one version of a Worker is, as its wrangler file says: the part that other rooms act on.
///
/// Kept as JSON with the version, so that a process can be started again after the file has changed.
package struct DeployedConfiguration: Codable, Sendable, Hashable {
    package var worker: String
    package var version: String
    package var bindings: [BindingDeclaration]
    package var consumers: [ConsumerDeclaration]
    package var workflows: [WorkflowDeclaration]
    /// The times at which the `scheduled` handler is called; empty for none, nil to leave those that are set.
    package var crons: [String]?
    /// The notification rules of buckets that stand in it; nil in versions from before there could be some.
    package var notifications: [NotificationDeclaration]?
    /// What its processes may use; nil for the engine's limits.
    package var limits: WorkerLimits?
    /// Whether consumers and notification rules stay as they are, since an upload of Cloudflare's API does not speak of
    /// them; nil for no.
    package var keepsTriggers: Bool?

    package init(
        worker: String,
        version: String,
        bindings: [BindingDeclaration] = [],
        consumers: [ConsumerDeclaration] = [],
        workflows: [WorkflowDeclaration] = [],
        crons: [String]? = nil,
        notifications: [NotificationDeclaration]? = nil,
        limits: WorkerLimits? = nil,
        keepsTriggers: Bool? = nil
    ) {
        self.worker = worker
        self.version = version
        self.bindings = bindings
        self.consumers = consumers
        self.workflows = workflows
        self.crons = crons
        self.notifications = notifications
        self.limits = limits
        self.keepsTriggers = keepsTriggers
    }
}

/// An entry of `event_notifications`: events of a bucket's objects that become messages of a queue.
package struct NotificationDeclaration: Codable, Sendable, Hashable {
    package var bucket: String
    package var queue: String
    package var prefix: String
    package var suffix: String
    package var actions: [ObjectAction]
    package var description: String

    package init(
        bucket: String,
        queue: String,
        prefix: String = "",
        suffix: String = "",
        actions: [ObjectAction],
        description: String = ""
    ) {
        self.bucket = bucket
        self.queue = queue
        self.prefix = prefix
        self.suffix = suffix
        self.actions = actions
        self.description = description
    }
}

/// What the processes of a Worker may use; nil where its configuration says nothing.
package struct WorkerLimits: Codable, Sendable, Hashable {
    /// Processor time that code may use without returning to the event loop: `cpu_ms`.
    package var processorMilliseconds: Int?
    /// Resident memory of one process: `memory_mb`.
    package var memoryMegabytes: Int?
    /// Processes under load; nil for as many as the machine has cores.
    package var concurrency: Int?

    package init(processorMilliseconds: Int? = nil, memoryMegabytes: Int? = nil, concurrency: Int? = nil) {
        self.processorMilliseconds = processorMilliseconds
        self.memoryMegabytes = memoryMegabytes
        self.concurrency = concurrency
    }
}

/// A name in `env` and what stands behind it.
package struct BindingDeclaration: Codable, Sendable, Hashable {
    /// What kind of thing the target is.
    ///
    /// Spelled as the harness knows it.
    package enum Kind: String, Codable, Sendable {
        case bucket, queue, workflow, pipeline, service
    }

    /// The name in `env`.
    package var name: String
    package var kind: Kind
    /// The bucket, queue, workflow, pipeline or Worker.
    package var target: String
    /// The exported class of a service; nil for its default export.
    package var entrypoint: String?
    /// What the code of a service finds in `ctx.props`.
    package var props: JSONValue?

    package init(
        name: String,
        kind: Kind,
        target: String,
        entrypoint: String? = nil,
        props: JSONValue? = nil
    ) {
        self.name = name
        self.kind = kind
        self.target = target
        self.entrypoint = entrypoint
        self.props = props
    }
}

/// An entry of `queues.consumers`.
///
/// Nil settings take the queue's defaults.
package struct ConsumerDeclaration: Codable, Sendable, Hashable {
    package var queue: String
    /// Set when the queue starts instances of this workflow instead of calling the `queue` handler.
    package var workflow: String?
    package var batchSizeMax: Int?
    package var batchTimeoutMilliseconds: Int?
    package var retryMax: Int?
    package var retryDelaySeconds: Int?
    package var deadLetterQueue: String?
    package var concurrencyMax: Int?

    package init(
        queue: String,
        workflow: String? = nil,
        batchSizeMax: Int? = nil,
        batchTimeoutMilliseconds: Int? = nil,
        retryMax: Int? = nil,
        retryDelaySeconds: Int? = nil,
        deadLetterQueue: String? = nil,
        concurrencyMax: Int? = nil
    ) {
        self.queue = queue
        self.workflow = workflow
        self.batchSizeMax = batchSizeMax
        self.batchTimeoutMilliseconds = batchTimeoutMilliseconds
        self.retryMax = retryMax
        self.retryDelaySeconds = retryDelaySeconds
        self.deadLetterQueue = deadLetterQueue
        self.concurrencyMax = concurrencyMax
    }
}

/// A workflow that the Worker defines.
package struct WorkflowDeclaration: Codable, Sendable, Hashable {
    package var name: String
    /// An exported class; `default` for the default export.
    package var className: String
    /// Cron expressions at whose times an instance begins; nil to leave those that are set.
    package var schedules: [String]?
    /// Steps that one run may have; nil for the default.
    package var stepsMax: Int?

    package init(name: String, className: String, schedules: [String]? = nil, stepsMax: Int? = nil) {
        self.name = name
        self.className = className
        self.schedules = schedules
        self.stepsMax = stepsMax
    }
}
