import FlareModel

extension WranglerConfiguration {
    /// Bindings that exist on Cloudflare and that flare cannot run: code that uses them would fail at its first call,
    /// so deploying it is refused.
    private static let refusedKinds = [
        "kv_namespaces": "KV", "d1_databases": "D1", "durable_objects": "Durable Objects", "ai": "Workers AI",
        "vectorize": "Vectorize", "analytics_engine_datasets": "Analytics Engine",
        "hyperdrive": "Hyperdrive", "browser": "Browser Rendering", "images": "Images", "send_email": "e-mail",
        "dispatch_namespaces": "dispatch namespaces", "mtls_certificates": "mTLS certificates",
        "secrets_store_secrets": "the Secrets Store", "ratelimits": "rate limits", "containers": "containers",
        "wasm_modules": "WebAssembly bindings", "text_blobs": "text bindings", "data_blobs": "data bindings",
    ]

    /// Keys that shape a deployment on Cloudflare's network and mean nothing on one machine.
    private static let quietKeys: Set<String> = [
        "$schema", "name", "main", "compatibility_date", "compatibility_flags", "vars", "r2_buckets", "queues",
        "workflows", "pipelines", "services", "triggers", "account_id", "workers_dev", "preview_urls", "send_metrics",
        "keep_vars", "minify", "define", "alias", "build", "secrets", "env", "rules",
        "no_bundle", "limits", "observability", "logpush", "placement", "upload_source_maps", "dev", "tsconfig",
        "event_notifications", "route", "routes", "usage_model", "node_compat", "first_party_worker",
        "version_metadata",
    ]

    private static let idleKeys = [
        "assets": "static assets are not served",
        "tail_consumers": "tail consumers are not called", "migrations": "there are no Durable Objects to migrate",
    ]

    static func refuseUnknownBindings(_ file: ConfigurationReader) throws {
        let refused = refusedKinds.sorted { $0.key < $1.key }.compactMap { key, kind -> String? in
            guard let value = file.members[key], !isEmpty(value) else { return nil }
            let names = bindingNames(value).map { "\"\($0)\"" }.joined(separator: ", ")
            return "\(names.isEmpty ? "" : "\(names) ")in \"\(key)\" (\(kind))"
        }
        guard !refused.isEmpty else { return }
        throw FlareError(
            .invalidData,
            "\(file.file): flare cannot run the binding \(refused.joined(separator: ", "))",
            hint: "remove it; flare runs vars, r2_buckets, queues, workflows, pipelines and services"
        )
    }

    /// The fields of each section, whether flare reads them or they mean nothing on one machine.
    private static let fields: [String: Set<String>] = [
        "build": ["command", "cwd", "watch_dir"],
        "limits": ["cpu_ms", "subrequests", "memory_mb", "concurrency"],
        "pipelines": ["binding", "pipeline", "stream", "remote"],
        "queues": ["producers", "consumers"],
        "queues.consumers": [
            "queue", "type", "workflow", "max_batch_size", "max_batch_timeout", "max_retries", "retry_delay",
            "dead_letter_queue", "max_concurrency", "visibility_timeout_ms",
        ],
        "queues.producers": ["binding", "queue", "delivery_delay", "remote"],
        "rules": ["type", "globs", "fallthrough"],
        "r2_buckets": ["binding", "bucket_name", "preview_bucket_name", "jurisdiction", "remote", "local_dev"],
        "secrets": ["required"],
        "services": ["binding", "service", "entrypoint", "props", "environment", "remote"],
        "triggers": ["crons"],
        "version_metadata": ["binding"],
        "workflows": ["binding", "name", "class_name", "script_name", "schedules", "limits", "remote"],
        "workflows.limits": ["steps"],
    ]

    /// Fields that look as if they did something.
    private static let idleFields = [
        "queues.producers": [
            "delivery_delay": "has no effect, as on Cloudflare: flare queues update NAME --delivery-delay-secs N"
        ]
    ]

    /// What the person who deploys should know about keys without effect.
    static func warnings(_ file: ConfigurationReader) throws -> [String] {
        let top: [String] = file.members.keys.sorted().compactMap { key in
            if quietKeys.contains(key) || refusedKinds[key] != nil { return nil }
            guard let value = file.members[key], !isEmpty(value) else { return nil }
            if let reason = idleKeys[key] { return "\(key): \(reason)" }
            return unknown(key, key, among: quietKeys)
        }
        let nested = try fields.sorted { $0.key < $1.key }.flatMap { section, known in
            try entries(section, of: file).flatMap { entry in
                entry.members.keys.sorted().compactMap { key -> String? in
                    if let reason = idleFields[section]?[key] { return "\(entry.place(of: key)) \(reason)" }
                    return known.contains(key) ? nil : unknown(key, entry.place(of: key), among: known)
                }
            }
        }
        return top + nested
    }

    private static func unknown(_ key: String, _ place: String, among known: Set<String>) -> String {
        let near = nearestName(to: key, in: known).map { "; did you mean \"\($0)\"?" } ?? ""
        return "unknown key \"\(place)\" is ignored\(near)"
    }

    /// The objects of a section such as `queues.consumers`: all of a list's, or the only one.
    private static func entries(_ section: String, of file: ConfigurationReader) throws -> [ConfigurationReader] {
        try section.split(separator: ".").map(String.init).reduce([file]) { entries, key in
            try entries.flatMap { entry in
                switch entry.members[key] {
                case .array: try entry.objects(key)
                case .object: [try entry.object(key)]
                default: [ConfigurationReader]()
                }
            }
        }
    }

    private static func isEmpty(_ value: JSONValue) -> Bool {
        switch value {
        case .null: true
        case .array(let values): values.isEmpty
        case .object(let members): members.isEmpty || members.values.allSatisfy(isEmpty)
        default: false
        }
    }

    /// The names in `env` within a section of any shape: a list of entries, one entry, or `{bindings: […]}`.
    private static func bindingNames(_ value: JSONValue) -> [String] {
        switch value {
        case .array(let entries): entries.flatMap(bindingNames)
        case .object(let members):
            if let nested = members["bindings"] {
                bindingNames(nested)
            } else {
                [(members["binding"] ?? members["name"])?.stringValue].compactMap { $0 }
            }
        default: []
        }
    }
}
