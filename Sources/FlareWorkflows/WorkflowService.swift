package import FlareModel
package import FlareStore
package import FlareWorkers
package import Logging
import Synchronization

/// What the room of workflows needs from the rooms beside it, given once at construction.
package struct WorkflowHooks: Sendable {
    /// Runs code of a Worker; `WorkerService.invoke`.
    ///
    /// Cancelled to put an instance aside.
    package var invoke: @Sendable (Invocation) async throws -> InvocationResult

    /// Acknowledges leased messages in the transaction of the instance that they become; throws when one of them is no
    /// longer leased.
    ///
    /// `QueueService.acknowledge`.
    package var acknowledge: @Sendable (_ leaseIDs: [String], Transaction) throws -> Void

    /// Takes the queues of a workflow that is being deleted from it.
    package var removeConsumers: @Sendable (_ workflow: String, Transaction) throws -> Void

    /// Whether the code of a Worker's version is still kept.
    ///
    /// `WorkerService.keeps`.
    package var keepsVersion: @Sendable (_ worker: String, _ version: String, Transaction) throws -> Bool

    /// Whether somebody may have subscribed to what happens to instances.
    package var isHeard: @Sendable () -> Bool

    /// Tells those who have subscribed to it what happens to an instance, in the transaction in which it does.
    package var publish: @Sendable (SubscriptionEvent, Timestamp, Transaction) throws -> Void

    package init(
        invoke: @escaping @Sendable (Invocation) async throws -> InvocationResult,
        acknowledge: @escaping @Sendable (_ leaseIDs: [String], Transaction) throws -> Void,
        removeConsumers: @escaping @Sendable (_ workflow: String, Transaction) throws -> Void = { _, _ in },
        keepsVersion: @escaping @Sendable (_ worker: String, _ version: String, Transaction) throws -> Bool = {
            _,
            _,
            _ in true
        },
        isHeard: @escaping @Sendable () -> Bool = { false },
        publish: @escaping @Sendable (SubscriptionEvent, Timestamp, Transaction) throws -> Void = { _, _, _ in }
    ) {
        self.invoke = invoke
        self.acknowledge = acknowledge
        self.removeConsumers = removeConsumers
        self.keepsVersion = keepsVersion
        self.isHeard = isHeard
        self.publish = publish
    }
}

