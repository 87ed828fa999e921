import ArgumentParser

/// The group `flare engine`.
struct EngineCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "engine",
        abstract: "Start, stop and look at the background engine.",
        subcommands: [
            EngineStart.self, EngineStop.self, EngineRestart.self, EngineStatus.self, EngineLogs.self, EngineRun.self,
            EngineTokens.self, EngineAuthority.self,
        ]
    )
}
