import FlareModel

/// The metadata of an upload, checked.
/// https://developers.cloudflare.com/workers/configuration/multipart-upload-metadata/
struct ScriptMetadata {
    let configuration: WranglerConfiguration
    /// Secrets that come with the upload, by name.
    let secrets: [String: String]
    /// The name in `env` under which the version finds its own id.
    let message: String?
    let tag: String?

    /// What the Worker has before the upload.
    struct Before {
        var version: VersionRecord?
        /// Names of its secrets.
        var secrets: Set<String>
    }

    /// Parts of an upload that nothing here could honour.
    private static let refused = [
        "assets": "static assets are not served", "containers": "containers are not run",
        "migrations": "there are no Durable Objects to migrate", "tail_consumers": "tail consumers are not called",
        "streaming_tail_consumers": "tail consumers are not called",
    ]

    /// Throws `invalidData` or `invalidName` under Cloudflare's number for an upload that is not valid.
    init(_ upload: ScriptUpload, before: Before) throws {
        do {
            self = try Self(checking: upload, before: before)
        } catch var error as FlareError where [.invalidData, .invalidName, .invalidArgument].contains(error.code) {
            error.apiNumber = error.apiNumber ?? 10021
            throw error
        }
    }

    private init(checking upload: ScriptUpload, before: Before) throws {
        let reader = try ConfigurationReader(file: "metadata", value: upload.metadata)
        for (key, reason) in Self.refused.sorted(by: { $0.key < $1.key }) {
            guard let value = reader.members[key], !value.isEmpty else { continue }
            throw reader.problem(key, "cannot be honoured: \(reason)")
        }
        let main = try Self.main(reader, upload.purpose)
        let bindings = try Self.bindings(reader, upload, before: before)
        var seen: Set<String> = []
        for binding in bindings where !seen.insert(binding.name).inserted {
            throw reader.problem("bindings", "has two entries named \"\(binding.name)\"")
        }
        let isPartial = upload.purpose == .code || upload.purpose == .settings
        let old = isPartial ? before.version?.details : nil
        let parts = try Parts(bindings)
        let hasLimits = reader.members["limits"].map { !$0.isEmpty } ?? false
        configuration = WranglerConfiguration(
            name: upload.worker,
            main: main,
            compatibilityDate: try reader.text("compatibility_date") ?? old?.compatibilityDate,
            compatibilityFlags: reader.members["compatibility_flags"] == nil
                ? old?.compatibilityFlags ?? [] : try reader.texts("compatibility_flags"),
            vars: parts.variables,
            bindings: parts.declarations,
            workflows: parts.workflows,
            limits: hasLimits
                ? try WranglerConfiguration.limits(reader.object("limits")) : old?.configuration.limits,
            versionMetadata: parts.versionMetadata,
            build: try BuildSettings(ConfigurationReader(file: "metadata", value: .object([:])))
        )
        secrets = parts.secrets
        let annotations = try reader.object("annotations")
        message = try annotations.text("workers/message")
        tag = try annotations.text("workers/tag")
    }

    private static func main(_ reader: ConfigurationReader, _ purpose: ScriptUpload.Purpose) throws -> String {
        if purpose == .settings { return "" }
        guard reader.members["body_part"] == nil || reader.members["main_module"] != nil else {
            throw FlareError(
                .invalidData,
                "metadata: \"body_part\" names a script that calls addEventListener, and only modules are run",
                hint: "export default { async fetch(request, env, ctx) { … } }, and name it in \"main_module\""
            )
        }
        return try reader.requiredText("main_module")
    }

