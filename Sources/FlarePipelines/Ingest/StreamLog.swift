package import FlareModel
import FlareStore
package import NIOCore
import Synchronization

/// The durable stream of one pipeline: where accepted records are until they are in objects.
///
/// A batch without a stamp is taken as often as it is sent; one with a stamp once. What was answered with yes is kept
/// exactly once from here on.
package final class StreamLog: Sendable {
    private struct State {
        /// How many have closed the door and not opened it again.
        var closings = 0
        var unflushedBytes = 0
        /// Requests handed to the log and not answered yet.
        var pending = 0
        /// Those who wait for that, behind a closed door.
        var drained: [CheckedContinuation<Void, Never>] = []
        var producers: ProducerTable
        /// Batches of producers that have one on its way to the disk: each waits for the one before it, so that a
        /// batch is never durable whose forerunner was not.
        var queues: [ProducerKey: [Waiting]] = [:]

        var isClosed: Bool { closings > 0 }
    }

    private struct Waiting {
        let batch: IngestBatch
        let eventLoop: any EventLoop
        let done: @Sendable (Result<AppendReceipt, FlareError>) -> Void
    }

    /// What becomes of a batch that asks to be appended.
    private enum Admission {
        case append
        case wait
        case answer(Result<AppendReceipt, FlareError>)
    }

    package let pipelineName: String
    package let metrics: PipelineMetrics
    let log: SegmentLog
    /// The end of the log when it was opened: records below it are not yet counted as unflushed.
    let recoveredEnd: Int64
    /// Wakes those who read along.
    let growth = StreamGrowth()
    private let unflushedBytesMax: Int
    private let room: DiskRoom?
    private let state: Mutex<State>
    private let doorRules: Mutex<IngestRules>
    private let tokens = Mutex<Set<[UInt8]>>([])

    init(
        pipelineName: String,
        log: SegmentLog,
        rules: IngestRules = IngestRules(),
        producers: ProducerTable = ProducerTable(),
        metrics: PipelineMetrics = PipelineMetrics(),
        room: DiskRoom? = nil,
        unflushedBytesMax: Int = Limits.pipelineUnflushedBytesMax
    ) {
        self.pipelineName = pipelineName
        self.log = log
        self.metrics = metrics
        self.room = room
        self.unflushedBytesMax = unflushedBytesMax
        state = Mutex(State(producers: producers))
        doorRules = Mutex(rules)
        recoveredEnd = log.endOffset
        log.onDurable { [growth] in growth.notify() }
    }

    /// What the pipeline asks of those who send to it now.
    package var rules: IngestRules { doorRules.withLock { $0 } }

    func setRules(_ rules: IngestRules) {
        doorRules.withLock { $0 = rules }
    }

    /// Whether this is one of the pipeline's tokens.
    package func accepts(token: String) -> Bool {
        let digest = PipelineToken.digest(token)
        return tokens.withLock { $0.contains(digest) }
    }

    func setTokens(_ digests: Set<[UInt8]>) {
        tokens.withLock { $0 = digests }
    }

    /// Bytes of records accepted and not yet in an object.
    var unflushedBytes: Int { state.withLock { $0.unflushedBytes } }

    /// Why records cannot be taken now: `pipelineNotFound` once it is deleted, `tooManyRequests` over the limit of
    /// unflushed bytes, `diskFull` when they would not leave the reserve of the disk.
    ///
    /// Nil when they can. Ask before a body is read in full.
    package func refusal(ofBytes count: Int) -> FlareError? {
        state.withLock { refusal(ofBytes: count, $0) }
    }

    private func refusal(ofBytes count: Int, _ state: borrowing State) -> FlareError? {
        if state.isClosed { return FlareError(.pipelineNotFound, "pipeline \"\(pipelineName)\" is being deleted") }
        guard state.unflushedBytes > 0, state.unflushedBytes + count > unflushedBytesMax else {
            // The room has a lock of its own, within which no other one is taken.
            return room?.refusal(of: count)
        }
        return FlareError(
            .tooManyRequests,
            "pipeline \"\(pipelineName)\" holds \(formatSizeBytes(state.unflushedBytes)) not in its bucket yet",
            hint: "send again later; see: flare pipelines get \(pipelineName)"
        )
    }

    /// It takes no records any more: its pipeline is being deleted, or was.
    package var isClosed: Bool { state.withLock { $0.isClosed } }

    /// The last sequence of a producer that is durable; nil for one that is not known.
    package func lastSequence(kind: ProducerStamp.Kind, id: [UInt8]) -> Int64? {
        state.withLock { $0.producers.states[ProducerKey(kind: kind, id: id)]?.last?.lastSequence }
    }

    /// Appends a batch and calls `done` on `eventLoop` once its records are on disk, or with why they are not.
    ///
    /// The records have consecutive offsets. A batch whose stamp is known is answered with where its records are, and
    /// not appended again. Throws into `done`: `tooManyRequests`, `diskFull`, `storeFailed`, `pipelineNotFound`,
    /// `sequenceGap`, `producerFenced`, `idempotencyKeyReused`.
    package func append(
        _ batch: IngestBatch,
        on eventLoop: any EventLoop,
        _ done: @escaping @Sendable (Result<AppendReceipt, FlareError>) -> Void
    ) {
        if batch.frames.isEmpty { return done(.success(AppendReceipt(offset: log.endOffset, recordCount: 0))) }
        switch admit(batch, on: eventLoop, done) {
        case .answer(let result): done(result)
        case .append: write(batch, on: eventLoop, done)
        case .wait: break
        }
    }

    /// As above, for callers on no event loop.
    func append(_ batch: IngestBatch, by group: any EventLoopGroup) async throws -> AppendReceipt {
        let loop = group.any()
        return try await withCheckedThrowingContinuation { continuation in
            append(batch, on: loop) { continuation.resume(with: $0.mapError { $0 }) }
        }
    }

    /// Counts bytes as accepted, or says why they cannot be.
    private func admit(
        _ batch: IngestBatch,
        on eventLoop: any EventLoop,
        _ done: @escaping @Sendable (Result<AppendReceipt, FlareError>) -> Void
    ) -> Admission {
        state.withLock { state in
            if let key = batch.stamp?.key {
                if let queue = state.queues[key] {
                    guard queue.count < Limits.producerWaitingMax else {
                        return .answer(
                            .failure(FlareError(.tooManyRequests, "the producer has too many batches on their way"))
                        )
                    }
                    state.queues[key]?.append(Waiting(batch: batch, eventLoop: eventLoop, done: done))
                    return .wait
                }
                return admitStamped(batch, key, &state)
            }
            return admitBytes(batch.lineBytes, &state)
        }
    }

    private func admitStamped(_ batch: IngestBatch, _ key: ProducerKey, _ state: inout State) -> Admission {
        guard let stamp = batch.stamp else { return admitBytes(batch.lineBytes, &state) }
        switch state.producers.admit(stamp) {
        case .duplicate(let receipt): return .answer(.success(receipt))
        case .refused(let error): return .answer(.failure(error))
        case .fresh:
            let admission = admitBytes(batch.lineBytes, &state)
            if case .append = admission { state.queues[key] = [] }
            return admission
        }
    }

    private func admitBytes(_ lineBytes: Int, _ state: inout State) -> Admission {
        if let refusal = refusal(ofBytes: lineBytes, state) { return .answer(.failure(refusal)) }
        state.unflushedBytes += lineBytes
        state.pending += 1
        return .append
    }

    /// Hands an admitted batch to the log.
    private func write(
        _ batch: IngestBatch,
        on eventLoop: any EventLoop,
        _ done: @escaping @Sendable (Result<AppendReceipt, FlareError>) -> Void
    ) {
        let (lineBytes, recordCount, stamp) = (batch.lineBytes, batch.recordCount, batch.stamp)
        let time = batch.time
        let ended: @Sendable (Result<Int64, FlareError>) -> Void = { result in
            self.ended(lineBytes, result, stamp, recordCount, at: time)
            done(result.map { AppendReceipt(offset: $0, recordCount: recordCount) })
            if let stamp { self.goOn(stamp.key, after: result) }
        }
        if batch.frames.count == 1 {
            return log.append(batch.frames[0].payload, recordCount: recordCount, on: eventLoop, ended)
        }
        let gather = Gather(frames: batch.frames.count, ended)
        log.append(batch.frames.lazy.map { ($0.payload, $0.recordCount) }, on: eventLoop, gather.frameEnded)
    }

    /// The log has answered for a request.
    private func ended(
        _ lineBytes: Int,
        _ result: Result<Int64, FlareError>,
        _ stamp: ProducerStamp?,
        _ recordCount: Int,
        at time: Timestamp
    ) {
        let drained = state.withLock { state -> [CheckedContinuation<Void, Never>] in
            switch result {
            case .failure: state.unflushedBytes -= lineBytes
            case .success(let offset):
                if let stamp { state.producers.commit(stamp, offset: offset, recordCount: recordCount, at: time) }
            }
            state.pending -= 1
            guard state.pending == 0 else { return [] }
            defer { state.drained = [] }
            return state.drained
        }
        for waiting in drained { waiting.resume() }
    }

    /// A producer's batch is answered: its next one may be judged.
    private func goOn(_ key: ProducerKey, after result: Result<Int64, FlareError>) {
        // Numbers of a WebSocket producer may skip, so nothing else keeps a later batch from making this one look old.
        if case .failure = result, key.kind == .webSocket { return failWaiting(key) }
        while true {
            let next = state.withLock { state -> (Waiting, Admission)? in
                guard var queue = state.queues[key] else { return nil }
                guard !queue.isEmpty else {
                    state.queues[key] = nil
                    return nil
                }
                let next = queue.removeFirst()
                state.queues[key] = nil
                let admission = admitStamped(next.batch, key, &state)
                state.queues[key] = queue
                return (next, admission)
            }
            guard let (waiting, admission) = next else { return }
            switch admission {
            case .append: return write(waiting.batch, on: waiting.eventLoop, waiting.done)
            case .wait: return
            case .answer(let result): waiting.eventLoop.execute { waiting.done(result) }
            }
        }
    }

    private func failWaiting(_ key: ProducerKey) {
        let waiting = state.withLock { $0.queues.removeValue(forKey: key) } ?? []
        let error = FlareError(
            .tooManyRequests,
            "the batch before this one could not be written",
            hint: "send it again"
        )
        for waiting in waiting { waiting.eventLoop.execute { waiting.done(.failure(error)) } }
    }

    /// Counts records that were in the log when it was opened and turn out not to be in an object.
    func addRecovered(bytes: Int) {
        state.withLock { $0.unflushedBytes += bytes }
    }

    /// Counts records that are in an object now.
    func subtract(_ bytes: Int) {
        state.withLock { $0.unflushedBytes -= bytes }
    }

    /// A stamp was read back from the log: what it says is due to be stored before its frame may be recycled.
    func note(_ stamp: ProducerStamp, offset: Int64, recordCount: Int, at time: Timestamp) {
        state.withLock { $0.producers.commit(stamp, offset: offset, recordCount: recordCount, at: time) }
    }

    /// What the next checkpoint must store of the producers.
    func takeProducerChanges(at now: Timestamp) -> ProducerTable.Changes {
        state.withLock { $0.producers.takeChanges(at: now) }
    }

    /// The checkpoint failed: its changes are due again.
    func putBack(_ changes: ProducerTable.Changes) {
        state.withLock { $0.producers.putBack(changes) }
    }

    /// From now on no record is taken, until each of those who have called it has called `reopenDoor`.
    ///
    /// Returns when all that were taken before are on disk.
    func closeDoor() async {
        await withCheckedContinuation { continuation in
            let isDrained = state.withLock { state in
                state.closings += 1
                if state.pending == 0 { return true }
                state.drained.append(continuation)
                return false
            }
            if isDrained { continuation.resume() }
        }
    }

    func reopenDoor() {
        state.withLock { $0.closings -= 1 }
    }
}

/// Joins the answers for the frames of one request into one: the first offset, or the first failure.
private final class Gather: Sendable {
    private struct State {
        var remaining: Int
        var first: Result<Int64, FlareError>?
    }

    private let state: Mutex<State>
    private let done: @Sendable (Result<Int64, FlareError>) -> Void

    init(frames: Int, _ done: @escaping @Sendable (Result<Int64, FlareError>) -> Void) {
        state = Mutex(State(remaining: frames))
        self.done = done
    }

    @Sendable func frameEnded(_ result: Result<Int64, FlareError>) {
        let whole = state.withLock { state -> Result<Int64, FlareError>? in
            state.remaining -= 1
            switch (state.first, result) {
            case (nil, _): state.first = result
            case (.success(let first), .success(let offset)): state.first = .success(min(first, offset))
            case (.success, .failure): state.first = result
            case (.failure, _): break
            }
            return state.remaining == 0 ? state.first : nil
        }
        if let whole { done(whole) }
    }
}
