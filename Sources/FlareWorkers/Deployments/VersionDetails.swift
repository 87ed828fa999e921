import FlareModel

/// Everything that is needed to start a version again: what its wrangler file said and what its bundle exports.
struct VersionDetails: Codable, Sendable {
    var configuration: DeployedConfiguration
    var vars: [String: JSONValue]
    var compatibilityDate: String?
    var compatibilityFlags: [String]
    var exports: ExportedNames
    /// What `flare deploy --concurrency` said, for this version and those after it.
    var concurrency: WorkerConcurrency?
    /// Names of secrets without which it must not run.
    var requiredSecrets: [String]?
    /// What `.dev.vars` held when `flare dev` deployed it; nil for other deploys.
    var localSecrets: [String: String]?
    /// The modules of an upload of Cloudflare's API; nil for a project that `flare deploy` has bundled.
    var upload: ScriptModules.Manifest?
    /// Secrets that came with an upload, until its first deployment makes them the Worker's.
    var uploadedSecrets: [String: String]?
    /// The name in `env` of the version's own id, which stands in `vars`.
    var versionMetadata: String?
}

/// What a bundle exports, as its process reported it.
struct ExportedNames: Codable, Sendable {
    /// What stands behind an exported name.
    struct Export: Codable, Sendable {
        /// `handlers`, `workflow`, `entrypoint`, `pipeline-transform` or `other`.
        var kind: String
        /// The class's own name, which for a default export differs from the exported one.
        var className: String?
        /// The functions of a handler object or entrypoint class; `pipeline` for a class that transforms batches.
        var handlers: [String]
    }

    var exports: [String: Export]

    /// Reads the `exports` of a `ready` frame, which is untrusted.
    ///
    /// They are `{name: {kind, className?, handlers}}`.
    init(json: JSONValue) {
        exports = (json.objectValue ?? [:]).mapValues { value in
            Export(
                kind: value["kind"]?.stringValue ?? "other",
                className: value["className"]?.stringValue,
                handlers: (value["handlers"]?.arrayValue ?? []).compactMap(\.stringValue)
            )
        }
    }

    var handlers: [String] { (exports["default"]?.handlers ?? []).sorted() }

    /// The exported name of a workflow's class: the name itself, or `default` when the default export is a class so
    /// called.
    ///
    /// Throws `buildFailed` listing what there is.
    func exportName(ofWorkflow declaration: WorkflowDeclaration) throws -> String {
        let name = declaration.className
        if let export = exports[name] {
            guard export.kind == "workflow" else {
                throw FlareError(
                    .buildFailed,
                    "\"\(name)\", the class of the workflow \"\(declaration.name)\", is not a workflow",
                    hint: "it must extend WorkflowEntrypoint (or Workflow) of \"cloudflare:workers\""
                )
            }
            return name
        }
        if let export = exports["default"], export.kind == "workflow", export.className == name { return "default" }
        throw missing(name, workflow: declaration.name, exported: exports.keys.sorted())
    }

    /// Checks the handlers that consumers need.
    func checkHandlers(_ consumers: [ConsumerDeclaration]) throws {
        guard let consumer = consumers.first(where: { $0.workflow == nil }), !handlers.contains("queue") else { return }
        let found = handlers.isEmpty ? "no handlers" : "only \(handlers.joined(separator: ", "))"
        throw FlareError(
            .buildFailed,
            "the Worker consumes the queue \"\(consumer.queue)\" but has \(found) in its default export",
            hint: "export default { async queue(batch, env, ctx) { … } }"
        )
    }

    /// Checks the handler that cron triggers need.
    func checkScheduled(_ crons: [String]?) throws {
        guard let cron = crons?.first, !handlers.contains("scheduled") else { return }
        let found = handlers.isEmpty ? "no handlers" : "only \(handlers.joined(separator: ", "))"
        throw FlareError(
            .buildFailed,
            "the Worker has the cron trigger \"\(cron)\" but \(found) in its default export",
            hint: "export default { async scheduled(controller, env, ctx) { … } }"
        )
    }

    private func missing(_ name: String, workflow: String, exported: [String]) -> FlareError {
        Self.missingClass(name, workflow: workflow, exported: exported)
    }

    /// The error for a class that the entry file does not export.
    static func missingClass(_ name: String, workflow: String, exported: [String]) -> FlareError {
        let list = exported.isEmpty ? "nothing" : exported.joined(separator: ", ")
        let near = nearestName(to: name, in: exported).map { "did you mean \"\($0)\"? " } ?? ""
        return FlareError(
            .buildFailed,
            "the workflow \"\(workflow)\" needs the class \"\(name)\", but the entry file exports \(list)",
            hint: "\(near)export class \(name) extends WorkflowEntrypoint { … }"
        )
    }
}
