import FlareModel
import Synchronization

/// Gathers which doors listen, and says once that all do.
final class Doors: Sendable {
    /// Where the doors of TCP listen.
    struct Ports: Sendable {
        let control: Int
        let ingest: Int
        let kafka: Int
        let s3: Int
    }

    private struct State {
        var socketListens = false
        var controlPort: Int?
        var ingestPort: Int?
        var kafkaPort: Int?
        var s3Port: Int?
        var announced: Ports?
    }

    private let state = Mutex(State())
    private let onReady: @Sendable (Ports) -> Void

    /// - Parameter onReady: called once, from the door that was last.
    init(onReady: @escaping @Sendable (Ports) -> Void) {
        self.onReady = onReady
    }

    func socketListens() { change { $0.socketListens = true } }
    func controlListens(on port: Int) { change { $0.controlPort = port } }
    func ingestListens(on port: Int) { change { $0.ingestPort = port } }
    func kafkaListens(on port: Int) { change { $0.kafkaPort = port } }
    func s3Listens(on port: Int) { change { $0.s3Port = port } }

    /// All ports, once all doors listen.
    var ports: Ports? { state.withLock { $0.announced } }

    private func change(_ apply: (inout State) -> Void) {
        let ports = state.withLock { state -> Ports? in
            apply(&state)
            guard state.announced == nil, state.socketListens, let control = state.controlPort,
                let ingest = state.ingestPort, let kafka = state.kafkaPort, let s3 = state.s3Port
            else { return nil }
            state.announced = Ports(control: control, ingest: ingest, kafka: kafka, s3: s3)
            return state.announced
        }
        if let ports { onReady(ports) }
    }
}
