package import FlareModel
import FlareStore
import Logging
import Synchronization

extension WorkerService {
    /// As `deploy(_:)`, with nothing but what the wrangler file says.
    package func deploy(directory: String) async throws -> DeploymentBody {
        try await deploy(DeployBody(directory: directory))
    }

    /// Bundles a project, tries it, and makes it the current version of its Worker.
    ///
    /// Nothing changes unless all of it works: rows, consumers and workflows are written in one transaction, after a
    /// process has started with the new bundle. Running invocations finish on the version that they began with. A dry
    /// run does the same up to the end of that transaction, which it takes back.
    package func deploy(_ body: DeployBody) async throws -> DeploymentBody {
        try body.check()
        let loaded = try WranglerFile.load(from: body.directory)
        let (file, environmentWarnings) = try loaded.selecting(environment: body.environment)
        let configuration = try WranglerConfiguration(file.overridden(by: body))
        // Deploys of one Worker at the same time never share a directory: each has a version of its own.
        let key = VersionKey(worker: configuration.name, version: Identifier.uuid())
        underway.withLock { _ = $0.insert(key) }
        defer { underway.withLock { _ = $0.remove(key) } }
        let changes = secretChangesCount(of: key.worker)
        var plan = Deployment.Plan(
            configuration: configuration,
            key: key,
            project: body.directory,
            concurrency: body.concurrency == nil ? try await keptConcurrency(of: configuration.name) : body.concurrency,
            secrets: try await database.read { try SecretRecord.values(of: key.worker, in: $0) },
            message: body.message,
            tag: body.tag
        )
        plan.tellVersion(at: time.now())
        if body.isDevelopment == true {
            plan.localSecrets = try LocalSecrets.read(project: body.directory, environment: body.environment)
        }
        // Before the work of bundling; asked again when it counts.
        try await database.read { [details = plan.details] in try details.checkSecrets(in: $0) }
        let deployment = try await Deployment.prepare(plan, service: self, starter: starter)
        let outcome: Outcome
        do {
            if let outdir = body.outdir { try starter.versions.copy(key, to: outdir) }
            outcome = try await commit(deployment, isDryRun: body.isDryRun == true)
            if body.isDryRun == true { await discard(deployment) }
        } catch {
            await discard(deployment)
            throw error
        }
        if body.isDryRun != true { try await putIntoService(deployment.runner, as: key, secretChanges: changes) }
        return DeploymentBody(
            worker: outcome.worker,
            main: configuration.main,
            sourceFiles: deployment.bundle.sourceFiles,
            bundleBytes: deployment.bundle.bytes,
            esbuild: deployment.bundle.esbuild,
            warnings: environmentWarnings + configuration.warnings + deployment.localWarnings,
            changes: outcome.changes,
            isDryRun: body.isDryRun == true,
            watch: body.isDevelopment == true ? deployment.watch(file: file.name, body) : nil
        )
    }

    /// What a deploy changed, or would change.
    struct Outcome: Sendable {
        var worker: WorkerBody
        var changes: [DeploymentChangeBody]
    }

    /// Ends the transaction of a dry run, so that nothing of it stays.
    private struct DryRunEnd: Error {
        let outcome: Outcome
    }

    /// What people say of a version has its bounds.
    static func checkTexts(message: String?, tag: String?) throws {
        for (what, text, limit) in [
            ("message", message, Limits.versionMessageLengthMax), ("tag", tag, Limits.versionMessageLengthMax / 4),
        ] where (text?.count ?? 0) > limit {
            throw FlareError(.invalidArgument, "the \(what) of a version has at most \(limit) characters")
        }
    }

    func commit(_ deployment: Deployment, isDryRun: Bool) async throws -> Outcome {
        let (hooks, now, details, plan) = (hooks, time.now(), deployment.details, deployment.plan)
        let key = deployment.key
        do {
            return try await database.write { tx in
                var details = details
                try details.checkSecrets(in: tx)
                let before = try VersionRecord.current(of: key.worker, in: tx)?.details
                try Self.checkBase(plan, current: before?.configuration.version)
                let missing = try hooks.missing(details.configuration, tx)
                if details.configuration.keepsTriggers == true {
                    try Self.checkTargets(details.configuration, missing: missing, in: tx)
                }
                let changes = missing + DeploymentChanges.between(before, details)
                try details.storeSecrets(at: now, in: tx)
                try WorkerRecord.setCurrent(key.version, of: key.worker, at: now, in: tx)
                try VersionRecord.insert(details, message: plan.message, tag: plan.tag, at: now, in: tx)
                try hooks.register(details.configuration, tx)
                let events = WorkerEvents(worker: key.worker, publish: hooks.publish, now: now, transaction: tx)
                try events.deployed(key.version, isNew: before == nil)
                try Self.forgetOld(key.worker, except: [key.version], hooks, events, in: tx)
                let worker = try Self.body(WorkerRecord.named(key.worker, in: tx), in: tx)
                let outcome = Outcome(worker: worker, changes: changes)
                if isDryRun { throw DryRunEnd(outcome: outcome) }
                return outcome
            }
        } catch let end as DryRunEnd {
            return end.outcome
        }
    }

    /// Throws `preconditionFailed` for a version made of one that is not current any more: it would undo what followed.
    private static func checkBase(_ plan: Deployment.Plan, current: String?) throws {
        guard let base = plan.base, base != current else { return }
        throw FlareError(
            .preconditionFailed,
            "the Worker \"\(plan.key.worker)\" was changed while this change was tried: it was made of the version "
                + "\(base), and \(current ?? "none") is current",
            hint: "send it again"
        )
    }