/// Workflows and their instances: what is defined, what runs, and what became of it.
///
/// An instance runs by itself once its row is committed, and goes on after every end of the engine until it is
/// complete, errored or terminated. The scheduler in `service` does that work.
package final class WorkflowService: Sendable {
    let store: WorkflowStore
    let lives: Lives
    /// Workflows all of whose instances are being terminated.
    let endings = Mutex<Set<String>>([])
    let shellHolds = ShellHolds()
    let hooks: WorkflowHooks
    let metrics: WorkflowMetrics
    let schedules = ScheduleSignals()

    package init(database: Database, hooks: WorkflowHooks, time: any TimeSource, logger: Logger) {
        let events = LifeEvents(isHeard: hooks.isHeard, publish: hooks.publish)
        store = WorkflowStore(database: database, time: time, logger: logger, events: events)
        lives = Lives(deadlines: store.deadlines, time: time)
        self.hooks = hooks
        metrics = WorkflowMetrics(database)
    }

    /// The loop that starts and resumes instances.
    package var service: WorkflowScheduler {
        WorkflowScheduler(store: store, lives: lives, hooks: hooks)
    }

    // MARK: - Definitions

    /// Defines a workflow, or gives it a new version: a class of a deployed version of a Worker.
    ///
    /// Instances that have begun keep theirs; the limit of steps counts for them too. Throws `inUse` when the workflow
    /// belongs to another Worker that still has unfinished ones.
    @discardableResult
    package func define(
        _ name: String,
        worker: String,
        workerVersion: String,
        className: String,
        kind: WorkflowRecord.Kind = .worker,
        settings: WorkflowSettings = WorkflowSettings(),
        in transaction: Transaction
    ) throws -> WorkflowRecord {
        try NameRule.workflow.validate(name)
        let now = store.time.now()
        let version = WorkflowVersionRecord(
            id: Identifier.uuid(),
            worker: worker,
            workerVersion: workerVersion,
            className: className,
            createdAt: now
        )
        guard let existing = try WorkflowRecord.find(name, in: transaction) else {
            let workflow = WorkflowRecord(
                id: Identifier.uuid(),
                name: name,
                version: version,
                createdAt: now,
                modifiedAt: now,
                kind: kind,
                settings: settings
            )
            try workflow.insert(in: transaction)
            _ = try version.upsert(of: workflow.id, in: transaction)
            return workflow
        }
        if existing.kind != kind {
            throw FlareError(
                .alreadyExists,
                "workflow \"\(name)\" is run by the script \(existing.version.worker)",
                hint: "choose another name, or delete it with its history: flare workflows delete \(name)"
            )
        }
        if existing.version.worker != worker, kind == .worker {
            try requireIdle(existing, to: "moved to another Worker", in: transaction)
        }
        let stored = try version.upsert(of: existing.id, in: transaction)
        try WorkflowRecord.setVersion(stored.id, of: existing.id, at: now, in: transaction)
        let redefined = existing.settings.redefined(by: settings)
        if redefined != existing.settings {
            try WorkflowRecord.setSettings(redefined, of: existing.id, in: transaction)
        }
        return try workflow(name, in: transaction)
    }

    /// The workflow with a name or an id; throws `workflowNotFound`.
    package func workflow(_ name: String, in transaction: Transaction) throws -> WorkflowRecord {
        if let workflow = try WorkflowRecord.find(name, in: transaction) { return workflow }
        throw FlareError.notFound(
            .workflowNotFound,
            kind: "workflow",
            name: name,
            candidates: try WorkflowRecord.names(in: transaction),
            listing: "flare workflows list"
        )
    }

    /// One page of the workflows whose name contains `search`, and how many there are.
    package func list(search: String = "", limit: Int, offset: Int) async throws -> ([WorkflowBody], total: Int) {
        try await store.database.read { transaction in
            let page = try WorkflowRecord.list(search: search, limit: limit, offset: offset, in: transaction)
            return (
                try page.map { try $0.body(in: transaction) },
                try WorkflowRecord.count(search: search, in: transaction)
            )
        }
    }

    package func get(_ name: String) async throws -> WorkflowBody {
        try await store.database.read { try self.workflow(name, in: $0).body(in: $0) }
    }

    /// The versions of a workflow, newest first.
    package func versions(of name: String, limit: Int, offset: Int) async throws -> [WorkflowVersionBody] {
        try await store.database.read { transaction in
            let workflow = try self.workflow(name, in: transaction)
            return try WorkflowVersionRecord.list(of: workflow.id, limit: limit, offset: offset, in: transaction)
                .map { $0.body(of: workflow) }
        }
    }

    /// One version of a workflow.
    ///
    /// Throws `versionNotFound`.
    package func version(_ id: String, of name: String) async throws -> WorkflowVersionBody {
        try await store.database.read { transaction in
            let workflow = try self.workflow(name, in: transaction)
            guard let version = try WorkflowVersionRecord.find(id, of: workflow.id, in: transaction) else {
                throw FlareError(
                    .versionNotFound,
                    "workflow \"\(workflow.name)\" has no version \"\(id)\"",
                    hint: "its current version is \(workflow.version.id)"
                )
            }
            return version.body(of: workflow)
        }
    }

    /// Deletes a workflow with all its history and triggers.
    ///
    /// When this returns nobody finds it any more and its name is free; its rows go soon after. Throws `inUse` while an
    /// instance is unfinished.
    package func delete(_ name: String) async throws {
        try await store.persist { [store] transaction in
            let workflow = try self.workflow(name, in: transaction)
            try self.requireIdle(workflow, to: "deleted", in: transaction)
            try self.hooks.removeConsumers(workflow.name, transaction)
            try ScheduleRecord.deleteAll(of: .workflow(workflow.name), in: transaction)
            // All writers of the engine would wait for one transaction over a million instances. What is out of reach
            // for everybody can be deleted in steps, also by the next engine.
            try WorkflowRecord.bury(workflow.id, at: store.time.now(), in: transaction)
            transaction.afterCommit { [expiry = store.expiry] in expiry.wake.notify() }
        }
    }

    // MARK: - Workers

    /// The names of the workflows that a Worker defines.
    package func names(ofWorker worker: String, in transaction: Transaction) throws -> [String] {
        try WorkflowRecord.names(ofWorker: worker, in: transaction)
    }

    /// The versions of a Worker that unfinished instances are pinned to; these must be kept.
    package func workerVersionsInUse(_ worker: String, in transaction: Transaction) throws -> Set<String> {
        Set(try WorkflowVersionRecord.workerVersionsInUse(of: worker, in: transaction))
    }

    /// How many unfinished instances are pinned to each version of a Worker; versions without one are left out.
    package func instancesByWorkerVersion(_ worker: String, in transaction: Transaction) throws -> [String: Int] {
        try WorkflowVersionRecord.instancesByWorkerVersion(of: worker, in: transaction)
    }

    /// Called before a Worker is deleted.
    ///
    /// Throws `inUse` while an instance of this workflow is unfinished; deletes the workflow when it never had one, and
    /// otherwise keeps it with its history.
    package func release(_ name: String, in transaction: Transaction) throws {
        guard let workflow = try WorkflowRecord.find(name, in: transaction) else { return }
        try requireIdle(workflow, to: "left without its Worker", in: transaction)
        if try InstanceRecord.latest(of: workflow.id, in: transaction) == nil {
            try WorkflowRecord.delete(workflow.id, in: transaction)
        }
    }

    private func requireIdle(_ workflow: WorkflowRecord, to verb: String, in transaction: Transaction) throws {
        let unfinished = try InstanceRecord.unfinished(of: workflow.id, limit: 1_000, in: transaction)
        guard !unfinished.isEmpty else { return }
        let count = unfinished.count == 1 ? "an unfinished instance" : "\(unfinished.count) unfinished instances"
        throw FlareError(
            .inUse,
            "workflow \"\(workflow.name)\" has \(count) and cannot be \(verb)",
            hint: "wait for the end, or terminate them: flare workflows terminate \(workflow.name) --all"
        )
    }
}

extension WorkflowRecord {
    fileprivate func body(in transaction: Transaction) throws -> WorkflowBody {
        WorkflowBody(
            id: id,
            name: name,
            scriptName: version.worker,
            className: version.className,
            createdOn: createdAt,
            modifiedOn: modifiedAt,
            triggeredOn: triggeredAt,
            instances: try InstanceCountRecord.counts(of: id, in: transaction),
            versionID: version.id,
            kind: kind.rawValue,
            schedules: try ScheduleRecord.list(of: .workflow(name), in: transaction).map {
                WorkflowScheduleBody(cron: $0.cron.text, nextInstance: $0.nextAt)
            }
        )
    }
}

extension WorkflowVersionRecord {
    fileprivate func body(of workflow: WorkflowRecord) -> WorkflowVersionBody {
        var body = WorkflowVersionBody(id: id, className: className, workflowID: workflow.id, createdOn: createdAt)
        let settings = workflow.settings
        body.limits = settings.steps.map { .init(steps: $0) }
        if settings.successRetention != nil || settings.errorRetention != nil {
            body.retention = .init(success: settings.successRetention, error: settings.errorRetention)
        }
        return body
    }
}
