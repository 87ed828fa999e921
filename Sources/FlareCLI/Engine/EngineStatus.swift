import ArgumentParser
import FlareClient
import FlareModel

struct EngineStatus: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show whether the engine runs, where it listens and where its state lies.",
        discussion: "Exits with 69 when no engine runs."
    )

    @OptionGroup var global: GlobalOptions

    func execute(_ shell: Shell) async throws {
        guard let info = shell.launcher.running() else {
            throw FlareError(.engineUnavailable, "no engine runs in \(shell.state.path)", hint: "flare engine start")
        }
        shell.emit(Status(state: shell.state.path, info: info)) {
            Table.labelled([
                ("State", shell.state.path),
                ("Pid", "\(info.pid)"),
                ("Version", info.version),
                ("Started", info.startedAt.text),
                ("Socket", info.socketPath),
                ("Control", "http://127.0.0.1:\(info.controlPort)"),
                ("Ingest", "http://127.0.0.1:\(info.ingestPort), ws://127.0.0.1:\(info.ingestPort)"),
                ("Kafka", "127.0.0.1:\(info.kafkaPort)"),
                ("S3", info.s3Port.map { "http://127.0.0.1:\($0)" } ?? "-"),
                (
                    "TLS",
                    info.tls == "certificate" ? "with the certificate given" : "with the authority of: flare engine ca"
                ),
            ])
        }
    }

    private struct Status: Encodable {
        let state: String
        let info: EngineInfo

        enum CodingKeys: CodingKey {
            case state
        }

        func encode(to encoder: any Encoder) throws {
            try info.encode(to: encoder)
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(state, forKey: .state)
        }
    }
}
