import ArgumentParser
import FlareClient
import FlareModel

struct EngineStart: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "start",
        abstract: "Start the engine. Does nothing when it runs."
    )

    @OptionGroup var global: GlobalOptions

    @Option(help: "The port for ingest, kept from now on. Default: the kept one, or the first free one from 8700.")
    var ingestPort: Int?

    @Option(help: "The port for the API, kept from now on. Default: the kept one, or the first free one from 8701.")
    var controlPort: Int?

    func validate() throws {
        for port in [ingestPort, controlPort].compactMap({ $0 }) where !(1...65_535).contains(port) {
            throw ValidationError("a port is a number from 1 to 65535")
        }
    }

    func execute(_ shell: Shell) async throws {
        let (info, started) = try shell.launcher.ensureRunning(
            extraArguments: (ingestPort.map { ["--ingest-port", "\($0)"] } ?? [])
                + (controlPort.map { ["--control-port", "\($0)"] } ?? [])
        )
        shell.emit(info) {
            (started ? "Started the engine" : "The engine runs already") + " (pid \(info.pid), version \(info.version))"
        }
    }
}
