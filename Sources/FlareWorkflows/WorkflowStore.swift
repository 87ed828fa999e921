import FlareModel
import FlareStore
import Logging

/// What every part of the room works with: rows, time, and who is told of changes.
struct WorkflowStore: Sendable {
    let database: Database
    let time: any TimeSource
    let logger: Logger
    let watchers = InstanceWatchers()
    let expiry = ExpiryClock()
    /// Of running attempts, held calls and writes that are tried again.
    let deadlines: Deadlines
    let events: LifeEvents
    private let waits = StoreWaits()

    init(database: Database, time: any TimeSource, logger: Logger, events: LifeEvents) {
        self.database = database
        self.time = time
        self.logger = logger
        deadlines = Deadlines(time: time)
        self.events = events
    }

    /// Writes, and waits for as long as the disk is full or fails: what has happened to an instance must not be lost
    /// because it cannot be written down just now.
    func persist<Value: Sendable>(
        _ body: @escaping @Sendable (Transaction) throws -> Value
    ) async throws -> Value {
        while true {
            do {
                return try await database.write(body)
            } catch let error as FlareError where error.code == .diskFull || error.code == .storeFailed {
                try await pause(for: error)
            }
        }
    }

    /// Waits a moment before what failed is tried again.
    func pause(for error: FlareError) async throws {
        beginWait(for: error)
        defer { endWait() }
        await time.sleep(until: time.now() + .seconds(1))
        try Task.checkCancellation()
    }

    /// Notes that something of an instance waits until the database can be written; `endWait` follows when it tries
    /// again.
    func beginWait(for error: FlareError) {
        guard let count = waits.begin(at: time.now()) else { return }
        logger.error("workflows wait for the store", metadata: ["error": "\(error)", "waiting": "\(count)"])
    }

    func endWait() {
        waits.end()
    }

    /// Ends a run, and sees to it that it is deleted when its retention is over.
    func end(
        _ key: RunKey,
        _ state: RunState,
        _ result: RunRecord.Result,
        at now: Timestamp,
        in transaction: Transaction
    ) throws {
        let deletion = try RunRecord.setEnded(key, state, result, at: now, in: transaction)
        transaction.afterCommit { [expiry, watchers] in
            expiry.expects(deletion)
            watchers.notifyEnd(key.instance)
        }
        try events.tell(.ended(state.status), key, at: now, in: transaction)
    }

    /// Lets a run stand still until it is resumed.
    func pause(_ state: RunState, _ ledger: StepLedger) throws {
        try ledger.pause(state)
        try events.tell(.paused, ledger.run, at: ledger.now, in: ledger.transaction)
    }
}
