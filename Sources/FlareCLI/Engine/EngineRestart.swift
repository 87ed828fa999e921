import ArgumentParser
import FlareClient
import FlareModel

struct EngineRestart: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "restart",
        abstract: "Stop the engine when it runs, and start it again.",
        discussion: "When it cannot start with these options, it runs again as before."
    )

    @OptionGroup var global: GlobalOptions

    @OptionGroup var options: EngineStartOptions

    func execute(_ shell: Shell) async throws {
        let before = try await EngineControl.stop(shell)
        let (info, started) = try start(shell, again: before != nil)
        if !started && !options.words.isEmpty {
            shell.warn("somebody else has started the engine meanwhile, without these options; restart it once more")
        }
        shell.emit(info) {
            (started ? "Started the engine" : "The engine runs already") + " (pid \(info.pid), version \(info.version))"
        }
    }

    private func start(_ shell: Shell, again: Bool) throws -> (info: EngineInfo, started: Bool) {
        do {
            return try shell.launcher.ensureRunning(extraArguments: options.words)
        } catch var error as FlareError where again && !options.words.isEmpty {
            // A wrong option takes the engine from nobody. What kept it from starting is the error to tell.
            if (try? shell.launcher.ensureRunning()) != nil { error.message += "; the engine runs again as before" }
            throw error
        }
    }
}
