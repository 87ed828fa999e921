import ArgumentParser
import FlareClient
import FlareModel

/// The group `flare buckets dev-url`.
struct DevelopmentURLCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dev-url",
        abstract: "Let everybody read a bucket at BUCKET.public.localhost, on the port of the S3 API.",
        subcommands: [DevelopmentURLGet.self, DevelopmentURLEnable.self, DevelopmentURLDisable.self]
    )

    static func show(_ body: ManagedDomainBody, of bucket: String, _ shell: Shell) {
        shell.emit(body) {
            body.enabled
                ? "bucket \(bucket) can be read by everybody at \(body.domain), on the port of the S3 API"
                : "bucket \(bucket) cannot be read at \(body.domain)"
        }
    }

    static func set(_ isEnabled: Bool, _ bucket: String, _ shell: Shell) async throws {
        let body = try await shell.client().call(
            "PUT",
            "\(BucketPath.bucket(bucket))/domains/managed",
            body: ManagedDomainUpdateBody(enabled: isEnabled),
            as: ManagedDomainBody.self
        )
        show(body, of: bucket, shell)
    }
}

struct DevelopmentURLGet: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "get",
        abstract: "Say whether everybody can read a bucket, and where."
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The bucket.", completion: Complete.buckets)
    var bucket: String

    func execute(_ shell: Shell) async throws {
        let path = "\(BucketPath.bucket(bucket))/domains/managed"
        let body = try await shell.client().call("GET", path, as: ManagedDomainBody.self)
        DevelopmentURLCommand.show(body, of: bucket, shell)
    }
}

struct DevelopmentURLEnable: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "enable",
        abstract: "Let everybody who reaches the port of the S3 API read a bucket."
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The bucket.", completion: Complete.buckets)
    var bucket: String

    @Flag(name: .shortAndLong, help: "Do not ask.")
    var yes = false

    func execute(_ shell: Shell) async throws {
        try shell.confirm("let everybody read bucket \"\(bucket)\"", yes: yes)
        try await DevelopmentURLCommand.set(true, bucket, shell)
    }
}

struct DevelopmentURLDisable: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "disable",
        abstract: "Let a bucket be read with a key only, but for custom domains."
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The bucket.", completion: Complete.buckets)
    var bucket: String

    func execute(_ shell: Shell) async throws {
        try await DevelopmentURLCommand.set(false, bucket, shell)
    }
}

/// The group `flare buckets domain`.
struct DomainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "domain",
        abstract: "Let everybody read a bucket at a host name of your own, on the port of the S3 API.",
        subcommands: [DomainList.self, DomainAdd.self, DomainRemove.self]
    )

    static func path(_ bucket: String) -> String { "\(BucketPath.bucket(bucket))/domains/custom" }
}

struct DomainList: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the custom domains of a bucket."
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The bucket.", completion: Complete.buckets)
    var bucket: String

    func execute(_ shell: Shell) async throws {
        let list = try await shell.client().call("GET", DomainCommand.path(bucket), as: CustomDomainListBody.self)
        shell.list(list.domains, ["DOMAIN", "ENABLED", "ZONE"]) { domain in
            [domain.domain, domain.enabled ? "yes" : "no", domain.zoneName]
        }
    }
}

struct DomainAdd: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "add",
        abstract: "Add a custom domain to a bucket."
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The bucket.", completion: Complete.buckets)
    var bucket: String

    @Option(name: .long, help: "The host name, such as files.example.com; it must lead to this machine.")
    var domain: String

    @Option(name: .long, help: "The id of its zone, kept for other tools.")
    var zoneID: String = ""

    @Option(name: .long, help: "The oldest version of TLS, 1.0 to 1.3, kept for other tools.")
    var minTLS: String?

    @Flag(name: .shortAndLong, help: "Do not ask.")
    var yes = false

    func execute(_ shell: Shell) async throws {
        try shell.confirm("let everybody read bucket \"\(bucket)\" at \(domain)", yes: yes)
        let body = CustomDomainChangeBody(domain: domain, zoneId: zoneID, enabled: true, minTLS: minTLS)
        let client = try await shell.client()
        let path = DomainCommand.path(bucket)
        let added = try await client.call("POST", path, body: body, as: CustomDomainBody.self)
        shell.emit(added) { "bucket \(bucket) can be read by everybody at \(added.domain)" }
    }
}

struct DomainRemove: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove",
        abstract: "Remove a custom domain from a bucket."
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The bucket.", completion: Complete.buckets)
    var bucket: String

    @Option(name: .long, help: "The host name.")
    var domain: String

    func execute(_ shell: Shell) async throws {
        let path = "\(DomainCommand.path(bucket))/\(PercentCoding.encode(domain))"
        let removed = try await shell.client().call("DELETE", path, as: CustomDomainRemovedBody.self)
        shell.emit(removed) { "removed domain \(removed.domain) from bucket \(bucket)" }
    }
}
