import ArgumentParser
import FlareClient
import FlareModel

struct EngineRestart: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "restart",
        abstract: "Stop the engine when it runs, and start it again."
    )

    @OptionGroup var global: GlobalOptions

    @OptionGroup var options: EngineStartOptions

    func execute(_ shell: Shell) async throws {
        _ = try await EngineControl.stop(shell)
        let (info, _) = try shell.launcher.ensureRunning(extraArguments: options.words)
        shell.emit(info) { "Started the engine (pid \(info.pid), version \(info.version))" }
    }
}
