package import FlareModel
package import FlareStore
import FlareWorkers

/// What a new instance is made of.
package struct NewInstance: Sendable {
    /// Nil for a new UUID.
    package var id: String?
    /// Tagged JSON of the parameters; empty for `undefined`.
    package var params: [UInt8]
    package var trigger: TriggerSource
    /// How long its history is kept; nil for the workflow's rule.
    package var retention: InstanceRetention?
    /// `event.schedule` of an instance that a schedule begins: `{cron, scheduledTime}`.
    package var schedule: JSONValue?

    package init(
        id: String? = nil,
        params: [UInt8] = [],
        trigger: TriggerSource,
        retention: InstanceRetention? = nil,
        schedule: JSONValue? = nil
    ) {
        self.id = id
        self.params = params
        self.trigger = trigger
        self.retention = retention
        self.schedule = schedule
    }
}

extension WorkflowService {
    /// The word that stands for the newest instance of a workflow.
    private static let newest = "latest"

    /// Throws `invalidName` for the word itself: an instance so called would hide the newest one from every command.
    private static func requireFreeWord(_ id: String) throws {
        guard id == newest else { return }
        throw FlareError(
            .invalidName,
            "an instance cannot be called \"\(newest)\", which stands for the newest one",
            hint: "choose another id"
        )
    }

    /// Throws `invalidArgument` for the workflow of a script, which the engine cannot run by itself.
    static func requireCode(of workflow: WorkflowRecord) throws {
        guard workflow.kind != .worker else { return }
        throw FlareError(
            .invalidArgument,
            "workflow \"\(workflow.name)\" is a script, which somebody has to run",
            hint: workflow.version.worker == loneScript
                ? "flare step --id ID NAME -- COMMAND" : "flare workflows run \(workflow.version.worker)"
        )
    }

    /// Throws for a workflow that nothing can trigger, as it is a script; returns the name of any other.
    package func triggered(_ name: String) async throws -> String {
        try await store.database.read { transaction in
            let workflow = try self.workflow(name, in: transaction)
            try Self.requireCode(of: workflow)
            return workflow.name
        }
    }

    /// Creates an instance in the caller's transaction; it begins once that is committed.
    ///
    /// Throws `alreadyExists` when the id is taken: instances are never replaced.
    @discardableResult
    package func create(
        _ instance: NewInstance,
        of name: String,
        in transaction: Transaction
    ) throws -> InstanceRecord {
        let workflow = try workflow(name, in: transaction)
        let created = try create(instance, of: workflow, atOnce: lives.placesForNew > 0, in: transaction)
        try WorkflowRecord.setTriggered(workflow.id, at: created.createdAt, in: transaction)
        return created
    }

    /// Creates an instance of a workflow that was read in the same transaction.
    ///
    /// That the workflow was triggered is left to the caller to note. With `atOnce` it gets a place with its creation,
    /// which saves it the way through the queue.
    func create(
        _ instance: NewInstance,
        of workflow: WorkflowRecord,
        atOnce: Bool,
        in transaction: Transaction
    ) throws -> InstanceRecord {
        if instance.trigger != .shell { try Self.requireCode(of: workflow) }
        let id = instance.id ?? Identifier.uuid()
        try NameRule.instance.validate(id)
        // A batch of a queue may be larger: what its messages are was checked when they were sent.
        let size = TaggedJSON.size(instance.params)
        guard instance.trigger == .queue || size <= Limits.workflowValueBytesMax else {
            throw FlareError(
                .bodyTooLarge,
                "the parameters have \(size) bytes; an instance takes at most "
                    + "\(Limits.workflowValueBytesMax)",
                hint: "keep large data in a bucket and pass its key"
            )
        }
        // A message and a tick of the clock were accepted before.
        let isAccepted = instance.trigger == .queue || instance.trigger == .cron
        try transaction.requireRoom(for: instance.params.count, leaving: isAccepted ? .finishing : .accepting)
        let now = store.time.now()
        let isStarted = atOnce && workflow.kind == .worker
        let created = try InstanceRecord.insert(
            id,
            of: workflow,
            params: instance.params,
            trigger: instance.trigger,
            isStarted: isStarted,
            at: now,
            in: transaction
        )
        guard let created else {
            throw FlareError(
                .alreadyExists,
                "workflow \"\(workflow.name)\" already has an instance \"\(id)\"",
                hint: "choose another id, or see it: flare workflows status \(workflow.name) \(id)"
            )
        }
        try Self.requireFreeWord(id)
        try instance.retention?.set(of: created.sequence, in: transaction)
        if let schedule = instance.schedule {
            try InstanceRecord.setSchedule(schedule, of: created.sequence, in: transaction)
        }
        let line = LogRecord(.workflowQueued, message: instance.trigger.rawValue)
        try line.insert(into: created.key, at: now, in: transaction)
        try store.events.tell(.queued, created.key, at: now, in: transaction)
        guard isStarted else {
            transaction.afterCommit { [lives] in lives.look() }
            return created
        }
        try LogRecord(.workflowRunning).insert(into: created.key, at: now, in: transaction)
        try store.events.tell(.started, created.key, at: now, in: transaction)
        let start = LifeStart(created, of: workflow, instance, store: store, lives: lives)
        transaction.afterCommit { [lives] in lives.hand(start) }
        return created
    }

