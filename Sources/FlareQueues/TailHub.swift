package import FlareModel
import FlareStore
import Synchronization

/// Hands messages to those who follow a queue, at the moment they are committed: a consumer may acknowledge and so
/// remove a message before a follower could read its row.
final class TailHub: Sendable {
    private struct State {
        var nextID = 0
        var followers: [String: [Int: TailInbox]] = [:]
    }

    private let state = Mutex(State())

    /// Called in the order of commits; the messages are made only when somebody follows.
    func publish(queueID: String, _ messages: () -> [StoredMessage]) {
        let inboxes = state.withLock { Array(($0.followers[queueID] ?? [:]).values) }
        guard !inboxes.isEmpty else { return }
        let messages = messages()
        for inbox in inboxes { inbox.put(messages) }
    }

    /// The queue is gone: its followers have nothing more to wait for.
    func end(_ queueID: String) {
        let inboxes = state.withLock { Array(($0.followers[queueID] ?? [:]).values) }
        for inbox in inboxes { inbox.end() }
    }

    func follow(_ queueID: String) -> (id: Int, inbox: TailInbox) {
        state.withLock { state in
            state.nextID += 1
            let inbox = TailInbox()
            state.followers[queueID, default: [:]][state.nextID] = inbox
            return (state.nextID, inbox)
        }
    }

    func unfollow(_ queueID: String, _ id: Int) {
        state.withLock { state in
            state.followers[queueID]?[id] = nil
            if state.followers[queueID]?.isEmpty == true { state.followers[queueID] = nil }
        }
    }
}

/// Messages that wait for one follower, bounded by their bytes.
final class TailInbox: Sendable {
    /// What has come since the last look.
    struct Contents {
        var messages: [StoredMessage] = []
        /// Messages were left out because the follower was too slow: it must read on from the rows.
        var hasGap = false
        /// Nothing comes after these.
        var isLast = false
    }

    private struct State {
        var contents = Contents()
        var bytes = 0
    }

    private let state = Mutex(State())
    let wake = Wake()

    fileprivate func put(_ messages: [StoredMessage]) {
        state.withLock { state in
            state.bytes += messages.reduce(0) { $0 + $1.body.count + 200 }
            if state.bytes > Limits.tailBufferBytesMax {
                state.contents.messages = []
                state.contents.hasGap = true
                state.bytes = 0
            }
            // After a gap the rows are read anyway; what is put until then would only wait.
            if !state.contents.hasGap { state.contents.messages += messages }
        }
        wake.notify()
    }

    fileprivate func end() {
        state.withLock { $0.contents.isLast = true }
        wake.notify()
    }

    func take() -> Contents {
        state.withLock { state in
            defer { state = State() }
            return state.contents
        }
    }
}

/// Where a tail begins.
package enum TailStart: Sendable {
    /// With the oldest message that is still in the queue.
    case oldest
    /// With the next message that is sent.
    case now
    /// After the message with this sequence.
    case after(Int64)
}

extension QueueService {
    /// Passes each message of a queue to `emit`, first those that lie in it, then those that are sent, until `emit`
    /// throws, the queue is deleted or the task is cancelled; without `follows`, until those that lie in it are done.
    ///
    /// Touches nothing. With `since`, messages that were sent before are left out.
    package func tail(
        _ nameOrID: String,
        from start: TailStart,
        since: Timestamp? = nil,
        filter: MessageConditions = MessageConditions(),
        follows: Bool,
        emit: @escaping @Sendable (StoredMessage) async throws -> Void
    ) async throws {
        let queue = try await database.read { try self.record(named: nameOrID, in: $0) }
        let wanted: @Sendable (StoredMessage) async throws -> Void = { message in
            if let since, message.timestamp < since { return }
            guard message.fits(filter, at: self.now) else { return }
            try await emit(message)
        }
        // Follow first and read then, so that nothing falls between; what comes twice is known by its sequence.
        let (id, inbox) = tails.follow(queue.id)
        defer { tails.unfollow(queue.id, id) }
        // One that was deleted before that tells nobody any more.
        guard try await database.read({ try QueueRecord.find(id: queue.id, in: $0) }) != nil else { return }
        var last: Int64 =
            switch start {
            case .oldest: -1
            case .now: try await database.read { try ChunkRecord.lastSequence(in: $0) }
            case .after(let sequence): sequence
            }
        last = try await emitRows(of: queue, after: last, wanted)
        while follows, !Task.isCancelled {
            let contents = inbox.take()
            if contents.hasGap { last = try await emitRows(of: queue, after: last, wanted) }
            for message in contents.messages where message.sequence > last {
                try await wanted(message)
                last = message.sequence
            }
            if contents.isLast { return }
            if !contents.hasGap { await inbox.wake.wait() }
        }
    }

    private func emitRows(
        of queue: QueueRecord,
        after start: Int64,
        _ emit: @Sendable (StoredMessage) async throws -> Void
    ) async throws -> Int64 {
        var last = start
        while true {
            let after = last
            let messages = try await database.read { try self.messages(of: queue, after: after, limit: 50, in: $0) }
            for message in messages {
                try await emit(message)
                last = message.sequence
            }
            guard messages.count == 50 else { return last }
        }
    }
}
