import ArgumentParser
import FlareClient
import FlareModel

/// The group `flare buckets keys`: who may do what at the S3 door.
struct KeysCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keys",
        abstract: "Make, list and revoke access keys for S3 clients.",
        subcommands: [KeysCreate.self, KeysList.self, KeysRevoke.self]
    )

    static let path = "/flare/v1/access-keys"
}

extension AccessKeyPermission: ExpressibleByArgument {}

struct KeysCreate: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "create",
        abstract: "Make an access key and print it with its secret. The secret is not shown again.",
        discussion: "Without --bucket the key opens all buckets, those of later included, and may make and delete them."
    )

    @OptionGroup var global: GlobalOptions

    @Option(name: .long, help: "A name to know it by.")
    var name: String?

    @Option(name: .long, help: "A bucket that it opens. Give it once for each.", completion: Complete.buckets)
    var bucket: [String] = []

    @Option(name: .long, help: "What it allows; write includes read.")
    var permission: AccessKeyPermission = .write

    @Option(name: .long, help: "How long it lives: 30m, 12h, 90d. Default: until it is revoked.")
    var expiresIn: String?

    func execute(_ shell: Shell) async throws {
        let seconds = try expiresIn.map { try wholeSeconds($0) }
        let body = CreateAccessKeyBody(
            name: name,
            permission: permission,
            buckets: bucket.isEmpty ? nil : bucket,
            expiresInSeconds: seconds
        )
        let key = try await shell.client().call("POST", KeysCommand.path, body: body, as: NewAccessKeyBody.self)
        shell.emit(key) {
            Table.labelled([
                ("Access key ID", key.id), ("Secret access key", key.secret),
                ("Permission", key.permission.rawValue),
                ("Buckets", key.buckets?.joined(separator: ", ") ?? "all"),
                ("Expires", key.expiresAt?.text ?? "never"),
            ])
        }
        if !shell.json { shell.note("keep the secret now: it is not shown again") }
    }
}

struct KeysList: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the access keys, without their secrets."
    )

    @OptionGroup var global: GlobalOptions

    func execute(_ shell: Shell) async throws {
        let keys = try await shell.client().call("GET", KeysCommand.path, as: [AccessKeyBody].self)
        shell.list(keys, ["ID", "KIND", "PERMISSION", "BUCKETS", "CREATED", "EXPIRES", "NAME"]) { key in
            [
                key.id, key.kind.rawValue, key.permission.rawValue, key.buckets?.joined(separator: ",") ?? "all",
                key.createdAt.text, key.expiresAt?.text ?? "never", key.name,
            ]
        }
    }
}

struct KeysRevoke: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke",
        abstract: "End an access key at once, with the temporary ones made of it and all URLs presigned by it."
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The key's id.", completion: Complete.accessKeys)
    var id: String

    @Flag(name: .shortAndLong, help: "Do not ask.")
    var yes = false

    func execute(_ shell: Shell) async throws {
        try shell.confirm("revoke access key \"\(id)\"", yes: yes)
        let path = "\(KeysCommand.path)/\(PercentCoding.encode(id))"
        _ = try await shell.client().call("DELETE", path, as: EmptyResult.self)
        shell.emit(["id": id]) { "revoked access key \(id)" }
    }
}

/// A duration in whole seconds; throws `invalidArgument` for less than one.
func wholeSeconds(_ text: String) throws -> Int {
    let duration = try parseDuration(text)
    guard duration >= .seconds(1) else {
        throw FlareError(.invalidArgument, "\"\(text)\" is less than a second", hint: "write 30m, 12h or 90d")
    }
    return Int(duration.components.seconds)
}
