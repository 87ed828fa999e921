package import FlareModel
import FlareStore
import FlareWorkers

/// Instances whose steps a script asks for, and who runs that script.
extension WorkflowService {
    /// Attaches a process to the run of a script: to a new instance, or to the one with this id that goes on.
    ///
    /// One that is complete is answered as it is, with no attachment. After an error a new run begins that keeps the
    /// complete steps. Throws `inUse` while another process runs the script.
    package func attachShell(_ body: ShellAttachBody, to name: String) async throws -> ShellAttachmentBody {
        // Not `persist`: the command says that the disk is full, and asks again.
        try await store.database.write { transaction in
            let now = self.store.time.now()
            let workflow = try self.defineShell(name, script: body.script, hash: body.scriptHash, in: transaction)
            let params = try Self.shellParams(body.params)
            let known = try body.instanceID.flatMap { try InstanceRecord.find($0, of: workflow.id, in: transaction) }
            if let known { try self.requireFree(known, of: workflow, params, for: body.process, in: transaction) }
            var instance = try known ?? self.createShell(body.instanceID, params ?? [], of: workflow, in: transaction)
            if instance.status != .complete {
                instance = try self.takeShell(instance, of: workflow, body.process, at: now, in: transaction)
            }
            let stored = try RunHistoryRecord.params(of: instance.key, in: transaction)
            transaction.afterCommit { [store = self.store, instance] in store.watchers.notify(instance.sequence) }
            return ShellAttachmentBody(
                workflow: workflow.name,
                instance: instance.id,
                run: instance.run,
                attachment: try ShellRunRecord.invocation(instance.key, in: transaction),
                status: instance.status,
                isNew: known == nil,
                finishedSteps: try ShellRunRecord.completeSteps(instance.key, in: transaction),
                params: stored.isEmpty ? nil : TaggedJSON.plain(stored)
            )
        }
    }

    /// Holds an attachment until the instance is taken from it, or the task is cancelled because the runner has gone.
    ///
    /// `receive` gets a word when it holds and one when it is revoked.
    package func holdShell(
        _ attachment: Int64,
        of id: String,
        _ name: String,
        _ receive: @Sendable (ShellHoldBody) async throws -> Void
    ) async throws {
        let sequence = try await store.database.read { try self.instance(id, of: name, in: $0).sequence }
        try await store.watchers.watching(sequence) { changed in
            // Before the run is marked: the end of an earlier connection must not put it aside afterwards.
            shellHolds.insert(attachment, for: sequence)
            var isHeld = true
            func letGo() {
                if isHeld { shellHolds.remove(attachment, for: sequence) }
                isHeld = false
            }
            defer { letGo() }
            do {
                if let reason = try await beginHold(attachment, sequence) {
                    return try await receive(ShellHoldBody(.revoked, message: reason))
                }
                try await receive(ShellHoldBody(.attached))
                while true {
                    let reason = try await store.database.read { try self.revocation(attachment, sequence, in: $0) }
                    if let reason { return try await receive(ShellHoldBody(.revoked, message: reason)) }
                    await changed.wait()
                    try Task.checkCancellation()
                }
            } catch {
                letGo()
                let reason = "the process that ran the script has gone"
                try await detachShell(attachment, of: sequence, reason, unlessHeld: true)
                throw error
            }
        }
    }

