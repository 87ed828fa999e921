import ArgumentParser
import FlareClient
import FlareModel

/// The group `flare buckets lock`.
struct LockCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lock",
        abstract: "Keep objects from being replaced and deleted for a time.",
        subcommands: [LockList.self, LockAdd.self, LockRemove.self, LockSet.self]
    )

    static func rules(of bucket: String, _ client: EngineClient) async throws -> [LockRule] {
        try await client.call("GET", path(bucket), as: LockConfigurationBody.self).rules
    }

    static func set(_ rules: [LockRule], of bucket: String, _ client: EngineClient) async throws {
        _ = try await client.call("PUT", path(bucket), body: LockConfigurationBody(rules: rules), as: EmptyResult.self)
    }

    private static func path(_ bucket: String) -> String { "\(BucketPath.bucket(bucket))/lock" }
}

struct LockList: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the lock rules of a bucket."
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The bucket.", completion: Complete.buckets)
    var bucket: String

    func execute(_ shell: Shell) async throws {
        let rules = try await LockCommand.rules(of: bucket, shell.client())
        shell.list(rules, ["RULE", "ENABLED", "PREFIX", "LOCKED"]) { rule in
            [rule.id, rule.enabled ? "yes" : "no", RuleText.prefix(rule.prefix), rule.words]
        }
    }
}

struct LockAdd: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "add",
        abstract: "Add a lock rule to a bucket, which counts for what is in it already, too."
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

    @Option(name: .long, help: "Lock each object for so many days after it was written.")
    var retentionDays: Int?

    @Option(name: .long, help: "Lock objects until this day (2027-01-31).")
    var retentionDate: String?

    @Flag(name: .long, help: "Lock objects for as long as the rule is there.")
    var retentionIndefinite = false

    func validate() throws {
        if name != nil, rule != nil { throw ValidationError("give the name of the rule once") }
        if prefix != nil, keys != nil { throw ValidationError("give the prefix once") }
        guard name != nil || rule != nil else { throw ValidationError("give the rule a name") }
        let given = [retentionDays != nil, retentionDate != nil, retentionIndefinite].filter { $0 }
        guard given.count == 1 else {
            throw ValidationError("give one of --retention-days, --retention-date and --retention-indefinite")
        }
    }

    func execute(_ shell: Shell) async throws {
        let added = LockRule(id: name ?? rule ?? "", prefix: prefix ?? keys ?? "", condition: try condition())
        let client = try await shell.client()
        let rules = try await LockCommand.rules(of: bucket, client)
        try NamedRules.requireFree(added.id, among: rules.map(\.id), kind: "lock", of: bucket)
        try await LockCommand.set(rules + [added], of: bucket, client)
        shell.emit(added) { "added lock rule \(added.id) to bucket \(bucket): \(added.words)" }
    }

    private func condition() throws -> LockRule.Condition {
        if let retentionDays {
            return .init(maxAgeSeconds: try RuleText.seconds(days: retentionDays, "--retention-days"))
        }
        guard let retentionDate else { return .indefinite }
        return .init(date: try RuleText.date(retentionDate, "--retention-date"))
    }
}

struct LockRemove: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove",
        abstract: "Remove a lock rule from a bucket: what it has locked is free."
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The bucket.", completion: Complete.buckets)
    var bucket: String

    @Option(name: [.long, .customLong("id")], help: "The name of the rule.")
    var name: String

    func execute(_ shell: Shell) async throws {
        let client = try await shell.client()
        let rules = try await LockCommand.rules(of: bucket, client)
        try NamedRules.require(name, among: rules.map(\.id), kind: "lock", of: bucket)
        try await LockCommand.set(rules.filter { $0.id != name }, of: bucket, client)
        shell.emit(["bucket": bucket, "rule": name]) { "removed lock rule \(name) from bucket \(bucket)" }
    }
}

struct LockSet: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "set",
        abstract: "Set the lock rules of a bucket in place of those that it has.",
        discussion: """
            The file has the shape of R2's API: {"rules": [{"id": "keep", "enabled": true, "prefix": "logs/", \
            "condition": {"type": "Age", "maxAgeSeconds": 604800}}]}
            """
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The bucket.", completion: Complete.buckets)
    var bucket: String

    @Option(name: .long, help: "A JSON file with the rules; - for stdin.", completion: .file())
    var file: String

    func execute(_ shell: Shell) async throws {
        let body = try RulesFile.read(file, .lock, as: LockConfigurationBody.self)
        try await LockCommand.set(body.rules, of: bucket, shell.client())
        shell.emit(body) { "set \(body.rules.count) lock rules of bucket \(bucket)" }
    }
}

extension LockRule {
    /// How long the rule locks, for people.
    fileprivate var words: String {
        switch condition.type {
        case .age: "for \(RuleText.age(condition.maxAgeSeconds ?? 0))"
        case .date: "until \(condition.date?.text ?? "")"
        case .indefinite: "without end"
        }
    }
}
