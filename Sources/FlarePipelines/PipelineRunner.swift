import FlareBuckets
import FlareModel
import FlareStore
import Logging
import NIOCore
import Synchronization

/// The loop of one pipeline: reads its stream from the checkpoint, batches, and writes objects.
///
/// Objects, their notifications and the checkpoint commit in one transaction, so that after a crash at any instant each
/// record is in exactly one object. What cannot be written is tried again, with back-off, for ever: nothing is dropped.
final class PipelineRunner: Sendable {
    /// What the service asks of the loop once all that was accepted before is in objects.
    enum Demand: Sendable {
        case flush
        case change(PipelineUpdateBody)
        /// Deletes the pipeline's rows and ends the loop.
        case retire
        /// As `retire`, at once: what is not in objects yet is given up.
        case abandon
    }

    private struct Waiting {
        let end: Int64
        let demand: Demand
        let answer: CheckedContinuation<Void, any Error>
    }

    private struct State {
        var record: PipelineRecord
        var waiting: [Waiting] = []
        var hasEnded = false
        var watermark: Int64 = 0
        var openBatches = 0
        var lastError: FlareError?
    }

    let stream: StreamLog
    private let database: Database
    private let buckets: BucketService
    private let writer: BatchWriter
    private let time: any TimeSource
    private let logger: Logger
    private let state: Mutex<State>
    private let wake = Wake()
    /// Ends the wait before another attempt, when somebody asks for something: new records alone do not.
    private let retry = Wake()

    init(
        _ record: PipelineRecord,
        stream: StreamLog,
        database: Database,
        buckets: BucketService,
        time: any TimeSource,
        logger: Logger
    ) {
        self.stream = stream
        self.database = database
        self.buckets = buckets
        self.time = time
        writer = BatchWriter(database: database, buckets: buckets, time: time)
        var logger = logger
        logger[metadataKey: "pipeline"] = "\(record.name)"
        self.logger = logger
        state = Mutex(State(record: record))
        stream.log.onDurable { [wake] in wake.notify() }
    }

    /// The pipeline with the settings in force.
    var record: PipelineRecord { state.withLock { $0.record } }

    var progress: PipelineProgress {
        state.withLock { state in
            PipelineProgress(
                endOffset: stream.log.endOffset,
                flushedOffset: state.watermark,
                unflushedBytes: stream.unflushedBytes,
                openBatches: state.openBatches,
                lastError: state.lastError?.description
            )
        }
    }

    /// Returns when all records accepted before the call are in objects and the demand is met.
    ///
    /// Throws what keeps them from being written; they stay in the stream then.
    func demand(_ demand: Demand) async throws {
        try await withCheckedThrowingContinuation { (answer: CheckedContinuation<Void, any Error>) in
            let isTaken = state.withLock { state in
                if state.hasEnded { return false }
                state.waiting.append(Waiting(end: stream.log.endOffset, demand: demand, answer: answer))
                return true
            }
            guard isTaken else { return answer.resume(throwing: Self.ended()) }
            wake.notify()
            retry.notify()
        }
    }

    /// Runs until the task is cancelled or the pipeline is retired.
    func run() async {
        var work: RunnerWork?
        var delay = Limits.pipelineRetryFirstMilliseconds
        while !Task.isCancelled {
            do {
                var current = if let work { work } else { try await load() }
                work = nil
                defer { work = current }
                guard try await turn(&current) else { break }
                delay = Limits.pipelineRetryFirstMilliseconds
                state.withLock { $0.lastError = nil }
            } catch {
                noteFailure(error)
                await retry.wait(until: time.now() + .milliseconds(delay), time: time)
                delay = min(delay * 2, Limits.pipelineRetryLongestMilliseconds)
            }
        }
        for waiting in takeAllWaiting(ending: true) { waiting.answer.resume(throwing: Self.ended()) }
    }

    private func load() async throws -> RunnerWork {
        let record = record
        let checkpoint = try await database.read { try Checkpoint.load(pipeline: record.id, in: $0) }
        let work = try RunnerWork(record, checkpoint: checkpoint)
        publish(work, watermark: checkpoint.watermark)
        return work
    }

