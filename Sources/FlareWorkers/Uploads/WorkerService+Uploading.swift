package import FlareModel
package import FlareStore
import Logging
import Synchronization

extension WorkerService {
    /// Makes a version of an upload of Cloudflare's API, as `deploy(_:)` makes one of a project.
    ///
    /// Nothing changes unless all of it works. What it is joined to must be there: nothing is created on the way.
    package func upload(_ upload: ScriptUpload) async throws -> UploadedScript {
        try NameRule.worker.validate(upload.worker)
        let before = try await before(upload)
        let metadata = try ScriptMetadata(upload, before: before)
        try Self.checkTexts(message: metadata.message, tag: metadata.tag)
        let key = VersionKey(worker: upload.worker, version: Identifier.uuid())
        underway.withLock { _ = $0.insert(key) }
        defer { underway.withLock { _ = $0.remove(key) } }
        let changes = secretChangesCount(of: key.worker)
        var plan = Deployment.Plan(
            configuration: metadata.configuration,
            key: key,
            project: starter.versions.path(key),
            source: try Self.source(upload, metadata, before: before),
            base: [.code, .settings].contains(upload.purpose) ? before.version?.version : nil,
            concurrency: try await keptConcurrency(of: key.worker),
            secrets: try await database.read { try SecretRecord.values(of: key.worker, in: $0) },
            message: metadata.message,
            tag: metadata.tag,
            uploadedSecrets: metadata.secrets.isEmpty ? nil : metadata.secrets
        )
        plan.tellVersion(at: time.now())
        try await database.read { [details = plan.details] in try details.checkSecrets(in: $0) }
        let deployment = try await Deployment.prepare(plan, service: self, starter: starter)
        do {
            switch upload.purpose {
            case .version: try await keep(deployment)
            default: _ = try await commit(deployment, isDryRun: false)
            }
        } catch {
            await discard(deployment)
            throw error
        }
        if upload.purpose == .version {
            await deployment.runner.stop()
            try await removeUnkeptDirectories()
        } else {
            // Those that run have seen other secrets.
            if plan.uploadedSecrets != nil { await fleet.restart(key.worker) }
            try await putIntoService(deployment.runner, as: key, secretChanges: changes)
        }
        return UploadedScript(
            worker: try await get(key.worker),
            version: try await scriptVersion(key.version, of: key.worker),
            startupMilliseconds: deployment.startupMilliseconds
        )
    }

    /// What the Worker has; throws `workerNotFound` when an upload needs a Worker that is there.
    private func before(_ upload: ScriptUpload) async throws -> ScriptMetadata.Before {
        try await database.read { tx in
            let secrets = Set(try SecretRecord.all(of: upload.worker, in: tx).map(\.name))
            if upload.purpose != .deployment { _ = try WorkerRecord.named(upload.worker, in: tx) }
            let version =
                upload.purpose == .version
                ? try VersionRecord.all(of: upload.worker, in: tx).first
                : try VersionRecord.current(of: upload.worker, in: tx)
            return ScriptMetadata.Before(version: version, secrets: secrets)
        }
    }

    private static func source(
        _ upload: ScriptUpload,
        _ metadata: ScriptMetadata,
        before: ScriptMetadata.Before
    ) throws -> Deployment.Plan.Source {
        if upload.purpose == .settings, let version = before.version {
            return .version(VersionKey(worker: upload.worker, version: version.version), version.details.upload)
        }
        do {
            return .upload(try ScriptModules(upload.modules, main: metadata.configuration.main))
        } catch let error as FlareError where error.code == .invalidData {
            throw error.numbered(10021)
        }
    }

    /// Stores a version that is not current, once it is sure that it could be.
    private func keep(_ deployment: Deployment) async throws {
        _ = try await commit(deployment, isDryRun: true)
        let (hooks, now, details, plan) = (hooks, time.now(), deployment.details, deployment.plan)
        let key = deployment.key
        try await database.write { tx in
            let worker = try WorkerRecord.named(key.worker, in: tx)
            try VersionRecord.insert(details, message: plan.message, tag: plan.tag, at: now, in: tx)
            let events = WorkerEvents(worker: key.worker, publish: hooks.publish, now: now, transaction: tx)
            try events.uploaded(key.version)
            try Self.forgetOld(key.worker, except: [key.version, worker.currentVersion], hooks, events, in: tx)
        }
        logger.info("stored a version", metadata: ["worker": "\(key.worker)", "version": "\(key.version)"])
    }

