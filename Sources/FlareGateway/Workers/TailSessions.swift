import FlareModel
package import FlareStore
import FlareWorkers
import NIOCore
import Synchronization

/// The tails that clients have asked for: what each may follow, and until when it may begin.
///
/// Its id is all that a client needs to follow it, and hard to guess.
package final class TailSessions: Sendable {
    struct Tail: Sendable {
        let id: String
        let worker: String
        let filter: TraceFilter
        let expiresOn: Timestamp
    }

    private struct State {
        var port: Int?
        /// In the order in which they were asked for.
        var tails: [Tail] = []
        /// Connections that follow, by the id of their tail.
        var followers: [String: [any Channel]] = [:]
    }

    private let time: any TimeSource
    private let state = Mutex(State())

    package init(time: any TimeSource) {
        self.time = time
    }

    /// Where tails are followed; nil as long as nothing listens.
    var port: Int? { state.withLock { $0.port } }

    /// Notes where tails are followed.
    func listens(on port: Int) { state.withLock { $0.port = port } }

    /// Throws `tooManyRequests` when the Worker has as many as it may, `engineUnavailable` before they can be followed.
    func create(of worker: String, where filter: TraceFilter) throws -> Tail {
        let now = time.now()
        let tail = Tail(
            id: Identifier.hexadecimal(),
            worker: worker,
            filter: filter,
            expiresOn: now + .seconds(Limits.tailSecondsMax)
        )
        let isTaken = state.withLock { state in
            state.tails.removeAll { $0.expiresOn <= now && state.followers[$0.id] == nil }
            guard state.tails.count(where: { $0.worker == worker }) < Limits.tailsOfWorkerMax,
                state.tails.count < Limits.tailsMax
            else { return false }
            state.tails.append(tail)
            return true
        }
        guard isTaken else {
            throw FlareError(
                .tooManyRequests,
                "the Worker \"\(worker)\" is followed by \(Limits.tailsOfWorkerMax) clients, or the engine by "
                    + "\(Limits.tailsMax)",
                hint: "end one of them, or run: flare tail \(worker)"
            )
        }
        return tail
    }

    /// The newest tail of a Worker that is still good.
    func newest(of worker: String) -> Tail? {
        let now = time.now()
        return state.withLock { $0.tails.last { $0.worker == worker && $0.expiresOn > now } }
    }

    func find(_ id: String) -> Tail? {
        let now = time.now()
        return state.withLock { $0.tails.first { $0.id == id && $0.expiresOn > now } }
    }

    /// Where a tail is followed; nil as long as nothing listens.
    func url(of tail: Tail) -> String? {
        port.map { "ws://127.0.0.1:\($0)/\(tail.id)" }
    }

    /// Forgets a tail and closes the connections that follow it; false when there is no such tail.
    func delete(_ id: String, of worker: String) -> Bool {
        let followers: [any Channel]? = state.withLock { state in
            guard let index = state.tails.firstIndex(where: { $0.id == id && $0.worker == worker }) else { return nil }
            state.tails.remove(at: index)
            return state.followers.removeValue(forKey: id) ?? []
        }
        for channel in followers ?? [] { channel.close(promise: nil) }
        return followers != nil
    }

    /// Whether the tail is still there for a connection that is about to follow it.
    func begin(_ channel: any Channel, of id: String) -> Bool {
        state.withLock { state in
            guard state.tails.contains(where: { $0.id == id }) else { return false }
            state.followers[id, default: []].append(channel)
            return true
        }
    }

    func end(_ channel: any Channel, of id: String) {
        state.withLock { state in
            state.followers[id]?.removeAll { $0 === channel }
            if state.followers[id]?.isEmpty == true { state.followers[id] = nil }
        }
    }
}
