import ArgumentParser
import FlareClient
import FlareModel

struct EngineStart: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "start",
        abstract: "Start the engine. Does nothing when it runs."
    )

    @OptionGroup var global: GlobalOptions

    @OptionGroup var options: EngineStartOptions

    func execute(_ shell: Shell) async throws {
        let (info, started) = try shell.launcher.ensureRunning(extraArguments: options.words)
        if !started && !options.words.isEmpty {
            shell.warn("the engine runs already, with its own options; change them with: flare engine restart")
        }
        shell.emit(info) {
            (started ? "Started the engine" : "The engine runs already") + " (pid \(info.pid), version \(info.version))"
        }
    }
}
