import FlareModel
import GRDB
import GRDBSQLite

/// Runs waiting bodies on one thread, many in one transaction, and answers all after the commit.
///
/// No linger: a group is what has gathered while the last one was being synced.
final class GroupWriter: Sendable {
    /// One waiting body.
    ///
    /// `run` executes it in a savepoint and keeps its result; `finish` answers its caller.
    private struct Job: Sendable {
        let run: @Sendable (GRDB.Database) -> JobOutcome
        let fail: @Sendable (any Error) -> Void
    }

    private struct JobOutcome: Sendable {
        let succeeded: Bool
        let actions: [@Sendable () -> Void]
        /// Answers the caller: with the body's own result, or with an error of the commit.
        let finish: @Sendable ((any Error)?) -> Void
    }

    private struct State: Sendable {
        var jobs: [Job] = []
        var isStopped = false
        var hasEnded = false
    }

    private let room: DiskRoom
    private let state: Monitor<State>

    /// - Parameters:
    ///   - checkpointer: is attached to the pool's writer.
    ///   - room: what says whether more rows fit.
    init(pool: DatabasePool, checkpointer: Checkpointer, room: DiskRoom) {
        self.room = room
        let state = Monitor(State())
        self.state = state
        // The thread holds what it needs alone, so that it ends when this object goes.
        SystemThread { Self.work(state, pool, checkpointer, room) }.detach()
    }

    deinit {
        state.withLock { $0.isStopped = true }
        state.notifyAll()
    }

    /// - Parameter waitingMax: with so many bodies waiting, this one is refused.
    func enqueue<Value: Sendable>(
        waitingMax: Int = .max,
        _ body: @escaping @Sendable (Transaction) throws -> Value,
        _ completion: @escaping @Sendable (Result<Value, any Error>) -> Void
    ) {
        let job = Job(
            run: { [room] connection in
                let transaction = Transaction(connection, room: room)
                let result = Result { try body(transaction) }
                let succeeded = if case .success = result { true } else { false }
                return JobOutcome(succeeded: succeeded, actions: transaction.afterCommitActions) { commitError in
                    completion(succeeded ? commitError.map { .failure($0) } ?? result : result)
                }
            },
            fail: { completion(.failure($0)) }
        )
        let refusal = state.withLock { state -> FlareError? in
            if state.isStopped { return FlareError(.engineUnavailable, "the engine is stopping") }
            guard state.jobs.count < waitingMax else {
                return FlareError(
                    .tooManyRequests,
                    "\(state.jobs.count) writes already wait for the database",
                    hint: "send again a little later"
                )
            }
            state.jobs.append(job)
            return nil
        }
        if let refusal { job.fail(refusal) } else { state.notify() }
    }

    var waitingCount: Int { state.withLock { $0.jobs.count } }

    /// Refuses new bodies, and returns when those that wait have been run.
    func stop() {
        state.withLock { $0.isStopped = true }
        state.notifyAll()
        state.wait { $0.hasEnded ? () : nil }
    }

    /// Runs groups as they come, until told to stop.
    private static func work(
        _ state: Monitor<State>,
        _ pool: DatabasePool,
        _ checkpointer: Checkpointer,
        _ room: DiskRoom
    ) {
        while true {
            let group = state.wait { state -> [Job]? in
                let group = Array(state.jobs.prefix(Limits.databaseGroupMax))
                state.jobs.removeFirst(group.count)
                return group.isEmpty && !state.isStopped ? nil : group
            }
            if group.isEmpty { break }
            pool.writeWithoutTransaction { connection in
                runGroup(group, on: connection, room)
                checkpointer.look(connection)
            }
        }
        state.withLock { $0.hasEnded = true }
        state.notifyAll()
    }

    private static func runGroup(_ group: [Job], on connection: GRDB.Database, _ room: DiskRoom) {
        defer { room.endGroup() }
        do {
            try command("BEGIN IMMEDIATE", on: connection)
        } catch {
            for job in group { job.fail(error) }
            return
        }
        var outcomes: [JobOutcome] = []
        for job in group {
            outcomes.append(runJob(job, on: connection))
            // A full disk or an I/O error can roll the whole transaction back: earlier bodies are undone with it.
            guard sqlite3_get_autocommit(connection.sqliteConnection) == 0 else {
                return recover(group, outcomes, on: connection, room)
            }
        }
        do {
            try command("COMMIT", on: connection)
        } catch {
            if sqlite3_get_autocommit(connection.sqliteConnection) == 0 { rollBack(connection) }
            for outcome in outcomes { outcome.finish(error) }
            return
        }
        // In the order of the bodies: who waits for what a later body of the group has brought must be there by then,
        // to be woken.
        for outcome in outcomes {
            if outcome.succeeded { for action in outcome.actions { action() } }
            outcome.finish(nil)
        }
    }

    private static func runJob(_ job: Job, on connection: GRDB.Database) -> JobOutcome {
        do {
            try command("SAVEPOINT body", on: connection)
            let outcome = job.run(connection)
            if sqlite3_get_autocommit(connection.sqliteConnection) != 0 { return outcome }
            if !outcome.succeeded { try command("ROLLBACK TO body", on: connection) }
            try command("RELEASE body", on: connection)
            return outcome
        } catch {
            // The body's changes are neither kept nor undone for certain, so the whole transaction goes.
            if sqlite3_get_autocommit(connection.sqliteConnection) == 0 { rollBack(connection) }
            return JobOutcome(succeeded: false, actions: []) { _ in job.fail(error) }
        }
    }

    /// After a broken transaction: the body that broke it gets its error, the others run again, each alone.
    private static func recover(
        _ group: [Job],
        _ outcomes: [JobOutcome],
        on connection: GRDB.Database,
        _ room: DiskRoom
    ) {
        // What runs again takes its room again.
        room.endGroup()
        let broken = outcomes.count - 1
        if outcomes[broken].succeeded {
            outcomes[broken].finish(FlareError(.storeFailed, "the transaction was rolled back by the database"))
        } else {
            outcomes[broken].finish(nil)
        }
        for (index, job) in group.enumerated() where index != broken { runGroup([job], on: connection, room) }
    }

    private static func command(_ sql: String, on connection: GRDB.Database) throws {
        let statement: OpaquePointer
        do {
            statement = try connection.cachedStatement(sql: sql).sqliteStatement
        } catch let error as DatabaseError {
            throw storeFailure(error, context: sql)
        }
        let code = sqlite3_step(statement)
        let text = String(cString: sqlite3_errmsg(connection.sqliteConnection))
        let systemError = sqlite3_system_errno(connection.sqliteConnection)
        sqlite3_reset(statement)
        guard code == SQLITE_DONE else {
            throw storeFailure(code: code, systemError: systemError, text: text, context: sql)
        }
    }

    private static func rollBack(_ connection: GRDB.Database) {
        do {
            try command("ROLLBACK", on: connection)
        } catch {
            // An open transaction is left, in which nothing may ever be answered with yes.
            preconditionFailure("the database can neither commit nor roll back: \(error)")
        }
    }
}
