package import FlareModel
import FlareStore

/// The steps of scripts.
extension WorkflowService {
    /// `flare step` asks for a step of a script that runs.
    package func beginShellStep(
        _ body: ShellStepBody,
        of id: String,
        _ name: String
    ) async throws -> ShellStepAnswerBody {
        try await inLedger(id, name) { ledger in
            try self.requireCurrent(body.attachment, ledger)
            return try ledger.begin(body)
        }
    }

    /// The same outside of any script: the instance is made when there is none, and stays open for more steps.
    package func beginLoneStep(
        _ body: ShellStepBody,
        of id: String,
        _ name: String
    ) async throws -> ShellStepAnswerBody {
        try await store.database.write { transaction in
            let known = try WorkflowRecord.find(name, in: transaction)
                .flatMap { try InstanceRecord.find(id, of: $0.id, in: transaction) }
            if known == nil {
                let workflow = try self.defineShell(name, script: Self.loneScript, hash: "", in: transaction)
                let instance = try self.createShell(id, [], of: workflow, in: transaction)
                try ShellRunRecord.setStarted(instance.key, at: self.store.time.now(), in: transaction)
            }
        }
        return try await inLedger(id, name) { ledger in
            try self.requireAlone(ledger)
            return try ledger.begin(body)
        }
    }

    /// An attempt of a step's command has ended.
    package func endShellStep(
        _ body: ShellAttemptEndBody,
        of id: String,
        _ name: String
    ) async throws -> ShellStepAnswerBody {
        try await inLedger(id, name) { try $0.end(body) }
    }

    /// Waits until there is something new for a call that waits, at most until `deadline`.
    package func awaitShellStep(
        _ call: String,
        of id: String,
        _ name: String,
        until deadline: Timestamp
    ) async throws -> ShellStepAnswerBody {
        let sequence = try await store.database.read { try self.instance(id, of: name, in: $0).sequence }
        return try await store.watchers.watching(sequence) { changed in
            while true {
                // A call that goes on waiting has changed nothing, and must not wake itself.
                let answer = try await inLedger(id, name, isLook: true) { ledger in
                    guard let call = try ShellCallRecord.find(call, of: sequence, in: ledger.transaction) else {
                        throw ledger.fenced("the call")
                    }
                    try self.requireCurrent(call.attachment == 0 ? nil : call.attachment, ledger)
                    return try ledger.look(call)
                }
                let now = store.time.now()
                guard answer.decision == .wait, let until = answer.until, until > now, deadline > now else {
                    return answer
                }
                await changed.wait(until: min(until, deadline), time: store.time)
                try Task.checkCancellation()
            }
        }
    }

    /// What stands for the script of steps that have none.
    static let loneScript = "flare step"

    private func inLedger(
        _ id: String,
        _ name: String,
        isLook: Bool = false,
        _ body: @escaping @Sendable (ShellLedger) throws -> ShellStepAnswerBody
    ) async throws -> ShellStepAnswerBody {
        try await store.database.write { [store] transaction in
            let instance = try self.instance(id, of: name, in: transaction)
            if instance.status.isFinal {
                throw FlareError(
                    .inUse,
                    "instance \"\(instance.id)\" of workflow \"\(name)\" is \(instance.status.rawValue) "
                        + "and takes no more steps"
                )
            }
            let ledger = ShellLedger(
                workflow: name,
                instance: instance,
                now: store.time.now(),
                transaction: transaction
            )
            let answer = try body(ledger)
            if !isLook || answer.decision != .wait {
                transaction.afterCommit { store.watchers.notify(instance.sequence) }
            }
            return answer
        }
    }

    /// Refuses the steps of a script that was cut off while another process has gone on with its instance.
    private func requireCurrent(_ attachment: Int64?, _ ledger: ShellLedger) throws {
        guard let attachment else { return try requireAlone(ledger) }
        let sequence = ledger.instance.sequence
        guard let reason = try revocation(attachment, sequence, in: ledger.transaction) else { return }
        throw FlareError(.inUse, reason)
    }

    private func requireAlone(_ ledger: ShellLedger) throws {
        guard let holder = try shellHolder(of: ledger.instance, in: ledger.transaction) else { return }
        throw FlareError(
            .inUse,
            "instance \"\(ledger.instance.id)\" is being run by process \(holder.pid)",
            hint: "steps beside its script need an instance of their own: another --id"
        )
    }
}
