import FlareModel

/// Tells two versions of a Worker apart, by what they are joined to.
enum DeploymentChanges {
    /// What a version adds to, changes in, or takes from the one before; nil when it is the first.
    static func between(_ before: VersionDetails?, _ after: VersionDetails) -> [DeploymentChangeBody] {
        let (old, new) = (before?.configuration, after.configuration)
        return differences("binding", bindings(old), bindings(new))
            + differences("binding", before.map(metadata) ?? [:], metadata(after))
            + differences("variable", before.map(variables) ?? [:], variables(after))
            + differences("consumer", consumers(old), consumers(new))
            + differences("workflow", workflows(old), workflows(new))
            + differences("notification", notifications(old), notifications(new))
            + differences("schedule", schedules(old), schedules(new, keeping: old))
    }

    /// Things by name: words for people, and what is compared.
    private typealias Things<Value> = [String: (words: String, value: Value)]

    private static func differences<Value: Equatable>(
        _ kind: String,
        _ old: [String: (String, Value)],
        _ new: [String: (String, Value)]
    ) -> [DeploymentChangeBody] {
        func change(_ action: DeploymentChangeBody.Action, _ name: String, _ words: String) -> DeploymentChangeBody {
            DeploymentChangeBody(action, kind, name, detail: words.isEmpty ? nil : words)
        }
        let removed = old.keys.filter { new[$0] == nil }.sorted().map { change(.remove, $0, old[$0]?.0 ?? "") }
        let others = new.sorted { $0.key < $1.key }.compactMap { name, thing -> DeploymentChangeBody? in
            guard let before = old[name] else { return change(.add, name, thing.0) }
            return before.1 == thing.1 ? nil : change(.change, name, thing.0)
        }
        return others + removed
    }

    private static func bindings(_ configuration: DeployedConfiguration?) -> Things<BindingDeclaration> {
        var things: Things<BindingDeclaration> = [:]
        for binding in configuration?.bindings ?? [] {
            things["env.\(binding.name)"] = ("\(binding.kind.rawValue) \(binding.target)", binding)
        }
        return things
    }

    /// The version's own id differs each time, and is no change of the configuration.
    private static func metadata(_ details: VersionDetails) -> Things<String> {
        guard let name = details.versionMetadata else { return [:] }
        return ["env.\(name)": ("version metadata", name)]
    }

    private static func variables(_ details: VersionDetails) -> Things<JSONValue> {
        details.vars.filter { $0.key != details.versionMetadata }.mapValues { ("", $0) }
    }

    private static func consumers(_ configuration: DeployedConfiguration?) -> Things<ConsumerDeclaration> {
        var things: Things<ConsumerDeclaration> = [:]
        for consumer in configuration?.consumers ?? [] {
            let target = consumer.workflow.map { "starts workflow \($0)" } ?? "calls queue()"
            things["queue \(consumer.queue)"] = (target, consumer)
        }
        return things
    }

    private static func workflows(_ configuration: DeployedConfiguration?) -> Things<[String]> {
        var things: Things<[String]> = [:]
        for workflow in configuration?.workflows ?? [] {
            let steps = workflow.stepsMax.map { "\($0)" } ?? ""
            things[workflow.name] = ("class \(workflow.className)", [workflow.className, steps])
        }
        return things
    }

    private static func notifications(_ configuration: DeployedConfiguration?) -> Things<NotificationDeclaration> {
        var things: Things<NotificationDeclaration> = [:]
        for rule in configuration?.notifications ?? [] {
            let events = ObjectEventType.words(for: rule.actions).joined(separator: ",")
            let name = "\(rule.bucket)/\(rule.prefix)…\(rule.suffix) \(events)"
            things[name] = ("to queue \(rule.queue)", rule)
        }
        return things
    }

    /// Schedules that a version says nothing of are left as they are.
    private static func schedules(
        _ configuration: DeployedConfiguration?,
        keeping before: DeployedConfiguration? = nil
    ) -> Things<String> {
        var things: Things<String> = [:]
        func add(_ crons: [String], _ what: String) {
            for cron in crons { things["\(cron) \(what)"] = ("", cron) }
        }
        add(configuration?.crons ?? before?.crons ?? [], "scheduled()")
        for workflow in configuration?.workflows ?? [] {
            let earlier = before?.workflows.first { $0.name == workflow.name }?.schedules
            add(workflow.schedules ?? earlier ?? [], "workflow \(workflow.name)")
        }
        return things
    }
}
