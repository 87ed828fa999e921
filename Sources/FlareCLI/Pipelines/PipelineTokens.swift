import ArgumentParser
import FlareClient
import FlareModel

/// `flare pipelines tokens …`: who may send to a pipeline that asks for a token.
struct PipelineTokens: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tokens",
        abstract: "Make, list and revoke the tokens that let records into a pipeline.",
        subcommands: [PipelineTokensCreate.self, PipelineTokensList.self, PipelineTokensRevoke.self]
    )
}

struct PipelineTokensCreate: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "create",
        abstract: "Make a token of a pipeline and print it. It is not shown again.",
        discussion: """
            A pipeline asks for one after "flare pipelines update NAME --require-http-auth". Senders show it as \
            "Authorization: Bearer TOKEN", Kafka clients as their SASL password.
            """
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The pipeline.", completion: Complete.pipelines)
    var pipeline: String

    @Argument(help: "A name to revoke it by.")
    var name: String

    func execute(_ shell: Shell) async throws {
        let token = try await shell.client().call(
            "POST",
            PipelinePath.own(pipeline, "tokens"),
            body: CreateTokenBody(name: name),
            as: NewTokenBody.self
        )
        shell.note("made the token \"\(name)\" of pipeline \"\(pipeline)\"; it is not shown again")
        shell.emit(token) { token.token }
    }
}

struct PipelineTokensList: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the tokens of a pipeline by name."
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The pipeline.", completion: Complete.pipelines)
    var pipeline: String

    func execute(_ shell: Shell) async throws {
        let tokens = try await shell.client().call("GET", PipelinePath.own(pipeline, "tokens"), as: [TokenBody].self)
        shell.list(tokens, ["NAME", "CREATED"]) { [$0.name, $0.createdAt.text] }
    }
}

struct PipelineTokensRevoke: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke",
        abstract: "Revoke a token of a pipeline: from now on it lets nobody in."
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The pipeline.", completion: Complete.pipelines)
    var pipeline: String

    @Argument(help: "The token's name.", completion: Complete.pipelineTokens)
    var name: String

    func execute(_ shell: Shell) async throws {
        let path = PipelinePath.own(pipeline, "tokens", name)
        _ = try await shell.client().call("DELETE", path, as: EmptyResult.self)
        shell.emit(["pipeline": pipeline, "name": name]) { "revoked the token \"\(name)\" of pipeline \(pipeline)" }
    }
}
