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
        let info = try start(shell, again: before != nil)
        shell.emit(info) { "Started the engine (pid \(info.pid), version \(info.version))" }
    }

    private func start(_ shell: Shell, again: Bool) throws -> EngineInfo {
        do {
            return try shell.launcher.ensureRunning(extraArguments: options.words).info
        } catch var error as FlareError where again && !options.words.isEmpty {
            // A wrong option takes the engine from nobody. What kept it from starting is the error to tell.
            if (try? shell.launcher.ensureRunning()) != nil { error.message += "; the engine runs again as before" }
            throw error
        }
    }
}
