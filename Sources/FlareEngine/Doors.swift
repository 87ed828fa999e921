import FlareModel
import Synchronization

/// Gathers which doors listen, and says once that all do.
final class Doors: Sendable {
    private struct State {
        var socketListens = false
        var controlPort: Int?
        var ingestPort: Int?
        var isAnnounced = false
    }

    private let state = Mutex(State())
    private let onReady: @Sendable (_ controlPort: Int, _ ingestPort: Int) -> Void

    /// - Parameter onReady: called once, from the door that was last.
    init(onReady: @escaping @Sendable (_ controlPort: Int, _ ingestPort: Int) -> Void) {
        self.onReady = onReady
    }

    func socketListens() { change { $0.socketListens = true } }
    func controlListens(on port: Int) { change { $0.controlPort = port } }
    func ingestListens(on port: Int) { change { $0.ingestPort = port } }

    /// The port of ingest, once it listens.
    var ingestPort: Int? { state.withLock { $0.ingestPort } }

    private func change(_ apply: (inout State) -> Void) {
        let ports = state.withLock { state -> (Int, Int)? in
            apply(&state)
            guard !state.isAnnounced, state.socketListens, let control = state.controlPort,
                let ingest = state.ingestPort
            else { return nil }
            state.isAnnounced = true
            return (control, ingest)
        }
        if let ports { onReady(ports.0, ports.1) }
    }
}
