import ArgumentParser
import FlareClient
import FlareModel
import Glibc

struct EngineRun: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Run the engine in the foreground, for systemd and containers.",
        discussion: "Logs to stderr. SIGTERM stops it gracefully within 10 seconds."
    )

    @OptionGroup var global: GlobalOptions

    @OptionGroup var options: EngineStartOptions

    func execute(_ shell: Shell) async throws {
        let program = shell.launcher.program
        let words = [program, "--state", shell.state.path, "--foreground"] + options.words
        var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        execv(program, &arguments)
        throw FlareError(
            .engineUnavailable,
            "\(program) cannot be run: \(String(cString: strerror(errno)))",
            hint: "install it beside flare, or name it with FLARE_ENGINE"
        )
    }
}
