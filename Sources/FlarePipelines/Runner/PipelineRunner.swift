import FlareBuckets
import FlareModel
import FlareStore
import Logging
import NIOCore
import Synchronization

/// The loop of one pipeline: reads its stream from the checkpoint, batches, transforms, and writes objects.
///
/// Objects, their notifications and the checkpoint commit in one transaction, so that after a crash at any instant each
/// record is in exactly one object. What cannot be written is tried again, with back-off, for ever: nothing is dropped.
final class PipelineRunner: Sendable {
    let stream: StreamLog
    let tail: RecordTail
    let database: Database
    let buckets: BucketService
    private let writer: BatchWriter
    private let transformer: BatchTransformer
    let time: any TimeSource
    private let logger: Logger
    let state: Mutex<RunnerState>
    private let wake = Wake()
    /// Whether new records wake the loop; not while it lets them gather.
    private let heedsGrowth = Flag(true)
    /// Ends the wait before another attempt, when somebody asks for something: new records alone do not.
    private let retry = Wake()

    init(
        _ record: PipelineRecord,
        stream: StreamLog,
        database: Database,
        buckets: BucketService,
        hooks: PipelineHooks,
        time: any TimeSource,
        logger: Logger
    ) {
        self.stream = stream
        self.database = database
        self.buckets = buckets
        self.time = time
        tail = RecordTail()
        writer = BatchWriter(database: database, buckets: buckets, time: time)
        var logger = logger
        logger[metadataKey: "pipeline"] = "\(record.name)"
        self.logger = logger
        transformer = BatchTransformer(hooks: hooks, metrics: stream.metrics, time: time, logger: logger)
        state = Mutex(RunnerState(record: record))
        stream.log.onDurable { [wake, heedsGrowth] in if heedsGrowth.isSet { wake.notify() } }
    }

    /// The pipeline with the settings in force.
    var record: PipelineRecord { state.withLock { $0.record } }

    /// The loop is over: the pipeline was deleted, or the engine stops.
    var hasEnded: Bool { state.withLock { $0.hasEnded } }

    var progress: PipelineProgress {
        state.withLock { state in
            PipelineProgress(
                endOffset: stream.log.endOffset,
                flushedOffset: state.watermark,
                unflushedBytes: stream.unflushedBytes,
                openBatches: state.openBatches,
                oldestUnflushedAt: state.oldestOpenAt,
                lastError: state.lastError?.description
            )
        }
    }

    /// Returns when all records accepted before the call are in objects and the demand is met.
    ///
    /// Throws what keeps them from being written; they stay in the stream then.
    func demand(_ demand: RunnerState.Demand) async throws {
        try await withCheckedThrowingContinuation { (answer: CheckedContinuation<Void, any Error>) in
            take(RunnerState.Waiting(end: stream.log.endOffset, demand: demand, answer: answer))
        }
    }

