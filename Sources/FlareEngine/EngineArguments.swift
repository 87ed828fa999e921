package import ArgumentParser
import FlareModel
import FoundationEssentials

/// The words of `flare-engine`.
///
/// People use `flare engine`; this is what it starts.
package struct EngineArguments: ParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "flare-engine",
        abstract: "The background engine of flare. Started by the flare command.",
        version: "flare-engine \(FlareVersion.current)"
    )

    @Option(help: "The state directory.")
    var state: String?

    @Option(help: ArgumentHelp("Write \"ready\" or an error to this descriptor.", visibility: .hidden))
    var readyDescriptor: Int32?

    @Flag(help: "Log to stderr instead of the log file.")
    var foreground = false

    @Option(help: "The port for ingest.")
    var ingestPort: Int?

    @Option(help: "The port for the control API.")
    var controlPort: Int?

    package init() {}

    package func validate() throws {
        for port in [ingestPort, controlPort].compactMap({ $0 }) where !(1...65_535).contains(port) {
            throw ValidationError("a port is a number from 1 to 65535")
        }
    }

    /// Parses the process's arguments and runs the engine.
    ///
    /// Returns the exit status.
    @concurrent package static func main() async -> Int32 {
        let arguments: EngineArguments
        do {
            arguments = try parse()
        } catch {
            exit(withError: error)
        }
        let state = StateDirectory.resolve(
            flag: arguments.state,
            environment: ProcessInfo.processInfo.environment,
            workingDirectory: FileManager.default.currentDirectoryPath
        )
        return await EngineProgram.run(
            EngineOptions(
                state: state,
                readyDescriptor: arguments.readyDescriptor,
                foreground: arguments.foreground,
                ingestPort: arguments.ingestPort,
                controlPort: arguments.controlPort
            )
        )
    }
}
