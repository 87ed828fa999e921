package import FlareModel
import Foundation

extension FlareFixture {
    /// What the running engine wrote about itself.
    ///
    /// Throws when none has started in this state directory.
    package func engine() throws -> EngineInfo {
        try FlareJSON.decode(EngineInfo.self, from: Data(contentsOf: URL(fileURLWithPath: state + "/engine.json")))
    }

    /// Starts the engine if none runs, and tells how to reach it.
    @discardableResult
    package func startEngine() async throws -> EngineInfo {
        try await run("engine", "start").check()
        return try engine()
    }

    /// Ends the engine as a power cut would: kill -9, without a warning.
    ///
    /// Returns when the process is gone.
    package func killEngine() async throws {
        let pid = try engine().pid
        kill(pid, SIGKILL)
        try await waitUntil("engine \(pid) is gone") { !isAlive(pid) }
    }

    /// Sends an HTTP request to the ingest port.
    package func post(
        _ body: String,
        to pipeline: String,
        headers: [(String, String)] = [("Content-Type", "application/json")]
    ) async throws -> HTTPReply {
        try await httpRequest(
            "POST",
            "/" + pipeline,
            port: engine().ingestPort,
            headers: headers,
            body: Array(body.utf8)
        )
    }

    /// A token for the control port.
    package func createToken(_ name: String = "test") async throws -> String {
        let reply = try await run("engine", "tokens", "create", name, "--json").check().json()
        guard let token = reply["token"]?.stringValue else {
            throw FlareError(.invalidData, "no token in \(reply)")
        }
        return token
    }

    /// The end of a test: a graceful stop, and the hard one if that does not help.
    func endEngine() async {
        guard let pid = try? engine().pid, isAlive(pid) else { return }
        kill(pid, SIGTERM)
        do {
            try await waitUntil("engine \(pid) stops", within: .seconds(15)) { !isAlive(pid) }
        } catch {
            print("\(error); it is killed")
            kill(pid, SIGKILL)
        }
    }
}

/// Whether a process runs; one that has ended and was not waited for does not.
package func isAlive(_ pid: Int32) -> Bool {
    guard let stat = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8),
        let afterName = stat.lastIndex(of: ")")
    else { return false }
    return !stat[afterName...].hasPrefix(") Z")
}
