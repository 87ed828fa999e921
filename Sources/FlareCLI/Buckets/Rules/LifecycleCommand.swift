import ArgumentParser
import FlareClient
import FlareModel

/// The group `flare buckets lifecycle`.
struct LifecycleCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lifecycle",
        abstract: "Delete objects and abandoned uploads when they are old.",
        subcommands: [LifecycleList.self, LifecycleAdd.self, LifecycleRemove.self, LifecycleSet.self]
    )

    static func rules(of bucket: String, _ client: EngineClient) async throws -> [LifecycleRule] {
        try await client.call("GET", path(bucket), as: LifecycleConfigurationBody.self).rules
    }

    static func set(_ rules: [LifecycleRule], of bucket: String, _ client: EngineClient) async throws {
        let body = LifecycleConfigurationBody(rules: rules)
        _ = try await client.call("PUT", path(bucket), body: body, as: EmptyResult.self)
    }

    private static func path(_ bucket: String) -> String { "\(BucketPath.bucket(bucket))/lifecycle" }
}

struct LifecycleList: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the lifecycle rules of a bucket."
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The bucket.", completion: Complete.buckets)
    var bucket: String

    func execute(_ shell: Shell) async throws {
        let rules = try await LifecycleCommand.rules(of: bucket, shell.client())
        shell.list(rules, ["RULE", "ENABLED", "PREFIX", "ACTION"]) { rule in
            [rule.id, rule.enabled ? "yes" : "no", RuleText.prefix(rule.prefix), rule.words]
        }
    }
}

struct LifecycleAdd: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "add",
        abstract: "Add a lifecycle rule to a bucket.",
        discussion: """
            At a date, the objects that were there before it are meant; with days, each object so long after it was \
            written. A rule without a prefix that deletes objects is asked about, or needs --yes.
            """
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The bucket.", completion: Complete.buckets)
    var bucket: String

    @Argument(help: "The name of the rule.")
    var rule: String?

    @Argument(help: "Only objects whose keys begin with this.")
    var keys: String?

    @Option(name: [.long, .customLong("id")], help: "The name of the rule, another way.")
    var name: String?

    @Option(name: .long, help: "Only objects whose keys begin with this, another way.")
    var prefix: String?

    @Option(name: .long, help: "Delete objects so many days after they were written.")
    var expireDays: Int?

    @Option(name: .long, help: "Delete, on this day (2027-01-31), the objects that are older.")
    var expireDate: String?

    @Option(name: .long, help: "Move objects to the class InfrequentAccess after so many days.")
    var iaTransitionDays: Int?

    @Option(name: .long, help: "Move, on this day, older objects to the class InfrequentAccess.")
    var iaTransitionDate: String?

    @Option(name: .long, help: "Abort uploads in parts that are not completed after so many days.")
    var abortMultipartDays: Int?

    @Flag(name: [.short, .long, .customLong("force")], help: "Do not ask.")
    var yes = false

    func validate() throws {
        if name != nil, rule != nil { throw ValidationError("give the name of the rule once") }
        if prefix != nil, keys != nil { throw ValidationError("give the prefix once") }
        guard name != nil || rule != nil else { throw ValidationError("give the rule a name") }
        if expireDays != nil, expireDate != nil {
            throw ValidationError("give --expire-days or --expire-date, not both")
        }
        if iaTransitionDays != nil, iaTransitionDate != nil {
            throw ValidationError("give --ia-transition-days or --ia-transition-date, not both")
        }
    }

    func execute(_ shell: Shell) async throws {
        let added = try make()
        if added.prefix.isEmpty, added.deleteObjectsTransition != nil {
            try shell.confirm("add a rule that deletes all objects of bucket \"\(bucket)\" in time", yes: yes)
        }
        let client = try await shell.client()
        let rules = try await LifecycleCommand.rules(of: bucket, client)
        try NamedRules.requireFree(added.id, among: rules.map(\.id), kind: "lifecycle", of: bucket)
        try await LifecycleCommand.set(rules + [added], of: bucket, client)
        shell.emit(added) { "added lifecycle rule \(added.id) to bucket \(bucket): \(added.words)" }
    }

    private func make() throws -> LifecycleRule {
        typealias Condition = LifecycleRule.Condition
        func condition(_ days: Int?, _ date: String?, _ option: String) throws -> Condition? {
            if let days { return Condition(maxAgeSeconds: try RuleText.seconds(days: days, "\(option)-days")) }
            return try date.map { Condition(date: try RuleText.date($0, "\(option)-date")) }
        }
        let move = try condition(iaTransitionDays, iaTransitionDate, "--ia-transition")
        let rule = LifecycleRule(
            id: name ?? rule ?? "",
            prefix: prefix ?? keys ?? "",
            deleteObjects: try condition(expireDays, expireDate, "--expire"),
            storageClass: move.map { [.init(condition: $0)] },
            abortUploads: try condition(abortMultipartDays, nil, "--abort-multipart")
        )
        guard !rule.words.isEmpty else {
            throw FlareError(
                .invalidArgument,
                "the rule would do nothing",
                hint: "give --expire-days, --ia-transition-days, --abort-multipart-days, or a date"
            )
        }
        return rule
    }
}

