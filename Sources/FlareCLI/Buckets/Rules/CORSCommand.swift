import ArgumentParser
import FlareClient
import FlareModel

/// The group `flare buckets cors`.
struct CORSCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cors",
        abstract: "Say which web pages may use a bucket.",
        subcommands: [CORSList.self, CORSSet.self, CORSDelete.self]
    )
}

struct CORSList: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the CORS rules of a bucket."
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The bucket.", completion: Complete.buckets)
    var bucket: String

    func execute(_ shell: Shell) async throws {
        let rules = try await shell.client()
            .call("GET", "\(BucketPath.bucket(bucket))/cors", as: CORSConfigurationBody.self).rules
        shell.list(rules, ["RULE", "ORIGINS", "METHODS", "HEADERS", "EXPOSED", "MAX AGE"]) { rule in
            [
                rule.id ?? "", rule.allowed.origins.joined(separator: ","), rule.allowed.methods.joined(separator: ","),
                (rule.allowed.headers ?? []).joined(separator: ","), (rule.exposeHeaders ?? []).joined(separator: ","),
                rule.maxAgeSeconds.map { "\($0) s" } ?? "",
            ]
        }
    }
}

struct CORSSet: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "set",
        abstract: "Set the CORS rules of a bucket in place of those that it has.",
        discussion: """
            The file has the shape of R2's API: {"rules": [{"allowed": {"origins": ["https://example.com"], "methods": \
            ["GET"], "headers": ["content-type"]}, "exposeHeaders": ["etag"], "maxAgeSeconds": 3600}]}
            """
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The bucket.", completion: Complete.buckets)
    var bucket: String

    @Option(name: .long, help: "A JSON file with the rules; - for stdin.", completion: .file())
    var file: String

    func execute(_ shell: Shell) async throws {
        let body = try RulesFile.read(file, .cors, as: CORSConfigurationBody.self)
        let path = "\(BucketPath.bucket(bucket))/cors"
        _ = try await shell.client().call("PUT", path, body: body, as: EmptyResult.self)
        shell.emit(body) { "set \(body.rules.count) CORS rules of bucket \(bucket)" }
    }
}

struct CORSDelete: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete",
        abstract: "Take all CORS rules from a bucket: no web page may use it then."
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The bucket.", completion: Complete.buckets)
    var bucket: String

    @Flag(name: .shortAndLong, help: "Do not ask.")
    var yes = false

    func execute(_ shell: Shell) async throws {
        try shell.confirm("delete the CORS rules of bucket \"\(bucket)\"", yes: yes)
        _ = try await shell.client().call("DELETE", "\(BucketPath.bucket(bucket))/cors", as: EmptyResult.self)
        shell.emit(["bucket": bucket]) { "deleted the CORS rules of bucket \(bucket)" }
    }
}
