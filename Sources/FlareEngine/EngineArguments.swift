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

    @Option(help: "The port for Kafka producers.")
    var kafkaPort: Int?

    @Option(name: .customLong("s3-port"), help: "The port for S3 clients.")
    var s3Port: Int?

    @Option(name: .customLong("tls-cert"), help: "A PEM file: the certificate of the TLS doors with its chain.")
    var tlsCertificate: String?

    @Option(name: .customLong("tls-key"), help: "A PEM file: the private key of the certificate.")
    var tlsKey: String?

    @Flag(name: .customLong("require-tls"), inversion: .prefixedNo, help: "Turn away clients without TLS.")
    var requiresTLS: Bool?

    package init() {}

    package func validate() throws {
        for port in [ingestPort, controlPort, kafkaPort, s3Port].compactMap({ $0 })
        where !(1...65_535).contains(port) {
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
                controlPort: arguments.controlPort,
                kafkaPort: arguments.kafkaPort,
                s3Port: arguments.s3Port,
                tls: TLSOptions(
                    certificate: absolute(arguments.tlsCertificate),
                    key: absolute(arguments.tlsKey),
                    isRequired: arguments.requiresTLS
                )
            )
        )
    }

    /// A path as it must be kept: later engines may start elsewhere.
    private static func absolute(_ path: String?) -> String? {
        guard let path, !path.isEmpty, !path.hasPrefix("/") else { return path }
        return FileManager.default.currentDirectoryPath + "/" + path
    }
}
