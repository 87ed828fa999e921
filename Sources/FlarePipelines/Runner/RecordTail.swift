import FlareModel
import FlareStore
import NIOCore
import Synchronization

/// Shows what leaves a pipeline to those who follow it, without holding anything up: who is too slow misses some.
final class RecordTail: Sendable {
    private struct State {
        var followers: [ObjectIdentifier: TailInbox] = [:]
        var isOver = false
    }

    private let bytesMax: Int
    private let state = Mutex(State())

    /// - Parameter bytesMax: what may wait for one follower; see `Limits.recordTailBytesMax`.
    init(bytesMax: Int = Limits.recordTailBytesMax) {
        self.bytesMax = bytesMax
    }

    /// Nothing more will be written: the pipeline is gone, or the engine stops.
    func finish() {
        let followers = state.withLock { state in
            state.isOver = true
            return Array(state.followers.values)
        }
        for inbox in followers { inbox.finish() }
    }

    /// Lines were written; called in the order of their commits.
    func publish(_ lines: ByteBuffer) {
        for inbox in state.withLock({ Array($0.followers.values) }) { inbox.put(lines) }
    }

    /// What is written from now on, until `unfollow`.
    func follow() -> TailInbox {
        let inbox = TailInbox(bytesMax: bytesMax)
        let isOver = state.withLock { state in
            state.followers[ObjectIdentifier(inbox)] = inbox
            return state.isOver
        }
        if isOver { inbox.finish() }
        return inbox
    }

    func unfollow(_ inbox: TailInbox) {
        state.withLock { $0.followers[ObjectIdentifier(inbox)] = nil }
    }
}

/// Lines that wait for one follower, bounded by their bytes; the oldest go first.
final class TailInbox: Sendable {
    /// What has come since the last look.
    struct Contents {
        /// Records that were left out before the others.
        var missed = 0
        var pieces: [ByteBuffer] = []
        /// Nothing more will come.
        var isOver = false
    }

    private struct State {
        var contents = Contents()
        var bytes = 0
    }

    private let bytesMax: Int
    private let state = Mutex(State())
    private let wake = Wake()

    fileprivate init(bytesMax: Int) {
        self.bytesMax = bytesMax
    }

    fileprivate func put(_ lines: ByteBuffer) {
        state.withLock { state in
            state.contents.pieces.append(lines)
            state.bytes += lines.readableBytes
            // One piece is kept however large it is.
            while state.bytes > bytesMax, state.contents.pieces.count > 1 {
                let dropped = state.contents.pieces.removeFirst()
                state.bytes -= dropped.readableBytes
                state.contents.missed += dropped.readableBytesView.count { $0 == 0x0A }
            }
        }
        wake.notify()
    }

    fileprivate func finish() {
        state.withLock { $0.contents.isOver = true }
        wake.notify()
    }

    /// What has come; waits for it when there is nothing.
    ///
    /// Nil when the task is cancelled.
    func next() async -> Contents? {
        while !Task.isCancelled {
            let contents = state.withLock { state in
                defer {
                    let isOver = state.contents.isOver
                    state = State()
                    state.contents.isOver = isOver
                }
                return state.contents
            }
            if !contents.pieces.isEmpty || contents.isOver { return contents }
            await wake.wait()
        }
        return nil
    }
}
