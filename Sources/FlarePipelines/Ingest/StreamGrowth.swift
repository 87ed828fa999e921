import FlareStore
import Synchronization

/// Wakes those who read a stream as it grows, beside the pipeline's own loop.
final class StreamGrowth: Sendable {
    private let readers = Mutex<[ObjectIdentifier: Wake]>([:])

    /// New records are durable; called from the log's thread.
    func notify() {
        for wake in readers.withLock({ Array($0.values) }) { wake.notify() }
    }

    func add(_ wake: Wake) {
        readers.withLock { $0[ObjectIdentifier(wake)] = wake }
    }

    func remove(_ wake: Wake) {
        readers.withLock { $0[ObjectIdentifier(wake)] = nil }
    }
}
