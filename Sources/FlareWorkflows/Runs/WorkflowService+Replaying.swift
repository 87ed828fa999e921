package import FlareModel
import FlareStore
import FlareWorkers

/// How one instance is to be replayed.
package struct ReplayOrder: Sendable {
    package var start = ReplayStart.automatic
    /// Tagged JSON that replaces the parameters in the new run.
    package var input: [UInt8]?
    package var patches: [ReplayPatch] = []
    /// A version of the workflow or of its Worker, or `latest`; nil for that of the run before while it is kept.
    package var version: String?
    /// Makes a new instance instead of a new run.
    package var asNew = false
    /// Terminates a run that has not ended, instead of refusing it.
    package var force = false
    package var reason = RunReason.replay

    package init() {}
}

extension WorkflowService {
    /// Begins a new run of an instance, from the beginning or from a step; a run that has not ended is terminated.
    ///
    /// The history of earlier runs stays. Throws `inUse` with `instance.cannot_restart` when there is no such step.
    package func restart(_ id: String, of name: String, from step: StepReference?) async throws -> Timestamp {
        var order = ReplayOrder()
        order.start = step.map { .step($0) } ?? .beginning
        order.force = true
        order.reason = .restart
        return try await ending(id, of: name) { [order] transaction in
            _ = try self.replay(id, of: name, order, in: transaction)
            return self.store.time.now()
        }
    }

    /// Begins a new run of an instance that keeps the finished steps before the chosen one, in one transaction.
    ///
    /// Throws `inUse` while the instance has not ended. Events that kept waits have received stay consumed, as do those
    /// of waits that run again; events that nobody has asked for wait for the new run.
    package func replay(_ id: String, of name: String, _ order: ReplayOrder) async throws -> ReplayedBody {
        guard order.force, !order.asNew else {
            return try await store.persist { try self.replay(id, of: name, order, in: $0) }
        }
        return try await ending(id, of: name) { try self.replay(id, of: name, order, in: $0) }
    }

    /// What a replay would do; changes nothing.
    package func plannedReplay(_ id: String, of name: String, _ order: ReplayOrder) async throws -> ReplayedBody {
        try await store.database.read { transaction in
            let instance = try self.instance(id, of: name, in: transaction)
            if !order.force { try Self.requireEnded(instance, name) }
            _ = try self.version(order.version, of: instance, in: transaction)
            let steps = try PastStep.list(of: instance.key, in: transaction)
            let plan = try ReplayPlan(steps, from: order.start, of: instance, patches: order.patches)
            var body = plan.body(of: instance)
            let seen = Set(steps.map(\.key))
            body.steps? += try UnreachedStepRecord.list(of: instance, in: transaction)
                .filter { !seen.contains($0.key) }
                .map { ReplayStepBody(name: $0.text, type: $0.typeName, status: nil, attempts: 0, plan: .new) }
            return body
        }
    }

    private func replay(
        _ id: String,
        of name: String,
        _ order: ReplayOrder,
        in transaction: Transaction
    ) throws -> ReplayedBody {
        let instance = try self.instance(id, of: name, in: transaction)
        let now = store.time.now()
        if let input = order.input, input.count > Limits.workflowValueBytesMax {
            throw Self.tooLarge("the input", input.count)
        }
        for patch in order.patches where patch.value.count > Limits.workflowValueBytesMax {
            throw Self.tooLarge("the output of \"\(patch.step)\"", patch.value.count)
        }
        if !instance.status.isFinal {
            // A new instance leaves the old one as it is, and copies what it has done so far.
            if !order.force { try Self.requireEnded(instance, name) }
            if !order.asNew { try terminate(instance, at: now, in: transaction) }
        }
        let steps = try PastStep.list(of: instance.key, in: transaction)
        let plan = try ReplayPlan(steps, from: order.start, of: instance, patches: order.patches)
        let version = try version(order.version, of: instance, in: transaction)
        let beginning = RunHistoryRecord.Beginning(
            reason: order.reason,
            versionID: version.id,
            fromStep: plan.from,
            params: order.input
        )
        var body = plan.body(of: instance)
        let run: RunKey
        if order.asNew {
            body.id = Identifier.uuid()
            body.source = instance.id
            run = try RunHistoryRecord.copy(instance.key, as: body.id, beginning, at: now, in: transaction)
            try WorkflowRecord.setTriggered(instance.workflowID, at: now, in: transaction)
        } else {
            run = try RunHistoryRecord.begin(after: instance.key, beginning, at: now, in: transaction)
        }
        body.run = run.run
        try KeptStepRecord.copy(plan.kept, from: instance.key, to: run, at: now, in: transaction)
        let source = order.asNew ? "instance \(instance.id), run \(instance.run)" : "run \(instance.run)"
        let message =
            "\(order.reason.rawValue) of \(source) from \(plan.from ?? "the beginning"); steps kept: \(body.kept)"
        try LogRecord(.workflowReplayed, message: message).insert(into: run, at: now, in: transaction)
        try store.events.tell(.queued, run, at: now, in: transaction)
        transaction.afterCommit { [lives, store] in
            lives.look()
            store.watchers.notify(instance.sequence)
        }
        return body
    }