    /// The script has ended: with an exit status, which ends the instance, or cut off, which leaves it unfinished.
    package func endShell(_ body: ShellEndBody, of id: String, _ name: String) async throws {
        guard let status = body.exitStatus else {
            let sequence = try await store.database.read { try self.instance(id, of: name, in: $0).sequence }
            return try await detachShell(body.attachment, of: sequence, body.message ?? "the script was cut off")
        }
        try await store.database.write { [store] transaction in
            let instance = try self.instance(id, of: name, in: transaction)
            let wanted: InstanceStatus = status == 0 ? .complete : .errored
            let current = try ShellRunRecord.invocation(instance.key, in: transaction)
            // Told again after a lost answer.
            if instance.status == wanted, current == body.attachment { return }
            if let reason = try self.revocation(body.attachment, instance.sequence, in: transaction) {
                throw FlareError(.inUse, reason)
            }
            let now = store.time.now()
            var state = RunState(status: .running)
            _ = state.event(status == 0 ? .returned : .threw, at: now)
            let message = "the script ended with status \(status)"
            let error = status == 0 ? nil : JavaScriptError(name: "ExitStatus", message: message)
            let ledger = StepLedger(run: instance.key, now: now, transaction: transaction)
            try ledger.interruptOpen()
            let output = JSONValue.object(["exitStatus": .integer(Int64(status))]).jsonBytes
            let result = RunRecord.Result(output: error == nil ? output : nil, error: error)
            try store.end(instance.key, state, result, at: now, in: transaction)
            try ledger.log(LogRecord(error == nil ? .workflowCompleted : .workflowErrored, error: error))
            try ShellAttachmentRecord.delete(instance.sequence, in: transaction)
            transaction.afterCommit { store.watchers.notify(instance.sequence) }
        }
    }

    // MARK: - Parts

    /// Defines the workflow of a script, or gives it the version that the script has now.
    func defineShell(
        _ name: String,
        script: String,
        hash: String,
        in transaction: Transaction
    ) throws -> WorkflowRecord {
        if let workflow = try WorkflowRecord.find(name, in: transaction), workflow.kind != .shell {
            throw FlareError(
                .alreadyExists,
                "workflow \"\(name)\" is the code of Worker \"\(workflow.version.worker)\", not a script",
                hint: "give the script's workflow another name with --name"
            )
        }
        return try define(
            name,
            worker: script,
            workerVersion: hash,
            className: WorkflowRecord.Kind.shell.rawValue,
            kind: .shell,
            in: transaction
        )
    }

    func createShell(
        _ id: String?,
        _ params: [UInt8],
        of workflow: WorkflowRecord,
        in transaction: Transaction
    ) throws -> InstanceRecord {
        let new = NewInstance(id: id, params: params, trigger: .shell)
        var instance = try create(new, of: workflow.name, in: transaction)
        try ShellRunRecord.set(.queued, instance.key, at: store.time.now(), in: transaction)
        instance.wakeAt = nil
        return instance
    }

    private static func shellParams(_ text: String?) throws -> [UInt8]? {
        guard let text else { return nil }
        guard text.utf8.count <= Limits.shellParamsBytesMax else {
            throw FlareError(
                .bodyTooLarge,
                "the parameters have \(text.utf8.count) bytes; a script takes at most \(Limits.shellParamsBytesMax)",
                hint: "pass the name of a file"
            )
        }
        return try TaggedJSON.escape(json: Array(text.utf8))
    }

    /// Throws unless a process may go on with a known instance.
    private func requireFree(
        _ instance: InstanceRecord,
        of workflow: WorkflowRecord,
        _ params: [UInt8]?,
        for process: ProcessIdentity,
        in transaction: Transaction
    ) throws {
        // The process itself asks again when the answer was lost.
        if let holder = try shellHolder(of: instance, in: transaction), holder != process {
            throw FlareError(
                .inUse,
                "instance \"\(instance.id)\" of workflow \"\(workflow.name)\" is being run by process \(holder.pid)",
                hint: "wait for it: flare workflows wait \(workflow.name) \(instance.id)"
            )
        }
        if instance.status == .terminated {
            throw FlareError(
                .inUse,
                "instance \"\(instance.id)\" of workflow \"\(workflow.name)\" was terminated",
                hint: "begin another one, with another --id"
            )
        }
        if let params, try RunHistoryRecord.params(of: instance.key, in: transaction) != params {
            throw FlareError(
                .alreadyExists,
                "instance \"\(instance.id)\" of workflow \"\(workflow.name)\" has other parameters",
                hint: "leave --params out to go on with it, or choose another --id"
            )
        }
    }

