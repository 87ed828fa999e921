import FlareModel

/// An entry of `bindings` in the metadata of an upload: a name in `env` and what it stands for.
struct ScriptBinding {
    enum Value {
        /// Something of another room; with the workflow that the Worker defines by it.
        case bound(BindingDeclaration, WorkflowDeclaration?)
        case variable(JSONValue)
        /// Nil for one that is stored already.
        case secret(String?)
        /// Id, tag and time of the version itself.
        case versionMetadata
    }

    let name: String
    let value: Value

    /// The types that are run, by which an upload's `keep_bindings` names them too.
    static let types = [
        "r2_bucket", "queue", "workflow", "pipelines", "service", "plain_text", "json", "secret_text",
        "version_metadata", "inherit",
    ]

    /// Reads an entry that does not inherit.
    ///
    /// Throws `invalidData` naming the field, and naming the binding and its type when the type is not run.
    init(_ entry: ConfigurationReader, worker: String) throws {
        let name = try entry.requiredText("name")
        guard NameRule.secret.holds(name) else {
            throw entry.problem("name", "must be a JavaScript name, not \"\(name)\"")
        }
        self.name = name
        func declaration(_ kind: BindingDeclaration.Kind, _ target: String) -> BindingDeclaration {
            BindingDeclaration(name: name, kind: kind, target: target)
        }
        let type = try entry.requiredText("type")
        switch type {
        case "r2_bucket":
            value = .bound(declaration(.bucket, try entry.name("bucket_name", .bucket)), nil)
        case "queue":
            value = .bound(declaration(.queue, try entry.name("queue_name", .queue)), nil)
        case "pipelines":
            let field = entry.members["stream"] == nil ? "pipeline" : "stream"
            value = .bound(declaration(.pipeline, try entry.requiredText(field)), nil)
        case "service":
            var service = declaration(.service, try entry.name("service", .worker))
            service.entrypoint = try entry.text("entrypoint")
            service.props = try entry.object("props").members.isEmpty ? nil : entry.members["props"]
            value = .bound(service, nil)
        case "workflow":
            let workflow = try entry.name("workflow_name", .workflow)
            let isOwn = try entry.text("script_name").map { $0 == worker } ?? true
            let own = isOwn ? try entry.text("class_name") : nil
            let defined = own.map { WorkflowDeclaration(name: workflow, className: $0) }
            value = .bound(declaration(.workflow, workflow), defined)
        case "plain_text", "secret_text":
            guard let text = entry.members["text"]?.stringValue else { throw entry.problem("text", "must be a text") }
            value = type == "plain_text" ? .variable(.string(text)) : .secret(text)
        case "json":
            guard let json = entry.members["json"] else { throw entry.problem("json", "is missing") }
            value = .variable(json)
        case "version_metadata":
            value = .versionMetadata
        default:
            throw FlareError(
                .invalidData,
                "the binding \"\(name)\" is of the type \"\(type)\", which flare cannot run",
                hint: "remove it; flare runs \(Self.types.joined(separator: ", "))"
            )
        }
    }

    private init(name: String, value: Value) {
        self.name = name
        self.value = value
    }

    /// A secret that the Worker has.
    static func stored(_ name: String) -> ScriptBinding { ScriptBinding(name: name, value: .secret(nil)) }

    /// The same under another name.
    func named(_ name: String) -> ScriptBinding {
        guard case .bound(var declaration, let workflow) = value else { return ScriptBinding(name: name, value: value) }
        declaration.name = name
        return ScriptBinding(name: name, value: .bound(declaration, workflow))
    }

    /// What a version has in `env`, as an upload would say it again.
    static func all(of details: VersionDetails, secrets: Set<String>) -> [ScriptBinding] {
        let workflows = Dictionary(details.configuration.workflows.map { ($0.name, $0) }) { first, _ in first }
        let bound = details.configuration.bindings.map { declaration in
            let defined = declaration.kind == .workflow ? workflows[declaration.target] : nil
            return ScriptBinding(name: declaration.name, value: .bound(declaration, defined))
        }
        let variables = details.vars.sorted { $0.key < $1.key }.map { name, value in
            ScriptBinding(name: name, value: name == details.versionMetadata ? .versionMetadata : .variable(value))
        }
        let uploaded = details.uploadedSecrets ?? [:]
        let names = secrets.union(uploaded.keys).sorted()
        return bound + variables + names.map { ScriptBinding(name: $0, value: .secret(uploaded[$0])) }
    }

    /// The name of its type in Cloudflare's API.
    var type: String {
        switch value {
        case .bound(let declaration, _):
            switch declaration.kind {
            case .bucket: "r2_bucket"
            case .queue: "queue"
            case .workflow: "workflow"
            case .pipeline: "pipelines"
            case .service: "service"
            }
        case .variable(.string): "plain_text"
        case .variable: "json"
        case .secret: "secret_text"
        case .versionMetadata: "version_metadata"
        }
    }

    /// As Cloudflare's API tells it; the value of a secret is left out.
    var json: JSONValue {
        var members: [String: JSONValue] = ["name": .string(name), "type": .string(type)]
        switch value {
        case .bound(let declaration, let workflow):
            let target = JSONValue.string(declaration.target)
            switch declaration.kind {
            case .bucket: members["bucket_name"] = target
            case .queue: members["queue_name"] = target
            case .workflow: members["workflow_name"] = target
            case .pipeline: members["pipeline"] = target
            case .service: members["service"] = target
            }
            if let workflow { members["class_name"] = .string(workflow.className) }
            if let entrypoint = declaration.entrypoint { members["entrypoint"] = .string(entrypoint) }
            if let props = declaration.props { members["props"] = props }
        case .variable(.string(let text)): members["text"] = .string(text)
        case .variable(let value): members["json"] = value
        case .secret, .versionMetadata: break
        }
        return .object(members)
    }
}

extension ConfigurationReader {
    /// A text that is the name of a thing.
    fileprivate func name(_ key: String, _ rule: NameRule) throws -> String {
        let name = try requiredText(key)
        try rule.validate(name)
        return name
    }
}
