package import FlareModel
import FlareStore
import Logging

extension WorkerService {
    /// The names of a Worker's secrets.
    ///
    /// Throws `workerNotFound` when there is neither a Worker of this name nor a secret that waits for one.
    package func secrets(of worker: String) async throws -> [SecretBody] {
        try await database.read { tx in
            let secrets = try SecretRecord.all(of: worker, in: tx)
            if secrets.isEmpty { _ = try WorkerRecord.named(worker, in: tx) }
            return secrets.map { SecretBody(name: $0.name, modifiedOn: $0.modifiedAt) }
        }
    }

    /// One secret, without its value; throws `secretNotFound`.
    package func secret(_ name: String, of worker: String) async throws -> SecretBody {
        try await database.read { tx in
            let secret = try SecretRecord.named(name, of: worker, in: tx)
            return SecretBody(name: secret.name, modifiedOn: secret.modifiedAt)
        }
    }

    /// Stores the secrets that have a value and deletes those that have none, all or none of them.
    ///
    /// What starts from now on sees them: processes that run finish their invocations and end. A Worker that is not
    /// deployed yet finds them at its first deploy. Throws `inUse` when a name of `env` is taken by a variable or a
    /// binding, `secretNotFound` when one to be deleted does not exist.
    @discardableResult
    package func changeSecrets(_ changes: [String: String?], of worker: String) async throws -> SecretsChangedBody {
        try NameRule.worker.validate(worker)
        for (name, value) in changes {
            guard let value else { continue }
            try NameRule.secret.validate(name)
            guard value.utf8.count <= Limits.secretBytesMax else {
                throw FlareError(
                    .bodyTooLarge,
                    "the value of the secret \"\(name)\" is larger than \(formatSizeBytes(Limits.secretBytesMax))"
                )
            }
        }
        let now = time.now()
        let body = try await database.write { [hooks] tx in
            let before = try SecretRecord.all(of: worker, in: tx).map(\.name)
            let body = try Self.change(changes, of: worker, at: now, in: tx)
            guard body.isDeployed else { return body }
            try WorkerEvents(worker: worker, publish: hooks.publish, now: now, transaction: tx)
                .secretsChanged(added: body.stored.filter { !before.contains($0) }, removed: body.deleted)
            return body
        }
        await secretsChanged(of: worker)
        let names = (body.stored + body.deleted).joined(separator: ", ")
        logger.info("changed secrets", metadata: ["worker": "\(worker)", "names": "\(names)"])
        return body
    }

    private static func change(
        _ changes: [String: String?],
        of worker: String,
        at now: Timestamp,
        in tx: Transaction
    ) throws -> SecretsChangedBody {
        let details = try VersionRecord.current(of: worker, in: tx)?.details
        var body = SecretsChangedBody(worker: worker, stored: [], deleted: [], isDeployed: details != nil)
        for (name, value) in changes.sorted(by: { $0.key < $1.key }) {
            if let value {
                try details?.checkFree(name)
                try SecretRecord.set(name, value, of: worker, at: now, in: tx)
                body.stored.append(name)
            } else {
                _ = try SecretRecord.named(name, of: worker, in: tx)
                try SecretRecord.delete(name, of: worker, in: tx)
                body.deleted.append(name)
            }
        }
        guard try SecretRecord.all(of: worker, in: tx).count <= Limits.secretsMax else {
            throw FlareError(.invalidArgument, "the Worker \"\(worker)\" would have over \(Limits.secretsMax) secrets")
        }
        return body
    }
}

extension VersionDetails {
    /// Throws `inUse` when a variable or binding of this version has the name.
    fileprivate func checkFree(_ name: String) throws {
        let binding = configuration.bindings.first { $0.name == name }
        guard binding != nil || vars[name] != nil else { return }
        let what = binding.map { "a binding of the \($0.kind.rawValue) \"\($0.target)\"" } ?? "a plain variable"
        throw FlareError(
            .inUse,
            "env.\(name) is \(what) of the Worker \"\(configuration.worker)\"",
            hint: "give the secret another name, or deploy the Worker without \"\(name)\" first"
        )
    }

    /// Checks that this version can run with the secrets that its Worker has.
    func checkSecrets(in tx: Transaction) throws {
        let worker = configuration.worker
        let secrets = Set(try SecretRecord.all(of: worker, in: tx).map(\.name) + (uploadedSecrets ?? [:]).keys)
        let clash = configuration.bindings.map(\.name) + vars.keys.sorted()
        if let name = clash.first(where: secrets.contains) {
            throw FlareError(
                .inUse,
                "env.\(name) is both a secret of the Worker \"\(worker)\" and a variable or binding of this version",
                hint: "rename one of them, or run: flare workers secret delete \(worker) \(name)"
            )
        }
        let missing = (requiredSecrets ?? []).filter { !secrets.contains($0) && localSecrets?[$0] == nil }
        guard let first = missing.first, localSecrets == nil else { return }
        let list = missing.map { "\"\($0)\"" }.joined(separator: ", ")
        throw FlareError(
            .secretNotFound,
            "the Worker \"\(worker)\" requires the secret\(missing.count == 1 ? "" : "s") \(list), not set yet",
            hint: "run: flare workers secret put \(worker) \(first)"
        )
    }

    /// Makes the secrets that came with this version those of its Worker.
    mutating func storeSecrets(at now: Timestamp, in tx: Transaction) throws {
        let worker = configuration.worker
        for (name, value) in uploadedSecrets ?? [:] {
            try SecretRecord.set(name, value, of: worker, at: now, in: tx)
        }
        uploadedSecrets = nil
        guard try SecretRecord.all(of: worker, in: tx).count <= Limits.secretsMax else {
            throw FlareError(.invalidArgument, "the Worker \"\(worker)\" would have over \(Limits.secretsMax) secrets")
        }
    }

    /// What `env` holds beside bindings; what stands in `.dev.vars` wins, as it does for wrangler.
    func variables(secrets: [String: String]) -> [String: JSONValue] {
        let secrets = secrets.merging(uploadedSecrets ?? [:]) { $1 }
        return vars.merging(secrets.mapValues { .string($0) }) { variable, _ in variable }
            .merging((localSecrets ?? [:]).mapValues { .string($0) }) { $1 }
    }
}