    /// The process that runs the script of an instance now.
    func shellHolder(of instance: InstanceRecord, in transaction: Transaction) throws -> ProcessIdentity? {
        guard let attachment = try ShellAttachmentRecord.find(instance.sequence, in: transaction) else { return nil }
        return shellHolds.isHeld(instance.sequence) || attachment.process.isAlive ? attachment.process : nil
    }

    private func takeShell(
        _ found: InstanceRecord,
        of workflow: WorkflowRecord,
        _ process: ProcessIdentity,
        at now: Timestamp,
        in transaction: Transaction
    ) throws -> InstanceRecord {
        var key = found.key
        if found.status == .errored {
            key = try ShellRunRecord.insert(after: key, of: workflow, at: now, in: transaction)
        }
        let attachment = try ShellRunRecord.attach(key, version: workflow.version.id, at: now, in: transaction)
        try ShellAttachmentRecord(number: attachment, process: process).insert(for: key.instance, in: transaction)
        try ShellCallRecord.deleteIdle(of: key.instance, in: transaction)
        let line = LogRecord(.workflowRunning, message: "attachment \(attachment), process \(process.pid)")
        try line.insert(into: key, at: now, in: transaction)
        try store.events.tell(.started, key, at: now, in: transaction)
        if found.startedAt != nil, found.versionID != workflow.version.id {
            let note = LogRecord(.warning, message: "the script has changed since the instance began")
            try note.insert(into: key, at: now, in: transaction)
        }
        guard let instance = try InstanceRecord.find(key.instance, in: transaction) else {
            throw FlareError(.instanceNotFound, "the instance was deleted")
        }
        return instance
    }

    /// Why an attachment does not count any more, or nil.
    func revocation(_ attachment: Int64, _ sequence: Int64, in transaction: Transaction) throws -> String? {
        guard let instance = try InstanceRecord.find(sequence, in: transaction) else {
            return "the instance was deleted"
        }
        if instance.status.isFinal { return "instance \"\(instance.id)\" is \(instance.status.rawValue)" }
        guard try ShellRunRecord.invocation(instance.key, in: transaction) == attachment else {
            return "another process has gone on with instance \"\(instance.id)\""
        }
        return nil
    }

    /// Marks the run as running, as it may have been left before a runner came back to a new engine.
    ///
    /// Returns why it cannot be.
    private func beginHold(_ attachment: Int64, _ sequence: Int64) async throws -> String? {
        try await store.persist { [store] transaction in
            if let reason = try self.revocation(attachment, sequence, in: transaction) { return reason }
            guard let instance = try InstanceRecord.find(sequence, in: transaction), instance.status != .running else {
                return nil
            }
            try ShellRunRecord.set(.running, instance.key, at: store.time.now(), in: transaction)
            transaction.afterCommit { store.watchers.notify(sequence) }
            return nil
        }
    }

    /// - Parameter unlessHeld: not when the process is back on another connection.
    private func detachShell(
        _ attachment: Int64,
        of sequence: Int64,
        _ reason: String,
        unlessHeld: Bool = false
    ) async throws {
        try await store.database.write { [store, shellHolds] transaction in
            if unlessHeld, shellHolds.isHeld(sequence, as: attachment) { return }
            guard try self.revocation(attachment, sequence, in: transaction) == nil,
                let instance = try InstanceRecord.find(sequence, in: transaction), instance.status == .running
            else { return }
            let now = store.time.now()
            try ShellRunRecord.set(.queued, instance.key, at: now, in: transaction)
            let line = LogRecord(.workflowInterrupted, message: reason)
            try line.insert(into: instance.key, at: now, in: transaction)
            transaction.afterCommit { store.watchers.notify(sequence) }
        }
    }
}