    /// Deletes the versions beyond those that are kept, but for those that instances need.
    static func forgetOld(
        _ worker: String,
        except kept: Set<String>,
        _ hooks: WorkerHooks,
        _ events: WorkerEvents,
        in tx: Transaction
    ) throws {
        let needed = try hooks.versionsInUse(worker, tx).union(kept)
        for old in try VersionRecord.all(of: worker, in: tx).dropFirst(Limits.workerVersionsKept)
        where !needed.contains(old.version) {
            try VersionRecord.delete(old.version, of: worker, in: tx)
            try events.forgot(old.version)
        }
    }

    func discard(_ deployment: Deployment) async {
        await deployment.runner.stop()
        starter.versions.remove(deployment.key)
    }

    /// Lets new invocations go to a process of the version that has just become current.
    func putIntoService(_ runner: Runner, as key: VersionKey, secretChanges count: Int) async throws {
        await fleet.adopt(runner, as: key)
        await fleet.retireVersions(of: key.worker, except: key.version)
        // It may have been started with secrets that were changed since.
        if secretChangesCount(of: key.worker) != count { await fleet.restart(key.worker) }
        try await removeUnkeptDirectories()
        logger.info("made a version current", metadata: ["worker": "\(key.worker)", "version": "\(key.version)"])
    }

    /// Makes an earlier version current again: nil for the newest one that is older than the current one.
    ///
    /// A version is named by its id, the beginning of it, or its tag. It is started first, and its consumers,
    /// workflows and schedules are set in the transaction that makes it current, as by a deploy.
    package func rollback(_ name: String, to version: String?) async throws -> RolledBackBody {
        let target = try await database.read { tx in
            try VersionRecord.forRollback(of: WorkerRecord.named(name, in: tx), to: version, in: tx)
        }
        let key = VersionKey(worker: name, version: target.version)
        let changes = secretChangesCount(of: name)
        let runner = try await starter.start(key)
        let body: RolledBackBody
        do {
            body = try await makeCurrent(key)
        } catch {
            await runner.stop()
            throw error
        }
        // Those that run have seen other secrets than came with the version.
        if target.details.uploadedSecrets != nil { await fleet.restart(name) }
        try await putIntoService(runner, as: key, secretChanges: changes)
        return body
    }

    private func makeCurrent(_ key: VersionKey) async throws -> RolledBackBody {
        let (hooks, now) = (hooks, time.now())
        return try await database.write { tx in
            let record = try WorkerRecord.named(key.worker, in: tx)
            // A deploy may have removed it in the meantime.
            let target = try VersionRecord.forRollback(of: record, to: key.version, in: tx)
            var details = target.details
            try details.checkSecrets(in: tx)
            if details.uploadedSecrets != nil {
                try details.storeSecrets(at: now, in: tx)
                try VersionRecord.update(details, in: tx)
            }
            try WorkerRecord.setCurrent(key.version, of: key.worker, at: now, in: tx)
            try hooks.register(target.details.configuration, tx)
            try WorkerEvents(worker: key.worker, publish: hooks.publish, now: now, transaction: tx)
                .madeCurrent(key.version)
            let instances = try hooks.instancesByVersion(key.worker, tx)
            let worker = try Self.body(WorkerRecord.named(key.worker, in: tx), instances: instances, in: tx)
            return RolledBackBody(worker: worker, previous: record.currentVersion)
        }
    }

    func secretChangesCount(of worker: String) -> Int {
        secretChanges.withLock { $0[worker] ?? 0 }
    }

    /// Lets the processes of a Worker end that have seen other secrets.
    func secretsChanged(of worker: String) async {
        secretChanges.withLock { $0[worker, default: 0] += 1 }
        await fleet.restart(worker)
    }
}

extension DeployBody {
    fileprivate func check() throws {
        try WorkerService.checkTexts(message: message, tag: tag)
        for (what, path) in [("directory", directory), ("outdir", outdir ?? "/")] where !path.hasPrefix("/") {
            throw FlareError(.invalidArgument, "\"\(what)\" must be an absolute path, not \"\(path)\"")
        }
    }
}

extension VersionRecord {
    /// The version that a rollback makes current.
    ///
    /// Throws `versionNotFound` listing those that are kept.
    fileprivate static func forRollback(
        of worker: WorkerRecord,
        to version: String?,
        in tx: Transaction
    ) throws -> VersionRecord {
        let all = try all(of: worker.name, in: tx)
        let listing = "see: flare workers versions \(worker.name)"
        guard let version else {
            let older = all.drop { $0.version != worker.currentVersion }.dropFirst()
            if let found = older.first { return found }
            let text = "the Worker \"\(worker.name)\" has no version older than the current one"
            throw FlareError(.versionNotFound, text, hint: listing)
        }
        let matches = all.filter { $0.version == version || $0.tag == version }
        let found = matches.isEmpty && version.count >= 4 ? all.filter { $0.version.hasPrefix(version) } : matches
        guard let target = found.first, found.count == 1 else {
            let what = found.isEmpty ? "is not kept, or never was one" : "stands for \(found.count) of them"
            let text = "\"\(version)\" \(what) of the versions of the Worker \"\(worker.name)\""
            throw FlareError(.versionNotFound, text, hint: listing)
        }
        guard target.version != worker.currentVersion else {
            let text = "the version \(target.version) of the Worker \"\(worker.name)\" is the current one"
            throw FlareError(.alreadyExists, text, hint: listing)
        }
        return target
    }
}
