import ArgumentParser
import FlareClient
import FlareModel

/// The group `flare workers secret`.
struct WorkerSecretCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "secret",
        abstract: "Values in a Worker's env that are never shown again.",
        discussion: """
            They are kept over deploys and may be stored before the first one. After a change, new invocations see the \
            new values.
            """,
        subcommands: [WorkerSecretPut.self, WorkerSecretList.self, WorkerSecretDelete.self, WorkerSecretBulk.self]
    )
}

struct WorkerSecretPut: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "put",
        abstract: "Store a secret: its value is read from stdin, unseen at a terminal.",
        discussion: """
            For example: printf %s "$API_KEY" | flare workers secret put shop API_KEY
            """
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The Worker.", completion: Complete.workers)
    var name: String

    @Argument(help: "The name in env.", completion: Complete.secrets)
    var key: String

    @Option(help: ArgumentHelp("Read the value from a file.", valueName: "file"), completion: .file())
    var fromFile: String?

    func execute(_ shell: Shell) async throws {
        try NameRule.secret.validate(key)
        let value = try SecretInput.read(file: fromFile, prompt: "value of \(key): ", shell: shell)
        let body = SecretsBulkBody(secrets: [key: PutSecretBody(name: key, text: value)])
        let changed = try await shell.client()
            .call("PATCH", WorkerPath.secretsBulk(name), body: body, as: SecretsChangedBody.self)
        shell.emit(changed) { WorkerSecretText.of(changed) }
    }
}

struct WorkerSecretList: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the names of a Worker's secrets."
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The Worker.", completion: Complete.workers)
    var name: String

    func execute(_ shell: Shell) async throws {
        let secrets = try await shell.client().call("GET", WorkerPath.secrets(name), as: [SecretBody].self)
        shell.list(secrets, ["NAME", "MODIFIED"]) { [$0.name, $0.modifiedOn.text] }
    }
}

struct WorkerSecretDelete: FlareCommand {
    static let configuration = CommandConfiguration(commandName: "delete", abstract: "Delete a secret.")

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The Worker.", completion: Complete.workers)
    var name: String

    @Argument(help: "The name in env.", completion: Complete.secrets)
    var key: String

    @Flag(name: .shortAndLong, help: "Do not ask.")
    var yes = false

    func execute(_ shell: Shell) async throws {
        try shell.confirm("delete the secret \"\(key)\" of Worker \"\(name)\"", yes: yes)
        let body = SecretsBulkBody(secrets: [key: nil])
        let changed = try await shell.client()
            .call("PATCH", WorkerPath.secretsBulk(name), body: body, as: SecretsChangedBody.self)
        shell.emit(changed) { WorkerSecretText.of(changed) }
    }
}

struct WorkerSecretBulk: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "bulk",
        abstract: "Store many secrets at once: all or none.",
        discussion: """
            FILE holds one JSON object of names and texts, where null deletes, or lines of NAME=value as in .env files.
            """
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The Worker.", completion: Complete.workers)
    var name: String

    @Argument(help: "A JSON or .env file. Default: stdin.", completion: .file())
    var file: String?

    func execute(_ shell: Shell) async throws {
        let path = file == "-" ? nil : file
        let bytes = try SecretInput.contents(of: path, named: "file")
        let secrets = try Self.parse(bytes, file: path ?? "stdin")
        guard !secrets.isEmpty else {
            throw FlareError(.invalidData, "\(path ?? "stdin") names no secrets")
        }
        let changed = try await shell.client().call(
            "PATCH",
            WorkerPath.secretsBulk(name),
            body: SecretsBulkBody(secrets: secrets),
            as: SecretsChangedBody.self
        )
        shell.emit(changed) { WorkerSecretText.of(changed) }
    }

    private static func parse(_ bytes: [UInt8], file: String) throws -> [String: PutSecretBody?] {
        let isJSON = bytes.first { !" \t\r\n".utf8.contains($0) } == UInt8(ascii: "{")
        guard isJSON else {
            let values = try DotEnv.parse(String(decoding: bytes, as: UTF8.self), file: file)
            return Dictionary(uniqueKeysWithValues: values.map { ($0, PutSecretBody(name: $0, text: $1)) })
        }
        guard let members = (try? JSONValue(json: bytes))?.objectValue else {
            throw FlareError(.invalidData, "\(file) is not valid JSON")
        }
        var secrets: [String: PutSecretBody?] = [:]
        for (name, value) in members {
            switch value {
            case .null: secrets[name] = .some(nil)
            case .string(let text): secrets[name] = PutSecretBody(name: name, text: text)
            default: throw FlareError(.invalidData, "\(file): the value of \"\(name)\" must be a text, or null")
            }
        }
        return secrets
    }
}

/// What a change of secrets did, for people.
enum WorkerSecretText {
    static func of(_ changed: SecretsChangedBody) -> String {
        let stored = changed.stored.map { "stored the secret \($0) of Worker \(changed.worker)" }
        let deleted = changed.deleted.map { "deleted the secret \($0) of Worker \(changed.worker)" }
        let note = "no Worker \(changed.worker) is deployed yet: its first deploy finds them"
        let notes = changed.isDeployed || changed.stored.isEmpty ? [] : [note]
        return (stored + deleted + notes).joined(separator: "\n")
    }
}
