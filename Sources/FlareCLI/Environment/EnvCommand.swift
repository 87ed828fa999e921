import ArgumentParser
import FlareClient
import FlareModel
import FoundationEssentials

/// `flare env`: the variables that point other programs at the engine.
struct EnvCommand: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "env",
        abstract: "Print the variables that point wrangler, the Cloudflare SDKs and S3 clients at the engine.",
        discussion: """
            eval "$(flare env)" sets them in sh, bash and zsh; flare env --shell fish | source in fish. The token and \
            the access key are the same each time; revoke them with flare engine tokens and flare buckets keys.
            """
    )

    @OptionGroup var global: GlobalOptions

    @Option(name: .long, help: "The shell that reads them. Default: that of the variable SHELL, or sh.")
    var shell: ShellDialect?

    func execute(_ shell: Shell) async throws {
        let current = ProcessInfo.processInfo.environment
        let body = try await shell.client().call("POST", "/flare/v1/environment", as: EnvironmentBody.self)
        let variables = EnvironmentVariables(body, state: shell.state.path, current: current)
        let dialect = self.shell ?? ShellDialect(ofShell: current["SHELL"])
        shell.emit(Dictionary(variables.set.map { ($0.name, $0.value) }) { first, _ in first }) {
            let lines =
                variables.unset.map { dialect.line($0, nil) }
                + variables.set.map { dialect.line($0.name, $0.value) }
            return lines.joined(separator: "\n")
        }
        if shell.isTerminal && !shell.json {
            shell.note(dialect == .fish ? "# set them: flare env | source" : "# set them: eval \"$(flare env)\"")
        }
    }
}
