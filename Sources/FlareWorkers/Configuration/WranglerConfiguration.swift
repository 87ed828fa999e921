import FlareModel

/// A project's wrangler file, checked: everything that flare acts on.
struct WranglerConfiguration: Sendable {
    let name: String
    /// Relative to the project's directory.
    let main: String
    let compatibilityDate: String?
    let compatibilityFlags: [String]
    /// Texts and JSON values that appear in `env`.
    var vars: [String: JSONValue]
    let bindings: [BindingDeclaration]
    let consumers: [ConsumerDeclaration]
    let workflows: [WorkflowDeclaration]
    /// Nil when the file says nothing of them.
    let crons: [String]?
    let notifications: [NotificationDeclaration]
    /// Nil when the file sets none.
    let limits: WorkerLimits?
    let build: BuildSettings
    /// Names of secrets without which the Worker must not run.
    let requiredSecrets: [String]
    /// The name in `env` of the version's own id, tag and time; nil when the file asks for none.
    let versionMetadata: String?
    /// What was read and has no effect, for the person who deploys.
    let warnings: [String]

    /// Throws `invalidData` or `invalidName` naming the field, and refuses bindings that flare cannot run.
    init(_ wrangler: WranglerFile) throws {
        let file = try ConfigurationReader(file: wrangler.name, value: wrangler.value)
        try Self.refuseUnknownBindings(file)
        build = try BuildSettings(file)
        warnings = try Self.warnings(file) + build.rules.warnings
        name = try file.requiredText("name")
        try NameRule.worker.validate(name)
        main = try file.requiredText("main")
        compatibilityDate = try file.text("compatibility_date")
        compatibilityFlags = try file.texts("compatibility_flags")
        vars = try file.object("vars").members
        let queues = try file.object("queues")
        let owner = name
        let workflows = try file.objects("workflows").map { try Workflow($0, owner: owner) }
        self.workflows = workflows.filter(\.isOwn).map(\.declaration)
        bindings =
            try file.objects("r2_buckets").map(Self.bucket)
            + queues.objects("producers").map { try Self.producer($0, worker: owner) }
            + workflows.map { BindingDeclaration(name: $0.binding, kind: .workflow, target: $0.name) }
            + file.objects("pipelines").map(Self.pipeline)
            + file.objects("services").map(Self.service)
        consumers = try queues.objects("consumers").map(Self.consumer)
        let triggers = try file.object("triggers")
        crons = try triggers.crons("crons")
        notifications = try file.objects("event_notifications").map(NotificationDeclaration.init)
        limits = try Self.limits(file.object("limits"))
        requiredSecrets = try file.object("secrets").texts("required")
        for secret in requiredSecrets { try NameRule.secret.validate(secret) }
        let metadata = try file.object("version_metadata")
        versionMetadata = metadata.members.isEmpty ? nil : try Self.bindingName(metadata)
        try check(file)
    }

    /// `cpu_ms` as on Cloudflare; the other two are flare's own.
    static func limits(_ entry: ConfigurationReader) throws -> WorkerLimits? {
        let limits = WorkerLimits(
            processorMilliseconds: try entry.integer("cpu_ms", Limits.workerProcessorMilliseconds),
            memoryMegabytes: try entry.integer("memory_mb", Limits.workerMemoryMegabytes),
            concurrency: try entry.integer("concurrency", 1...Limits.workerProcessesMax)
        )
        return limits == WorkerLimits() ? nil : limits
    }

    /// What spans several fields.
    private func check(_ file: ConfigurationReader) throws {
        var seen: Set<String> = []
        let metadata = versionMetadata.map { [$0] } ?? []
        for name in bindings.map(\.name) + metadata + vars.keys where !seen.insert(name).inserted {
            throw file.problem("env.\(name)", "is given twice: each binding and variable needs a name of its own")
        }
        var names: Set<String> = []
        for workflow in workflows where !names.insert(workflow.name).inserted {
            throw file.problem("workflows", "has two entries named \"\(workflow.name)\"")
        }
        for consumer in consumers {
            guard let workflow = consumer.workflow, !names.contains(workflow) else { continue }
            throw FlareError.notFound(
                .workflowNotFound,
                kind: "workflow",
                name: workflow,
                candidates: names,
                listing: "\"workflows\" of \(file.file), which a consumer's \"workflow\" must name"
            )
        }
    }