    /// Throws under Cloudflare's numbers when what an upload is joined to is not there.
    ///
    /// - Parameter missing: what a deploy of a project would create.
    static func checkTargets(
        _ configuration: DeployedConfiguration,
        missing: [DeploymentChangeBody],
        in tx: Transaction
    ) throws {
        for thing in missing {
            let binding = configuration.bindings.first { $0.target == thing.name && $0.kind.rawValue == thing.kind }
            let isBucket = thing.kind == "bucket"
            throw FlareError(
                isBucket ? .bucketNotFound : .queueNotFound,
                "the binding \"\(binding?.name ?? "")\" needs the \(thing.kind) \"\(thing.name)\", "
                    + "which does not exist",
                hint: "create it: flare \(thing.kind)s create \(thing.name)"
            ).numbered(isBucket ? 10085 : FlareError.Code.queueNotFound.apiCode)
        }
        for service in configuration.bindings where service.kind == .service && service.target != configuration.worker {
            do {
                try checkService(service, in: tx)
            } catch let error as FlareError where error.code == .workerNotFound {
                throw error.numbered(10143)
            }
        }
    }

    /// One kept version, the current one for nil; throws `workerNotFound` or `versionNotFound`.
    package func scriptVersion(_ version: String? = nil, of worker: String) async throws -> ScriptVersionBody {
        try await database.read { tx in
            let (all, index) = try Self.kept(version, of: worker, in: tx)
            let found = all[index]
            let secrets = Set(try SecretRecord.all(of: worker, in: tx).map(\.name))
            return ScriptVersionBody(
                WorkerVersionBody(
                    id: found.version,
                    createdOn: found.createdAt,
                    message: found.message,
                    tag: found.tag
                ),
                number: all.count - index,
                bindings: ScriptBinding.all(of: found.details, secrets: secrets).map(\.json),
                handlers: found.details.exports.handlers,
                compatibilityDate: found.details.compatibilityDate,
                compatibilityFlags: found.details.compatibilityFlags,
                processorMilliseconds: found.details.configuration.limits?.processorMilliseconds
            )
        }
    }

    /// The code of a kept version, the current one for nil; throws `workerNotFound` or `versionNotFound`.
    package func scriptContent(of worker: String, version: String? = nil) async throws -> ScriptContent {
        let (key, upload) = try await database.read { tx in
            let (all, index) = try Self.kept(version, of: worker, in: tx)
            return (VersionKey(worker: worker, version: all[index].version), all[index].details.upload)
        }
        return try starter.versions.content(key, upload)
    }

    /// All kept versions, newest first, and where the one that is asked for stands among them.
    private static func kept(
        _ version: String?,
        of worker: String,
        in tx: Transaction
    ) throws -> (all: [VersionRecord], index: Int) {
        let id = try version ?? WorkerRecord.named(worker, in: tx).currentVersion
        let all = try VersionRecord.all(of: worker, in: tx)
        if let index = all.firstIndex(where: { $0.version == id }) { return (all, index) }
        _ = try WorkerRecord.named(worker, in: tx)
        let text = "the Worker \"\(worker)\" has no version \"\(id)\""
        throw FlareError(.versionNotFound, text, hint: "see: flare workers versions \(worker)")
    }

    /// Which Workers call which, as services.
    package func references(of worker: String) async throws -> ScriptReferencesBody {
        try await database.read { tx in
            _ = try WorkerRecord.named(worker, in: tx)
            var (incoming, outgoing): ([ScriptReferencesBody.Reference], [ScriptReferencesBody.Reference]) = ([], [])
            for record in try WorkerRecord.all(in: tx) {
                let key = VersionKey(worker: record.name, version: record.currentVersion)
                for binding in try VersionRecord.find(key, in: tx)?.details.configuration.bindings ?? []
                where binding.kind == .service {
                    if record.name == worker { outgoing.append(.init(name: binding.name, service: binding.target)) }
                    guard binding.target == worker, record.name != worker else { continue }
                    incoming.append(.init(name: binding.name, service: record.name))
                }
            }
            return ScriptReferencesBody(incoming: incoming, outgoing: outgoing)
        }
    }

    /// The exported name of a workflow's class in the current version of a Worker.
    ///
    /// Throws `workerNotFound`, or `buildFailed` listing what there is.
    package func exportName(
        ofWorkflow name: String,
        className: String,
        worker: String,
        in tx: Transaction
    ) throws -> String {
        _ = try WorkerRecord.named(worker, in: tx)
        guard let version = try VersionRecord.current(of: worker, in: tx) else { return className }
        let declaration = WorkflowDeclaration(name: name, className: className)
        return try version.details.exports.exportName(ofWorkflow: declaration)
    }
}