    /// As `demand(.flush)`, but ends with `CancellationError` when the task is cancelled; what is complete by then is
    /// still written.
    func flush() async throws {
        let waiting = Mutex<String?>(nil)
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (answer: CheckedContinuation<Void, any Error>) in
                let demand = RunnerState.Waiting(end: stream.log.endOffset, demand: .flush, answer: answer)
                waiting.withLock { $0 = demand.id }
                take(demand)
                if Task.isCancelled { giveUp(demand.id) }
            }
        } onCancel: {
            waiting.withLock { $0 }.map(giveUp)
        }
    }

    private func take(_ demand: RunnerState.Waiting) {
        let isTaken = state.withLock { state in
            if state.hasEnded { return false }
            state.waiting.append(demand)
            state.mustRetry = true
            return true
        }
        guard isTaken else { return demand.answer.resume(throwing: Self.ended()) }
        wake.notify()
        retry.notify()
    }

    private func giveUp(_ demandID: String) {
        state.withLock { $0.take(id: demandID) }?.answer.resume(throwing: CancellationError())
    }

    /// Returns when the record at an offset, and all before it, are in objects; also when the task is cancelled.
    func waitUntilFlushed(_ offset: Int64) async {
        let id = Identifier.hexadecimal()
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isDone = state.withLock { state in
                    if state.watermark > offset || state.hasEnded || Task.isCancelled { return true }
                    state.offsetWaiters[id] = (offset, continuation)
                    return false
                }
                if isDone { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.offsetWaiters.removeValue(forKey: id) }?.continuation.resume()
        }
    }

    /// Runs until the task is cancelled or the pipeline is retired.
    func run() async {
        await withDiscardingTaskGroup { group in
            var work: RunnerWork?
            var delay = Limits.pipelineRetryFirstMilliseconds
            var hasFailed = false
            while !Task.isCancelled {
                do {
                    var current = if let work { work } else { try await load() }
                    work = nil
                    defer { work = current }
                    guard try await turn(&current, &group) else { break }
                    delay = Limits.pipelineRetryFirstMilliseconds
                    if hasFailed && !current.hasTrouble { state.withLock { $0.lastError = nil } }
                    hasFailed = false
                } catch {
                    hasFailed = true
                    noteFailure(error, begunIn: state.withLock { $0.turn })
                    await retry.wait(until: time.now() + .milliseconds(delay), time: time)
                    delay = min(delay * 2, Limits.pipelineRetryLongestMilliseconds)
                }
            }
            group.cancelAll()
            if let work { await writer.discard(work.prepared) }
        }
        await writer.discard(state.withLock { $0.takeFinished() }.compactMap(\.prepared))
        // Who follows a pipeline that is deleted is told once it cannot be found any more.
        if Task.isCancelled { tail.finish() }
        let (waiting, offsets) = state.withLock { $0.end() }
        for waiting in waiting { waiting.answer.resume(throwing: Self.ended()) }
        for waiter in offsets { waiter.resume() }
    }

    private func load() async throws -> RunnerWork {
        let record = record
        let checkpoint = try await database.read { try Checkpoint.load(pipeline: record.id, in: $0) }
        let work = RunnerWork(record, checkpoint: checkpoint)
        publish(work, watermark: checkpoint.watermark)
        return work
    }

    // MARK: Turns

    /// Does the next things there are to do, and waits when there are none.
    ///
    /// False when the loop is over.
    private func turn(_ work: inout RunnerWork, _ group: inout DiscardingTaskGroup) async throws -> Bool {
        state.withLock { $0.beginTurn() }
        if let waiting = state.withLock({ $0.takeAbandon() }) { return try await meet(waiting, work) }
        await takeFinished(&work)
        try await commit(&work)
        if let waiting = takeWaiting(&work) { return try await meet(waiting, &work) }
        retryStalled(&work)
        start(&work, &group)
        if let sizeBytes = try read(&work) {
            if sizeBytes < Limits.pipelineReadBytesLow { await gather() }
            return true
        }
        if work.preparingCount < work.record.settings.concurrency, start(&work, &group) { return true }
        publish(work)
        await wait(work)
        return true
    }

    /// Reads on, unless too much is on its way or somebody waits for the loop to run empty.
    ///
    /// How much there was to read; nil when there was nothing.
    private func read(_ work: inout RunnerWork) throws -> Int? {
        if work.isFull || state.withLock({ $0.holdsReading(work.position) }) {
            // A deadline that has passed would let the loop find no rest.
            work.advance(to: time.now())
            return nil
        }
        let frames = try stream.log.frames(from: work.position, bytesMax: Limits.pipelineReadBytes)
        if frames.isEmpty {
            work.advance(to: time.now())
            return nil
        }
        let fed = try work.feed(frames, recoveredEnd: stream.recoveredEnd)
        for stamp in fed.stamps {
            stream.note(stamp.stamp, offset: stamp.offset, recordCount: stamp.recordCount, at: stamp.time)
        }
        stream.addRecovered(bytes: fed.recoveredBytes)
        // What the checkpoint knew to be in objects is passed over, and no commit follows that would tell of it.
        publish(work, watermark: work.isIdle ? work.position : nil)
        return frames.reduce(0) { $0 + $1.payload.readableBytes }
    }

    /// Lets records gather before it reads on, unless somebody asks for something.
    ///
    /// Their senders have their answers already. Reading after each of thousands of syncs a second would take the
    /// processor from them. By the machine's own clock: it is for the processor, not for anybody who waits.
    private func gather() async {
        heedsGrowth.set(false)
        defer { heedsGrowth.set(true) }
        let clock = SystemTime()
        await wake.wait(until: clock.now() + .milliseconds(Limits.pipelineGatherMilliseconds), time: clock)
    }

    /// Begins with as many batches as may be prepared at once.
    ///
    /// True when one was begun.
    @discardableResult
    private func start(_ work: inout RunnerWork, _ group: inout DiscardingTaskGroup) -> Bool {
        var hasStarted = false
        let turn = state.withLock { $0.turn }
        while work.preparingCount < work.record.settings.concurrency, let batch = work.takeNext() {
            let (record, naming) = (work.record, work.naming)
            hasStarted = true
            group.addTask {
                let result: Result<PreparedBatch, any Error>
                do {
                    result = .success(try await self.prepare(batch, record, naming))
                } catch {
                    result = .failure(error)
                }
                self.state.withLock {
                    $0.finished.append(RunnerState.Finished(batch: batch, result: result, turn: turn))
                }
                self.wake.notify()
            }
        }
        return hasStarted
    }

    private func prepare(
        _ batch: Batcher.Batch,
        _ record: PipelineRecord,
        _ naming: ObjectNaming
    ) async throws -> PreparedBatch {
        let (outputs, rejects) = try await transformer.outputs(of: batch, in: record)
        return try await writer.prepare(batch, outputs: outputs, rejects: rejects, of: record, naming: naming)
    }

    private func takeFinished(_ work: inout RunnerWork) async {
        for finished in state.withLock({ $0.takeFinished() }) {
            switch finished.result {
            case .success(let prepared): work.add(prepared)
            case .failure(let error):
                work.stall(finished.batch)
                if !(error is CancellationError) { stalled(error, begunIn: finished.turn) }
            }
        }
    }

    private func commit(_ work: inout RunnerWork) async throws {
        while true {
            let batchesMax = state.withLock { $0.commitsSingly ? 1 : Limits.pipelineCommitBatchesMax }
            let (group, watermark) = work.nextGroup(batchesMax: batchesMax)
            if group.isEmpty { return }
            let changes = stream.takeProducerChanges(at: time.now())
            do {
                try await writer.commit(group, of: work.record, watermark: watermark, producers: changes)
            } catch {
                stream.putBack(changes)
                await writer.discard(group)
                work.failed(group)
                // One batch may be what the whole group failed for: from now on each is tried by itself.
                state.withLock { $0.commitsSingly = true }
                if (error as? FlareError)?.code == .pipelineNotFound { throw error }
                stalled(error, begunIn: state.withLock { $0.turn })
                continue
            }
            work.committed(group)
            stream.subtract(group.reduce(0) { $0 + $1.batch.lines.readableBytes })
            stream.log.recycle(below: watermark)
            count(group)
            if !work.hasTrouble { state.withLock { $0.recovered() } }
            publish(work, watermark: watermark)
        }
    }

    private func count(_ group: [PreparedBatch]) {
        for prepared in group {
            stream.metrics.wrote(
                objects: prepared.parts.count,
                records: prepared.parts.reduce(0) { $0 + $1.recordCount },
                bytes: prepared.parts.reduce(0) { $0 + $1.staged.size },
                reason: prepared.batch.reason
            )
            if !prepared.rejects.isEmpty { stream.metrics.rejected(prepared.rejects.count) }
            for part in prepared.parts { tail.publish(part.lines) }
        }
    }

    /// Something could not be written: everybody who waits hears of it, and it is tried again a little later.
    private func stalled(_ error: any Error, begunIn turn: Int) {
        noteFailure(error, begunIn: turn)
        let now = time.now()
        state.withLock { $0.stalled(at: now) }
    }

    private func retryStalled(_ work: inout RunnerWork) {
        guard work.hasStalled else { return }
        let now = time.now()
        if state.withLock({ $0.takeRetry(at: now) }) { work.retryStalled() }
    }

    private func wait(_ work: RunnerWork) async {
        let retryAt = work.hasStalled ? state.withLock { $0.retryAt } : nil
        await wake.wait(until: [work.deadline, retryAt].compactMap { $0 }.min(), time: time)
    }

    // MARK: What others see

    private func publish(_ work: RunnerWork, watermark: Int64? = nil) {
        let reached = state.withLock { state in
            state.openBatches = work.openCount
            state.oldestOpenAt = work.oldestTime
            guard let watermark else { return [CheckedContinuation<Void, Never>]() }
            return state.advance(to: watermark)
        }
        for waiter in reached { waiter.resume() }
    }

    private func noteFailure(_ error: any Error, begunIn turn: Int) {
        let error = Self.known(error)
        logger.warning("a pipeline cannot go on and will try again", metadata: ["error": "\(error)"])
        stream.metrics.failed()
        let waiting = state.withLock { state in
            state.lastError = error
            defer { if !state.waiting.isEmpty { state.mustRetry = true } }
            return state.takeFailed(begunIn: turn)
        }
        for waiting in waiting { waiting.answer.resume(throwing: error) }
    }

    static func known(_ error: any Error) -> FlareError {
        error as? FlareError ?? FlareError(.internalError, "the pipeline failed: \(error)", cause: error)
    }

    private static func ended() -> FlareError {
        FlareError(.engineUnavailable, "the pipeline is not running: the engine is stopping or it was deleted")
    }
}

/// A flag that several threads read and one loop sets.
private final class Flag: Sendable {
    private let value: Atomic<Bool>

    init(_ value: Bool) {
        self.value = Atomic(value)
    }

    var isSet: Bool { value.load(ordering: .acquiring) }
    func set(_ new: Bool) { value.store(new, ordering: .releasing) }
}
