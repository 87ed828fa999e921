import ArgumentParser
import FlareClient
import FlareModel

struct EngineStop: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "stop",
        abstract: "Stop the engine and wait until it has ended. Does nothing when none runs."
    )

    @OptionGroup var global: GlobalOptions

    func execute(_ shell: Shell) async throws {
        guard let info = try await EngineControl.stop(shell) else {
            let nothing = EngineControl.Stopped(stopped: false, pid: nil)
            return shell.emit(nothing) { "No engine runs in \(shell.state.path)" }
        }
        shell.emit(EngineControl.Stopped(stopped: true, pid: info.pid)) { "Stopped the engine (pid \(info.pid))" }
    }
}

/// What start, stop and restart share.
enum EngineControl {
    struct Stopped: Encodable {
        let stopped: Bool
        let pid: Int32?
    }

    /// Asks the running engine to stop and waits for its end.
    ///
    /// Returns what it was, or nil when none ran.
    static func stop(_ shell: Shell, within seconds: Int32 = 15) async throws -> EngineInfo? {
        guard let info = shell.launcher.running() else { return nil }
        let client = EngineClient(socketPath: info.socketPath)
        let isDeaf = try await within(.seconds(seconds)) {
            _ = try await client.call("POST", "/flare/v1/engine/stop", as: EngineInfo.self)
        }
        guard !isDeaf, ProcessEnd.wait(pid: info.pid, seconds: seconds) else {
            throw FlareError(
                .deadlineExceeded,
                "the engine (pid \(info.pid)) has not ended within \(seconds) s",
                hint: "kill -9 \(info.pid) loses nothing that was acknowledged"
            )
        }
        return info
    }
}
