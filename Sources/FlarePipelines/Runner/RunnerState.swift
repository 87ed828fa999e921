import FlareModel

/// What a pipeline's loop shares with those who ask something of it.
struct RunnerState {
    /// What the service asks of the loop once all that was accepted before is in objects.
    enum Demand: Sendable {
        case flush
        case change(PipelineUpdateBody)
        /// Deletes the pipeline's rows and ends the loop.
        case retire
        /// As `retire`, at once: what is not in objects yet is given up.
        case abandon

        /// Nothing more may be read before it is met.
        fileprivate var needsIdle: Bool {
            switch self {
            case .flush, .abandon: false
            case .change, .retire: true
            }
        }

        fileprivate var isAbandon: Bool { if case .abandon = self { true } else { false } }
    }

    struct Waiting {
        let id = Identifier.hexadecimal()
        /// All records below it were accepted before.
        let end: Int64
        let demand: Demand
        let answer: CheckedContinuation<Void, any Error>
        /// All records below this offset are in complete batches; nil until the loop has read as far as `end`.
        fileprivate(set) var rolledTo: Int64?
        /// The turn of the loop that found it.
        fileprivate var foundInTurn: Int?

        init(end: Int64, demand: Demand, answer: CheckedContinuation<Void, any Error>) {
            self.end = end
            self.demand = demand
            self.answer = answer
        }
    }

    /// A batch whose preparation has ended.
    struct Finished {
        let batch: Batcher.Batch
        let result: Result<PreparedBatch, any Error>
        /// The turn of the loop in which it was begun.
        let turn: Int

        var prepared: PreparedBatch? {
            guard case .success(let prepared) = result else { return nil }
            return prepared
        }
    }

    var record: PipelineRecord
    var waiting: [Waiting] = []
    var offsetWaiters: [String: (offset: Int64, continuation: CheckedContinuation<Void, Never>)] = [:]
    var finished: [Finished] = []
    private(set) var hasEnded = false
    private(set) var watermark: Int64 = 0
    var openBatches = 0
    var oldestOpenAt: Timestamp?
    var lastError: FlareError?
    /// Counts the turns of the loop.
    private(set) var turn = 0
    /// After a failure each batch is committed by itself, until all are through.
    var commitsSingly = false
    /// Somebody asked for something: what has stalled is tried at once.
    var mustRetry = false
    private(set) var retryAt: Timestamp?
    private var retryMilliseconds = Limits.pipelineRetryFirstMilliseconds

    init(record: PipelineRecord) {
        self.record = record
    }

    // MARK: Demands

    /// Whether the loop has read to where a demand needs everything to be complete.
    ///
    /// True once for each demand.
    mutating func mustRoll(at position: Int64) -> Bool {
        var mustRoll = false
        for index in waiting.indices where waiting[index].end <= position && waiting[index].rolledTo == nil {
            waiting[index].rolledTo = position
            mustRoll = true
        }
        return mustRoll
    }

    /// A demand for which the loop must not read on.
    func holdsReading(_ position: Int64) -> Bool {
        waiting.contains { $0.demand.needsIdle && $0.end <= position }
    }

    mutating func takeMet(watermark: Int64, isIdle: Bool) -> Waiting? {
        let index = waiting.firstIndex { waiting in
            guard let rolledTo = waiting.rolledTo else { return false }
            return waiting.demand.needsIdle ? isIdle : watermark >= rolledTo
        }
        return index.map { waiting.remove(at: $0) }
    }

    mutating func takeAbandon() -> Waiting? {
        let index = waiting.firstIndex { $0.demand.isAbandon }
        return index.map { waiting.remove(at: $0) }
    }

    /// The loop begins with its next turn.
    mutating func beginTurn() {
        turn += 1
        for index in waiting.indices where waiting[index].foundInTurn == nil { waiting[index].foundInTurn = turn }
    }

    /// Those whom it concerns that something cannot be written: all who asked before it was tried, but not who gives up
    /// just that.
    ///
    /// - Parameter turn: in which the attempt was begun.
    mutating func takeFailed(begunIn turn: Int) -> [Waiting] {
        func isConcerned(_ waiting: Waiting) -> Bool {
            !waiting.demand.isAbandon && waiting.foundInTurn.map { $0 <= turn } ?? false
        }
        defer { waiting.removeAll(where: isConcerned) }
        return waiting.filter(isConcerned)
    }

    /// Takes back a demand that nobody waits for any more.
    mutating func take(id: String) -> Waiting? {
        waiting.firstIndex { $0.id == id }.map { waiting.remove(at: $0) }
    }

    // MARK: Batches

    mutating func takeFinished() -> [Finished] {
        defer { finished = [] }
        return finished
    }

    /// Something could not be written: the next attempt waits twice as long as the one before.
    ///
    /// Batches that fail meanwhile wait with it.
    mutating func stalled(at now: Timestamp) {
        guard retryAt == nil else { return }
        retryAt = now + .milliseconds(retryMilliseconds)
        retryMilliseconds = min(retryMilliseconds * 2, Limits.pipelineRetryLongestMilliseconds)
    }

    /// Whether it is time for another attempt.
    mutating func takeRetry(at now: Timestamp) -> Bool {
        guard mustRetry || retryAt.map({ $0 <= now }) ?? true else { return false }
        mustRetry = false
        retryAt = nil
        return true
    }

    /// Nothing waits for another attempt any more.
    mutating func recovered() {
        retryMilliseconds = Limits.pipelineRetryFirstMilliseconds
        retryAt = nil
        mustRetry = false
        commitsSingly = false
        lastError = nil
    }

    // MARK: Offsets

    /// All records below the watermark are in objects.
    ///
    /// Returns those who waited for it.
    mutating func advance(to watermark: Int64) -> [CheckedContinuation<Void, Never>] {
        self.watermark = watermark
        let reached = offsetWaiters.filter { $0.value.offset < watermark }
        for id in reached.keys { offsetWaiters[id] = nil }
        return reached.values.map(\.continuation)
    }

    /// The loop is over; returns everybody who still waits.
    mutating func end() -> ([Waiting], [CheckedContinuation<Void, Never>]) {
        hasEnded = true
        defer { (waiting, offsetWaiters) = ([], [:]) }
        return (waiting, offsetWaiters.values.map(\.continuation))
    }
}