struct LifecycleRemove: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove",
        abstract: "Remove a lifecycle rule from a bucket."
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The bucket.", completion: Complete.buckets)
    var bucket: String

    @Option(name: [.long, .customLong("id")], help: "The name of the rule.")
    var name: String

    func execute(_ shell: Shell) async throws {
        let client = try await shell.client()
        let rules = try await LifecycleCommand.rules(of: bucket, client)
        try NamedRules.require(name, among: rules.map(\.id), kind: "lifecycle", of: bucket)
        try await LifecycleCommand.set(rules.filter { $0.id != name }, of: bucket, client)
        shell.emit(["bucket": bucket, "rule": name]) { "removed lifecycle rule \(name) from bucket \(bucket)" }
    }
}

struct LifecycleSet: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "set",
        abstract: "Set the lifecycle rules of a bucket in place of those that it has.",
        discussion: """
            The file has the shape of R2's API: {"rules": [{"id": "old", "enabled": true, "conditions": {"prefix": \
            "logs/"}, "deleteObjectsTransition": {"condition": {"type": "Age", "maxAge": 604800}}}]}, ages in seconds.
            """
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The bucket.", completion: Complete.buckets)
    var bucket: String

    @Option(name: .long, help: "A JSON file with the rules; - for stdin.", completion: .file())
    var file: String

    @Flag(name: [.short, .long, .customLong("force")], help: "Do not ask.")
    var yes = false

    func execute(_ shell: Shell) async throws {
        let body = try RulesFile.read(file, .lifecycle, as: LifecycleConfigurationBody.self)
        if body.rules.contains(where: { $0.enabled && $0.prefix.isEmpty && $0.deleteObjectsTransition != nil }) {
            try shell.confirm("set rules that delete all objects of bucket \"\(bucket)\" in time", yes: yes)
        }
        try await LifecycleCommand.set(body.rules, of: bucket, shell.client())
        shell.emit(body) { "set \(body.rules.count) lifecycle rules of bucket \(bucket)" }
    }
}

extension LifecycleRule {
    /// What the rule does, for people; empty when it does nothing.
    fileprivate var words: String {
        func when(_ condition: Condition) -> String {
            switch condition.type {
            case .age: "after \(RuleText.age(condition.maxAge ?? 0))"
            case .date: "on \(condition.date?.text ?? "")"
            }
        }
        let deletion = deleteObjectsTransition?.condition.map { "delete objects \(when($0))" }
        let moves = (storageClassTransitions ?? []).map { "move to \($0.storageClass.rawValue) \(when($0.condition))" }
        let abortion = abortMultipartUploadsTransition?.condition.map { "abort uploads \(when($0))" }
        return ([deletion] + moves.map { Optional($0) } + [abortion]).compactMap { $0 }.joined(separator: ", ")
    }
}