    /// The entries, those that inherit replaced by what they stand for, and those that are kept.
    private static func bindings(
        _ reader: ConfigurationReader,
        _ upload: ScriptUpload,
        before: Before
    ) throws -> [ScriptBinding] {
        let old =
            before.version.map { ScriptBinding.all(of: $0.details, secrets: before.secrets) }
            ?? before.secrets.sorted().map { ScriptBinding.stored($0) }
        let keepsAll = upload.purpose == .code || (upload.purpose == .settings && reader.members["bindings"] == nil)
        if keepsAll { return old }
        let entries = try reader.objects("bindings").map { entry -> ScriptBinding in
            guard try entry.text("type") == "inherit" else { return try ScriptBinding(entry, worker: upload.worker) }
            return try inherited(entry, old, before: before)
        }
        let names = Set(entries.map(\.name))
        // Secrets belong to the Worker, so that they are always kept.
        let kept = Set(try reader.texts("keep_bindings")).union(["secret_text"])
        return entries + old.filter { kept.contains($0.type) && !names.contains($0.name) }
    }

    private static func inherited(
        _ entry: ConfigurationReader,
        _ old: [ScriptBinding],
        before: Before
    ) throws -> ScriptBinding {
        let name = try entry.requiredText("name")
        let oldName = try entry.text("old_name") ?? name
        if let version = try entry.text("version_id"), version != "latest", version != before.version?.version {
            throw entry.problem(
                "version_id",
                "is \"\(version)\"; bindings are inherited from the version before, "
                    + "\"\(before.version?.version ?? "none")\", or from \"latest\""
            )
        }
        guard let found = old.first(where: { $0.name == oldName }) else {
            let near = nearestName(to: oldName, in: old.map(\.name)).map { "did you mean \"\($0)\"?" }
            throw FlareError(
                .invalidData,
                "the binding \"\(name)\" inherits \"\(oldName)\", which the version before does not have",
                hint: near
            ).numbered(10057)
        }
        return found.named(name)
    }

    /// The bindings by what becomes of them.
    private struct Parts {
        var declarations: [BindingDeclaration] = []
        var workflows: [WorkflowDeclaration] = []
        var variables: [String: JSONValue] = [:]
        var secrets: [String: String] = [:]
        var versionMetadata: String?

        init(_ bindings: [ScriptBinding]) throws {
            for binding in bindings {
                switch binding.value {
                case .bound(let declaration, let workflow):
                    declarations.append(declaration)
                    if let workflow { try add(workflow) }
                case .variable(let value): variables[binding.name] = value
                case .secret(let text):
                    guard let text else { continue }
                    guard text.utf8.count <= Limits.secretBytesMax else {
                        let most = formatSizeBytes(Limits.secretBytesMax)
                        throw FlareError(.bodyTooLarge, "the secret \"\(binding.name)\" is larger than \(most)")
                    }
                    secrets[binding.name] = text
                case .versionMetadata: versionMetadata = binding.name
                }
            }
        }

        private mutating func add(_ workflow: WorkflowDeclaration) throws {
            guard let same = workflows.first(where: { $0.name == workflow.name }) else {
                workflows.append(workflow)
                return
            }
            guard same.className == workflow.className else {
                throw FlareError(
                    .invalidData,
                    "metadata: two bindings name the classes \"\(same.className)\" and \"\(workflow.className)\" "
                        + "for the workflow \"\(workflow.name)\""
                )
            }
        }
    }
}

extension WranglerConfiguration {
    /// What an upload says; all that it cannot say is left as it is or out.
    fileprivate init(
        name: String,
        main: String,
        compatibilityDate: String?,
        compatibilityFlags: [String],
        vars: [String: JSONValue],
        bindings: [BindingDeclaration],
        workflows: [WorkflowDeclaration],
        limits: WorkerLimits?,
        versionMetadata: String?,
        build: BuildSettings
    ) {
        self.name = name
        self.main = main
        self.compatibilityDate = compatibilityDate
        self.compatibilityFlags = compatibilityFlags
        self.vars = vars
        self.bindings = bindings
        self.workflows = workflows
        self.limits = limits
        self.build = build
        consumers = []
        crons = nil
        notifications = []
        requiredSecrets = []
        self.versionMetadata = versionMetadata
        warnings = []
    }
}

extension JSONValue {
    /// Whether it says nothing: null, or a list or object without members.
    fileprivate var isEmpty: Bool {
        switch self {
        case .null: true
        case .array(let elements): elements.isEmpty
        case .object(let members): members.isEmpty
        default: false
        }
    }
}
