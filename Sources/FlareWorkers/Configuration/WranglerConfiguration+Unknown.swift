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
        "keep_vars", "minify", "define", "alias", "build", "secrets", "env",
        "no_bundle", "limits", "observability", "logpush", "placement", "upload_source_maps", "dev", "tsconfig",
        "event_notifications", "route", "routes", "usage_model", "node_compat", "first_party_worker",
    ]

    private static let idleKeys = [
        "assets": "static assets are not served",
        "rules": "module rules are not applied",
        "tail_consumers": "tail consumers are not called", "migrations": "there are no Durable Objects to migrate",
    ]

    static func refuseUnknownBindings(_ file: ConfigurationReader) throws {
        for (key, kind) in refusedKinds.sorted(by: { $0.key < $1.key }) {
            guard let value = file.members[key], !isEmpty(value) else { continue }
            let names = bindingNames(value).map { "\"\($0)\"" }.joined(separator: ", ")
            let which = names.isEmpty ? "" : " \(names)"
            throw FlareError(
                .invalidData,
                "\(file.file): flare cannot run the binding\(which) in \"\(key)\" (\(kind))",
                hint: "remove it; flare runs vars, r2_buckets, queues, workflows, pipelines and services"
            )
        }
    }

    /// What the person who deploys should know about keys without effect.
    static func warnings(_ file: ConfigurationReader) -> [String] {
        file.members.keys.sorted().compactMap { key in
            if quietKeys.contains(key) || refusedKinds[key] != nil { return nil }
            guard let value = file.members[key], !isEmpty(value) else { return nil }
            if let reason = idleKeys[key] { return "\(key): \(reason)" }
            let near = nearestName(to: key, in: quietKeys)
            return near.map { "unknown key \"\(key)\" is ignored; did you mean \"\($0)\"?" }
                ?? "unknown key \"\(key)\" is ignored"
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