    /// Creates an instance.
    package func create(_ instance: NewInstance, of name: String) async throws -> InstanceBody {
        try await store.database.write { try self.create(instance, of: name, in: $0).body }
    }

    /// The instance with an id, or the newest one for `latest`; throws `instanceNotFound`.
    package func instance(_ id: String, of name: String, in transaction: Transaction) throws -> InstanceRecord {
        let workflow = try workflow(name, in: transaction)
        if let instance = try InstanceRecord.find(id, of: workflow.id, in: transaction) { return instance }
        if id == "latest", let latest = try InstanceRecord.latest(of: workflow.id, in: transaction) { return latest }
        throw FlareError(
            .instanceNotFound,
            id == "latest"
                ? "workflow \"\(workflow.name)\" has no instances yet"
                : "workflow \"\(workflow.name)\" has no instance \"\(id)\"",
            hint: id == "latest"
                ? "begin one: flare workflows run \(workflow.name)" : "see: flare workflows instances \(workflow.name)"
        )
    }

    /// Sends an event to an instance: the step that waits for its type receives it, or the next one that will.
    package func sendEvent(
        _ type: String,
        payload: [UInt8],
        to id: String,
        of name: String
    ) async throws -> InstanceEventBody {
        guard !type.isEmpty, type.utf8.count <= Limits.workflowStepNameBytesMax else {
            throw FlareError(.invalidArgument, "an event type has 1 to \(Limits.workflowStepNameBytesMax) bytes")
        }
        let size = TaggedJSON.size(payload)
        guard size <= Limits.workflowValueBytesMax else {
            throw FlareError(
                .bodyTooLarge,
                "the payload has \(size) bytes; an event takes at most \(Limits.workflowValueBytesMax)",
                hint: "keep large data in a bucket and send its key"
            )
        }
        return try await store.database.write { [store, lives] transaction in
            let instance = try self.instance(id, of: name, in: transaction)
            guard !instance.status.isFinal else {
                throw FlareError(
                    .inUse,
                    "instance \"\(instance.id)\" is \(instance.status.rawValue) and takes no more events",
                    hint: "see: flare workflows status \(name) \(instance.id)"
                )
            }
            try transaction.requireRoom(for: payload.count)
            let now = store.time.now()
            let event = EventRecord(type: type, payload: payload, sentAt: now)
            let ledger = StepLedger(run: instance.key, now: now, transaction: transaction)
            try ledger.log(LogRecord(.eventReceived, message: type))
            guard try EventRecord.count(of: instance.sequence, in: transaction) < Limits.workflowEventsWaitingMax
            else {
                throw FlareError(
                    .tooManyRequests,
                    "\(Limits.workflowEventsWaitingMax) events wait for instance \"\(instance.id)\" already"
                )
            }
            try event.insert(for: instance.sequence, in: transaction)
            // Code that runs takes it itself, so that it learns of it where the step finishes in the journal.
            if try !instance.status.hasCode && ledger.deliver(type) {
                var state = try RunRecord.state(of: instance.key, in: transaction)
                if case .wake(let wake) = state.event(.awakened, at: now) {
                    try RunRecord.setWaiting(instance.key, state, wake: wake, at: now, in: transaction)
                }
            }
            transaction.afterCommit {
                lives.find(instance.key)?.wakeCalls()
                lives.look()
                store.watchers.notify(instance.sequence)
            }
            return InstanceEventBody(instanceID: instance.id, timestamp: now)
        }
    }
}
