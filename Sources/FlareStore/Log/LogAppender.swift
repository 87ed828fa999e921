import FlareModel
import NIOCore
import Synchronization

/// One append that waits for the disk.
struct PendingAppend: Sendable {
    enum Answer: Sendable {
        /// Called on an event loop, together with the other answers of its group.
        case onLoop(any EventLoop, @Sendable (Result<Int64, FlareError>) -> Void)
        /// Called from the appender's thread.
        case direct(@Sendable (Result<Int64, FlareError>) -> Void)
    }

    let payload: ByteBuffer
    let checksum: UInt32
    let recordCount: Int
    let answer: Answer
}

/// What the producers, the readers and the thread of one log share.
///
/// No linger: a group is what has gathered while the last one was being synced. No lock is taken within another.
final class LogAppender: Sendable {
    private struct Queue: Sendable {
        var waiting: [PendingAppend] = []
        /// Payload bytes of appends that were not answered yet.
        var waitingBytes = 0
        /// The thread sleeps, so the next append must wake it.
        var isAsleep = false
        var isClosed = false
        /// Why the log takes nothing any more.
        var failure: FlareError?
    }

    let segments: Mutex<LogSegments>
    private let queue = Monitor(Queue())
    private let durableActions = Mutex<[@Sendable () -> Void]>([])
    private let waitingBytesMax: Int

    init(segments: LogSegments, waitingBytesMax: Int) {
        self.segments = Mutex(segments)
        self.waitingBytesMax = waitingBytesMax
    }

    var waitingBytes: Int { queue.withLock { $0.waitingBytes } }

    func onDurable(_ action: @escaping @Sendable () -> Void) {
        durableActions.withLock { $0.append(action) }
    }

    /// Hands appends to the thread, all or none, or answers them at once when the log takes none.
    ///
    /// They follow each other in the log.
    func enqueue(_ appends: some Collection<PendingAppend>) {
        let size = appends.reduce(0) { $0 + $1.payload.readableBytes }
        let (refusal, mustWake) = queue.withLock { queue -> (FlareError?, Bool) in
            if let failure = queue.failure { return (failure, false) }
            if queue.isClosed { return (FlareError(.engineUnavailable, "the log is closed"), false) }
            // Alone, anything is taken, however large.
            guard queue.waitingBytes == 0 || queue.waitingBytes + size <= waitingBytesMax else {
                return (
                    FlareError(
                        .tooManyRequests,
                        "\(queue.waitingBytes) bytes already wait for the disk",
                        hint: "send again a little later"
                    ), false
                )
            }
            queue.waiting.append(contentsOf: appends)
            queue.waitingBytes += size
            defer { queue.isAsleep = false }
            return (nil, queue.isAsleep)
        }
        if mustWake, let first = appends.first { wake(for: first.answer) }
        if let refusal { answer(Array(appends)[...]) { _ in .failure(refusal) } }
    }

    /// Wakes the thread: at once, or when the event loop has done all that it has at hand.
    ///
    /// What else its sockets bring in this turn then shares the write and the sync. Nobody waits longer for it, since
    /// the loop would write no answer before its turn is over.
    private func wake(for answer: PendingAppend.Answer) {
        switch answer {
        case .onLoop(let loop, _): loop.execute { [queue] in queue.notify() }
        case .direct: queue.notify()
        }
    }

    /// Refuses new appends; the thread ends once those that wait are written.
    func close() {
        queue.withLock { $0.isClosed = true }
        queue.notify()
    }

    /// The thread: writes group after group until the log is closed.
    func run(_ tail: LogTail) {
        var tail = tail
        while let taken = takeWaiting() {
            var rest = taken[...]
            while !rest.isEmpty { rest = writeGroup(rest, &tail) }
        }
        if queue.withLock({ $0.failure == nil }) {
            // Without the mark the log is whole too; only damage to its last frames would go unnoticed.
            _ = try? tail.writeClosingFrame()
        }
    }

    /// All that waits; nil when the log is closed and nothing does.
    private func takeWaiting() -> [PendingAppend]? {
        queue.wait { queue -> [PendingAppend]?? in
            if queue.waiting.isEmpty {
                if queue.isClosed { return .some(nil) }
                queue.isAsleep = true
                return nil
            }
            queue.isAsleep = false
            let taken = queue.waiting
            queue.waiting = []
            queue.waiting.reserveCapacity(taken.count)
            return taken
        }
    }

    /// Writes one group from the front and answers it.
    ///
    /// Returns what remains.
    private func writeGroup(_ appends: ArraySlice<PendingAppend>, _ tail: inout LogTail) -> ArraySlice<PendingAppend> {
        do {
            let count = try tail.write(appends)
            if let segment = tail.segment { publish(segment) }
            let group = appends.prefix(count)
            var next = (tail.segment?.endOffset ?? 0) - group.reduce(0) { $0 + Int64($1.recordCount) }
            finish(group) { append in
                defer { next += Int64(append.recordCount) }
                return .success(next)
            }
            for action in durableActions.withLock({ $0 }) { action() }
            return appends.dropFirst(count)
        } catch {
            switch error {
            case .refused(let reason):
                finish(appends) { _ in .failure(reason) }
            case .broken(let reason):
                let waiting = queue.withLock { queue in
                    queue.failure = reason
                    defer { queue.waiting = [] }
                    return queue.waiting
                }
                finish(appends + waiting) { _ in .failure(reason) }
            }
            return []
        }
    }

    /// Lets readers see what has become durable.
    private func publish(_ segment: LogSegment) {
        segments.withLock { segments in
            if segments.live.last?.number == segment.number {
                segments.live[segments.live.count - 1] = segment
            } else {
                segments.live.append(segment)
            }
            segments.endOffset = segment.endOffset
        }
    }

    private func finish(
        _ appends: ArraySlice<PendingAppend>,
        _ result: (PendingAppend) -> Result<Int64, FlareError>
    ) {
        let bytes = appends.reduce(0) { $0 + $1.payload.readableBytes }
        queue.withLock { $0.waitingBytes -= bytes }
        answer(appends, result)
    }

    /// Answers a group with one task for each event loop: the wake-ups, not the disk, are what limits a busy log.
    private func answer(
        _ appends: ArraySlice<PendingAppend>,
        _ result: (PendingAppend) -> Result<Int64, FlareError>
    ) {
        typealias Done = (@Sendable (Result<Int64, FlareError>) -> Void, Result<Int64, FlareError>)
        var loops: [(loop: any EventLoop, answers: [Done])] = []
        for append in appends {
            let result = result(append)
            switch append.answer {
            case .direct(let done): done(result)
            case .onLoop(let loop, let done):
                if let index = loops.firstIndex(where: { $0.loop === loop }) {
                    loops[index].answers.append((done, result))
                } else {
                    loops.append((loop, [(done, result)]))
                }
            }
        }
        for (loop, answers) in loops {
            loop.execute {
                for (done, result) in answers { done(result) }
            }
        }
    }
}
