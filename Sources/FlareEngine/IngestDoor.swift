import FlareGateway
import FlareModel
import ServiceLifecycle

/// Keeps the ingest server listening until graceful shutdown.
struct IngestDoor: Service {
    let server: IngestServer
    let candidates: PortCandidates
    let onListening: @Sendable (Int) -> Void

    func run() async throws {
        onListening(try await start())
        try await gracefulShutdown()
        await server.stop()
    }

    private func start() async throws -> Int {
        for port in candidates.ports {
            do {
                return try await server.start(host: "127.0.0.1", port: port)
            } catch let error as FlareError where error.code == .inUse {
                continue
            }
        }
        throw candidates.taken
    }
}

/// Keeps the control API listening on its TCP port.
struct ControlDoor: Service {
    let server: ControlServer
    let candidates: PortCandidates

    func run() async throws {
        do {
            try await server.run()
        } catch let error as FlareError where error.code == .inUse {
            throw candidates.taken
        }
    }
}
