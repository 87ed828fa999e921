import FlareModel

extension WranglerFile {
    /// What an environment must say for itself: what stands at the top level does not reach it.
    private static let notInherited: Set<String> = [
        "vars", "secrets", "define", "r2_buckets", "queues", "workflows", "pipelines", "services", "kv_namespaces",
        "d1_databases", "durable_objects", "ai", "vectorize", "analytics_engine_datasets", "hyperdrive", "browser",
        "images", "send_email", "dispatch_namespaces", "mtls_certificates", "secrets_store_secrets", "ratelimits",
        "containers", "event_notifications", "tail_consumers", "version_metadata", "unsafe",
    ]

    /// What only the top level says, for all environments.
    private static let topLevelOnly: Set<String> = ["send_metrics", "keep_vars", "dev", "alias", "$schema"]

    /// The configuration of one named environment, or of the top level for nil and, as that which is meant, for an
    /// empty name.
    ///
    /// Its own values replace those of the top level; the Worker is called `<name>-<environment>` unless it has a name
    /// of its own. Throws `invalidArgument` with the nearest name when the file has no such environment. The warnings
    /// are for the person who deploys.
    func selecting(environment: String?) throws -> (file: WranglerFile, warnings: [String]) {
        let top = try ConfigurationReader(file: name, value: value)
        let environments = try top.object("env").members
        var members = top.members
        members["env"] = nil
        guard environment != "" else { return (WranglerFile(name: name, value: .object(members)), []) }
        guard let environment else {
            let names = environments.keys.sorted().joined(separator: ", ")
            let warning = "the file has environments (\(names)); the top level is deployed, name one with --env"
            return (WranglerFile(name: name, value: .object(members)), names.isEmpty ? [] : [warning])
        }
        guard let own = environments[environment] else { throw unknown(environment, among: Array(environments.keys)) }
        let section = try ConfigurationReader(file: name, path: "env.\(environment)", value: own)
        var warnings: [String] = []
        for key in Self.notInherited.sorted() where members[key] != nil && section.members[key] == nil {
            members[key] = nil
            warnings.append("\(key) is set at the top level only; env.\(environment) does not inherit it")
        }
        for (key, value) in section.members.sorted(by: { $0.key < $1.key }) {
            if Self.topLevelOnly.contains(key) {
                warnings.append("\(key) of env.\(environment) is ignored: it belongs to the top level")
            } else {
                members[key] = value
            }
        }
        if section.members["name"] == nil {
            members["name"] = .string("\(try top.requiredText("name"))-\(environment)")
        }
        return (WranglerFile(name: name, value: .object(members)), warnings)
    }

    /// The configuration with what the command line says in place of the file.
    func overridden(by body: DeployBody) throws -> WranglerFile {
        var members = try ConfigurationReader(file: name, value: value).members
        if let name = body.name { members["name"] = .string(name) }
        if let isMinified = body.isMinified { members["minify"] = .bool(isMinified) }
        for (key, values) in [("vars", body.vars), ("define", body.define), ("alias", body.alias)] {
            guard let values, !values.isEmpty else { continue }
            let written = members[key]?.objectValue ?? [:]
            members[key] = .object(written.merging(values.mapValues { .string($0) }) { $1 })
        }
        return WranglerFile(name: name, value: .object(members))
    }

    private func unknown(_ environment: String, among names: [String]) -> FlareError {
        let near = nearestName(to: environment, in: names).map { "did you mean \"\($0)\"? " } ?? ""
        let list = names.isEmpty ? "it has none" : "it has \(names.sorted().joined(separator: ", "))"
        return FlareError(
            .invalidArgument,
            "\(name) has no environment \"\(environment)\"",
            hint: "\(near)\(list)"
        )
    }
}
