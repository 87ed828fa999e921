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

        /// Takes a new tail, or says why not.
        mutating func add(_ tail: Tail, now: Timestamp) -> Refusal? {
            guard port != nil else { return .starting }
            tails.removeAll { $0.expiresOn <= now && followers[$0.id] == nil }
            if tails.count(where: { $0.worker == tail.worker }) >= Limits.tailsOfWorkerMax {
                guard forgetOldest(where: { $0.worker == tail.worker }) else { return .workerIsFull }
            } else if tails.count >= Limits.tailsMax {
                guard forgetOldest(where: { _ in true }) else { return .engineIsFull }
            }
            tails.append(tail)
            return nil
        }

        /// False when all are followed.
        private mutating func forgetOldest(where isMeant: (Tail) -> Bool) -> Bool {
            guard let index = tails.firstIndex(where: { isMeant($0) && followers[$0.id] == nil }) else { return false }
            tails.remove(at: index)
            return true
        }
    }

    /// Why there is no new tail.
    private enum Refusal {
        case starting, workerIsFull, engineIsFull
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

    /// Makes room by forgetting the oldest one that nobody follows, for a client that was killed never says so.
    ///
    /// Throws `tooManyRequests` when the Worker, or the engine, has as many followed ones as it may,
    /// `engineUnavailable` before they can be followed.
    func create(of worker: String, where filter: TraceFilter) throws -> Tail {
        let now = time.now()
        let tail = Tail(
            id: Identifier.hexadecimal(),
            worker: worker,
            filter: filter,
            expiresOn: now + .seconds(Limits.tailSecondsMax)
        )
        let refusal = state.withLock { state in state.add(tail, now: now) }
        let hint = "end one of them, or run: flare tail \(worker)"
        switch refusal {
        case nil: return tail
        case .starting: throw FlareError(.engineUnavailable, "the engine is starting", hint: "ask again")
        case .workerIsFull:
            let text = "the Worker \"\(worker)\" has \(Limits.tailsOfWorkerMax) tails, and all of them are followed"
            throw FlareError(.tooManyRequests, text, hint: hint)
        case .engineIsFull:
            let text = "the engine has \(Limits.tailsMax) tails, and all of them are followed"
            throw FlareError(.tooManyRequests, text, hint: hint)
        }
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

    /// Whether the tail is still there for a connection that is about to follow it, and not followed by too many.
    func begin(_ channel: any Channel, of id: String) -> Bool {
        state.withLock { state in
            guard state.tails.contains(where: { $0.id == id }),
                state.followers[id, default: []].count < Limits.tailFollowersMax
            else { return false }
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