    private func terminate(_ instance: InstanceRecord, at now: Timestamp, in transaction: Transaction) throws {
        let ledger = StepLedger(run: instance.key, now: now, transaction: transaction)
        try ledger.interruptOpen()
        try RunHistoryRecord.terminate(instance.key, at: now, in: transaction)
        try ledger.log(LogRecord(.workflowTerminated, message: "replaced by a new run"))
        try store.events.tell(.ended(.terminated), instance.key, at: now, in: transaction)
        transaction.afterCommit { [lives] in lives.find(instance.key)?.stop() }
    }

    /// The version that the new run begins with.
    private func version(
        _ wanted: String?,
        of instance: InstanceRecord,
        in transaction: Transaction
    ) throws -> WorkflowVersionRecord {
        let workflow = try workflow(instance.workflowID, in: transaction)
        let isKept = { [hooks] (version: WorkflowVersionRecord) in
            // A script lies where it always did: nothing of it is kept.
            try workflow.kind == .shell
                || hooks.keepsVersion(version.worker, version.workerVersion, transaction)
        }
        guard let wanted else {
            if let same = try WorkflowVersionRecord.find(instance.versionID, in: transaction), try isKept(same) {
                return same
            }
            guard try isKept(workflow.version) else {
                throw FlareError(
                    .workerNotFound,
                    "the Worker \"\(workflow.version.worker)\" of workflow \"\(workflow.name)\" is not deployed",
                    hint: "deploy it again: flare deploy"
                )
            }
            return workflow.version
        }
        return try version(wanted, of: workflow, in: transaction, isKept)
    }

    /// The version that a text means: `latest`, or the id, or the beginning of the id, of a version of the workflow or
    /// of its Worker.
    func version(
        _ wanted: String,
        of workflow: WorkflowRecord,
        in transaction: Transaction,
        _ isKept: (WorkflowVersionRecord) throws -> Bool
    ) throws -> WorkflowVersionRecord {
        if wanted == "latest" { return workflow.version }
        let all = try WorkflowVersionRecord.list(of: workflow.id, limit: 1_000, offset: 0, in: transaction)
        let exact = all.filter { $0.id == wanted || $0.workerVersion == wanted }
        let near =
            wanted.utf8.count < 4
            ? []
            : all.filter {
                $0.id.hasPrefix(wanted) || $0.workerVersion.hasPrefix(wanted)
            }
        guard let found = exact.first ?? (near.count == 1 ? near.first : nil) else {
            let names = all.prefix(5).map(\.workerVersion).joined(separator: ", ")
            throw FlareError(
                .workerNotFound,
                near.isEmpty
                    ? "workflow \"\(workflow.name)\" has no version \"\(wanted)\""
                    : "\(near.count) versions of workflow \"\(workflow.name)\" begin with \"\(wanted)\"",
                hint: "use latest, or one of \(names)"
            )
        }
        guard try isKept(found) else {
            throw FlareError(
                .workerNotFound,
                "version \"\(wanted)\" of the Worker \"\(found.worker)\" is not kept any more",
                hint: "use --version latest"
            )
        }
        return found
    }

    private static func requireEnded(_ instance: InstanceRecord, _ name: String) throws {
        guard !instance.status.isFinal else { return }
        throw FlareError(
            .inUse,
            "(instance.cannot_restart) instance \"\(instance.id)\" is \(instance.status.rawValue); end it first",
            hint: "flare workflows terminate \(name) \(instance.id), or replay with --force"
        )
    }

    private static func tooLarge(_ what: String, _ count: Int) -> FlareError {
        FlareError(
            .bodyTooLarge,
            "\(what) has \(count) bytes; at most \(Limits.workflowValueBytesMax) are kept",
            hint: "keep large data in a bucket and pass its key"
        )
    }
}

extension ReplayPlan {
    /// The plan as the API shows it.
    fileprivate func body(of instance: InstanceRecord) -> ReplayedBody {
        var body = ReplayedBody(id: instance.id, kept: kept.count, again: entries.count - kept.count)
        body.before = instance.status
        body.fromStep = from
        body.steps = entries.map {
            ReplayStepBody(
                name: $0.step.text,
                type: $0.step.typeName,
                status: $0.step.status.rawValue,
                attempts: $0.step.attempts,
                plan: $0.plan
            )
        }
        return body
    }
}