    /// Does the next thing there is to do.
    ///
    /// False when the loop is over.
    private func turn(_ work: inout RunnerWork) async throws -> Bool {
        if let waiting = takeAbandon() { return try await meet(waiting, &work) }
        try await commitRolled(&work)
        if let waiting = takeWaiting(reached: work.position) {
            return try await meet(waiting, &work)
        }
        let frames = try stream.log.frames(from: work.position, bytesMax: Limits.pipelineReadBytes)
        if frames.isEmpty {
            work.advance(to: time.now())
            publish(work)
            if work.nextGroup().batches.isEmpty { await wake.wait(until: work.deadline, time: time) }
        } else {
            stream.addRecovered(bytes: try work.feed(frames, recoveredEnd: stream.recoveredEnd))
            publish(work)
        }
        return true
    }

    private func commitRolled(_ work: inout RunnerWork) async throws {
        while true {
            let (batches, watermark) = work.nextGroup()
            if batches.isEmpty { return }
            try await writer.write(batches, of: work.record, naming: work.naming, watermark: watermark)
            work.groupCommitted(batches)
            stream.subtract(batches.reduce(0) { $0 + $1.lines.readableBytes })
            stream.log.recycle(below: watermark)
            publish(work, watermark: watermark)
        }
    }

    /// All that a demand waited for has been read: writes what is open, then does it.
    ///
    /// False when the loop is over.
    private func meet(_ waiting: Waiting, _ work: inout RunnerWork) async throws -> Bool {
        do {
            switch waiting.demand {
            case .flush:
                try await flush(&work)
            case .change(let body):
                try await flush(&work)
                try await change(body, &work)
            case .retire:
                try await flush(&work)
                try await deleteRows(of: work.record)
            case .abandon:
                try await deleteRows(of: work.record)
            }
        } catch {
            // First what everybody can see, then the answer: who gets it may look at once.
            state.withLock { $0.lastError = Self.known(error) }
            waiting.answer.resume(throwing: error)
            throw error
        }
        waiting.answer.resume()
        return switch waiting.demand {
        case .flush, .change: true
        case .retire, .abandon: false
        }
    }

    private func flush(_ work: inout RunnerWork) async throws {
        work.rollAll()
        try await commitRolled(&work)
    }

    private func deleteRows(of record: PipelineRecord) async throws {
        try await database.write { try PipelineRecord.delete(id: record.id, in: $0) }
    }

    private func change(_ body: PipelineUpdateBody, _ work: inout RunnerWork) async throws {
        var changed = work.record
        changed.settings = try changed.settings.changed(by: body)
        changed.version += 1
        changed.modifiedAt = time.now()
        try await database.write { [buckets, changed] tx in
            try buckets.ensure(named: changed.settings.bucket, in: tx)
            try changed.update(in: tx)
        }
        try work.apply(changed)
        state.withLock { [changed] in $0.record = changed }
    }

    private func takeWaiting(reached position: Int64) -> Waiting? {
        state.withLock { state in
            guard let index = state.waiting.firstIndex(where: { $0.end <= position }) else { return nil }
            return state.waiting.remove(at: index)
        }
    }

    private func takeAbandon() -> Waiting? {
        state.withLock { state in
            let index = state.waiting.firstIndex { if case .abandon = $0.demand { true } else { false } }
            return index.map { state.waiting.remove(at: $0) }
        }
    }

    private func takeAllWaiting(ending: Bool) -> [Waiting] {
        state.withLock { state in
            defer { state.waiting = [] }
            state.hasEnded = state.hasEnded || ending
            return state.waiting
        }
    }

    private func publish(_ work: RunnerWork, watermark: Int64? = nil) {
        state.withLock { state in
            state.openBatches = work.openCount
            state.watermark = watermark ?? state.watermark
        }
    }

    private func noteFailure(_ error: any Error) {
        let error = Self.known(error)
        logger.warning("a pipeline cannot go on and will try again", metadata: ["error": "\(error)"])
        state.withLock { $0.lastError = error }
        for waiting in takeAllWaiting(ending: false) { waiting.answer.resume(throwing: error) }
    }

    private static func known(_ error: any Error) -> FlareError {
        error as? FlareError ?? FlareError(.internalError, "the pipeline failed: \(error)", cause: error)
    }

    private static func ended() -> FlareError {
        FlareError(.engineUnavailable, "the pipeline is not running: the engine is stopping or it was deleted")
    }
}