    private static func bucket(_ entry: ConfigurationReader) throws -> BindingDeclaration {
        let bucket = try entry.requiredText("bucket_name")
        try NameRule.bucket.validate(bucket)
        return BindingDeclaration(name: try bindingName(entry), kind: .bucket, target: bucket)
    }

    /// A queue left out is named after the Worker and the binding, as Cloudflare provisions it.
    private static func producer(_ entry: ConfigurationReader, worker: String) throws -> BindingDeclaration {
        let binding = try bindingName(entry)
        let automatic = "\(worker)-\(binding.lowercased().map { $0 == "_" ? "-" : $0 }.map(String.init).joined())"
        let queue = try entry.text("queue") ?? automatic
        try NameRule.queue.validate(queue)
        return BindingDeclaration(name: binding, kind: .queue, target: queue)
    }

    /// Today's field is `stream`; `pipeline` is its older spelling.
    private static func pipeline(_ entry: ConfigurationReader) throws -> BindingDeclaration {
        let binding = try bindingName(entry)
        if let stream = try entry.text("stream") {
            return BindingDeclaration(name: binding, kind: .pipeline, target: stream)
        }
        let pipeline = try entry.requiredText("pipeline")
        try NameRule.pipeline.validate(pipeline)
        return BindingDeclaration(name: binding, kind: .pipeline, target: pipeline)
    }

    private static func service(_ entry: ConfigurationReader) throws -> BindingDeclaration {
        let service = try entry.requiredText("service")
        try NameRule.worker.validate(service)
        return BindingDeclaration(
            name: try bindingName(entry),
            kind: .service,
            target: service,
            entrypoint: try entry.text("entrypoint"),
            props: try entry.object("props").members.isEmpty ? nil : entry.members["props"]
        )
    }

    private static func consumer(_ entry: ConfigurationReader) throws -> ConsumerDeclaration {
        if let type = try entry.text("type"), type != "worker" {
            throw entry.problem("type", "must be \"worker\"; other consumers are added to the queue itself")
        }
        let queue = try entry.requiredText("queue")
        try NameRule.queue.validate(queue)
        let workflow = try entry.text("workflow")
        if let workflow { try NameRule.workflow.validate(workflow) }
        let deadLetterQueue = try entry.text("dead_letter_queue")
        if let deadLetterQueue { try NameRule.queue.validate(deadLetterQueue) }
        return ConsumerDeclaration(
            queue: queue,
            workflow: workflow,
            batchSizeMax: try entry.integer("max_batch_size", 1...100),
            batchTimeoutMilliseconds: try entry.number("max_batch_timeout", 0...60).map { Int($0 * 1000) },
            retryMax: try entry.integer("max_retries", 0...100),
            retryDelaySeconds: try entry.integer("retry_delay", 0...86_400),
            deadLetterQueue: deadLetterQueue,
            concurrencyMax: try entry.integer("max_concurrency", 1...250)
        )
    }

    fileprivate static func bindingName(_ entry: ConfigurationReader) throws -> String {
        let name = try entry.requiredText("binding")
        let isIdentifier =
            name.utf8.allSatisfy { $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: "$") || isAlphanumeric($0) }
            && name.utf8.first.map { !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } == true
        guard isIdentifier else { throw entry.problem("binding", "must be a JavaScript name, not \"\(name)\"") }
        return name
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
        case UInt8(ascii: "0")...UInt8(ascii: "9"): true
        default: false
        }
    }

    /// An entry of `workflows`.
    private struct Workflow {
        let binding: String
        let name: String
        let className: String
        /// Whether this Worker defines it; otherwise it only calls another Worker's.
        let isOwn: Bool
        let schedules: [String]?
        let stepsMax: Int?

        init(_ entry: ConfigurationReader, owner: String) throws {
            binding = try WranglerConfiguration.bindingName(entry)
            name = try entry.requiredText("name")
            try NameRule.workflow.validate(name)
            className = try entry.requiredText("class_name")
            isOwn = try entry.text("script_name").map { $0 == owner } ?? true
            schedules = try entry.crons("schedules")
            stepsMax = try entry.object("limits").integer("steps", 1...Limits.workflowStepsConfiguredMax)
            guard isOwn || (schedules == nil && stepsMax == nil) else {
                throw entry.problem(
                    "script_name",
                    "names another Worker, where \"limits\" and \"schedules\" of its workflow must be set"
                )
            }
        }

        var declaration: WorkflowDeclaration {
            WorkflowDeclaration(name: name, className: className, schedules: schedules, stepsMax: stepsMax)
        }
    }
}
