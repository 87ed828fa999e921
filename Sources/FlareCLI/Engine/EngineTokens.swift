import ArgumentParser
import FlareClient
import FlareModel

/// `flare engine tokens …`: who may use the API over TCP.
struct EngineTokens: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tokens",
        abstract: "Make, list and revoke tokens for the API on the control port.",
        subcommands: [EngineTokensCreate.self, EngineTokensList.self, EngineTokensRevoke.self]
    )
}

struct EngineTokensCreate: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "create",
        abstract: "Make a token and print it. It is not shown again."
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: "A name to revoke it by.")
    var name: String

    func execute(_ shell: Shell) async throws {
        let client = try await shell.client()
        let body = CreateTokenBody(name: name)
        let token = try await client.call("POST", "/flare/v1/tokens", body: body, as: NewTokenBody.self)
        shell.emit(token) { token.token }
    }
}

struct EngineTokensList: FlareCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "List the tokens by name.")

    @OptionGroup var global: GlobalOptions

    func execute(_ shell: Shell) async throws {
        let tokens = try await shell.client().call("GET", "/flare/v1/tokens", as: [TokenBody].self)
        shell.list(tokens, ["NAME", "CREATED"]) { [$0.name, $0.createdAt.text] }
    }
}

struct EngineTokensRevoke: FlareCommand {
    static let configuration = CommandConfiguration(commandName: "revoke", abstract: "Revoke a token.")

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The token's name.")
    var name: String

    func execute(_ shell: Shell) async throws {
        let path = "/flare/v1/tokens/" + PercentCoding.encode(name)
        let result = try await shell.client().call("DELETE", path, as: EmptyResult.self)
        shell.emit(result) { "Revoked the token \"\(name)\"" }
    }
}
