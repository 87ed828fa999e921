import FlareGateway
import FlareModel
import ServiceLifecycle

/// Keeps a raw door, of ingest or of Kafka, listening until graceful shutdown.
struct RawDoor: Service {
    let candidates: PortCandidates
    let onListening: @Sendable (Int) -> Void
    /// Listens on a port and returns it; throws `inUse` when it is taken.
    let start: @Sendable (Int) async throws -> Int
    let stop: @Sendable () async -> Void

    func run() async throws {
        onListening(try await listen())
        try await gracefulShutdown()
        await stop()
    }

    private func listen() async throws -> Int {
        for port in candidates.ports {
            do {
                return try await start(port)
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
