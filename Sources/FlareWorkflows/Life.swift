import FlareModel
import FlareStore
import FlareWorkers
import Logging
import Synchronization

/// One life of a run while its code runs: answers the calls of its steps and watches over it.
///
/// What a step comes to is answered after the commit that says so, and in the order of the commits: that order is the
/// journal's, and what the code does next must follow it in every life. That an attempt begins is answered at once and
/// written with whatever is committed next, at most `workflowBeginMilliseconds` later.
final class Life: Sendable {
    typealias Reply = @Sendable (RunnerReply) -> Void

    /// Why the watch over a life ended before its code did.
    enum End: Sendable {
        case suspend(until: Timestamp, waits: Set<StepKey>)
        /// A pause can begin.
        case drained
        case hung(StepKey)
        /// Somebody ended the run from outside, or the engine stops.
        case stopped
    }

    /// What earlier lives have left.
    struct Inheritance: Sendable {
        /// The steps that were sent with the invocation, in its order.
        var journal: [Int64]
        /// Steps that have begun and have no result yet.
        var unfinished: Set<StepKey>
        var stepsMax: Int
    }

    /// A call on its way to its answer.
    struct Pending: Sendable {
        let number: Int
        let call: StepCall
        let step: StepKey
        /// Set when the limit of steps may be near, so that they are counted exactly.
        let stepsMax: Int?
        let reply: Reply
    }

    struct State {
        var rules: LifeState
        var inheritance = Inheritance(journal: [], unfinished: [], stepsMax: Limits.workflowStepsMax)
        /// Calls that wait until a time or an event, with their alarms.
        var held: [Int: (call: Pending, alarm: Deadlines.Token)] = [:]
        /// Attempts that have begun and are not written yet, in their order.
        var unwritten: [BegunStep] = []
        /// Steps that lives of this run may have begun, for the limit of steps.
        var begun = 0
        /// The call as which a permit counts that the code has and may use, so that nothing ends the life meanwhile.
        var permit: Int?
        var end: End?
        var isClosed = false
        /// Whether begins are written before they are answered.
        var isWritingThrough = false
        /// Whether it does nothing but wait, and has left its place to others.
        var isIdle = false
        /// When the rules are to be asked again.
        var check: (at: Timestamp, alarm: Deadlines.Token)?
        var writing: Deadlines.Token?
        /// Whoever takes them writes them, or puts them back.
        mutating func takeUnwritten() -> [BegunStep] {
            defer { unwritten = [] }
            return unwritten
        }

        /// Steps that have begun, and the one that may begin without asking.
        var begunMost: Int { permit == nil ? begun : begun + 1 }
    }

    let claim: RunRecord.Claim
    let store: WorkflowStore
    private let lives: Lives
    let state: Mutex<State>
    private let watch = Wake()

    init(_ claim: RunRecord.Claim, store: WorkflowStore, lives: Lives) {
        self.claim = claim
        self.store = store
        self.lives = lives
        state = Mutex(State(rules: LifeState(at: store.time.now())))
    }

    /// To be called before the code is started.
    func inherit(_ inheritance: Inheritance) {
        state.withLock { state in
            state.inheritance = inheritance
            state.begun = inheritance.journal.count + inheritance.unfinished.count
        }
    }

    /// Returns when the life is to be ended.
    ///
    /// On cancellation: `stopped`.
    func watchOver() async -> End {
        while !Task.isCancelled {
            if let end = state.withLock({ $0.end }) { return end }
            await watch.wait()
        }
        return .stopped
    }

    /// Ends the life: its run was ended from outside.
    func stop() {
        state.withLock { if $0.end == nil { $0.end = .stopped } }
        watch.notify()
    }

    /// Forgets all calls; to be called when the code has ended.
    func close() {
        let alarms = state.withLock { state in
            state.isClosed = true
            let alarms = state.held.values.map(\.alarm) + [state.check?.alarm, state.writing].compactMap { $0 }
            (state.held, state.check, state.writing) = ([:], nil, nil)
            return alarms
        }
        for alarm in alarms { store.deadlines.drop(alarm) }
    }

    /// Whether it counts against the number of runs whose code may run at once.
    var holdsPlace: Bool { state.withLock { !$0.isIdle } }

    /// Whether no attempt runs.
    var isQuiet: Bool { state.withLock { $0.rules.firstTimeout == nil } }

    /// A pause was asked for, or is not wanted any more.
    func setPausing(_ isPausing: Bool) {
        state.withLock { $0.rules.setPausing(isPausing, at: store.time.now()) }
        wakeCalls()
        reconsider()
    }

    /// Lets held calls look again: something they wait for may have come.
    func wakeCalls() {
        for number in state.withLock({ $0.held.keys.sorted() }) { again(number) }
    }

    // MARK: - Calls

    /// Answers a call of the running code, now or later.
    ///
    /// Does not block. `reply` is called once at most, from any thread; never when the life ends first.
    func take(_ call: RunnerCall, _ reply: @escaping Reply) {
        do {
            if let note = try StepNote(call) {
                take(note)
                return reply(.value(.null, body: []))
            }
            let call = try StepCall(call)
            guard let step = call.step else { return read(call, reply) }
            if let answer = beginAtOnce(call, step) { return reply(answer.reply) }
            let pending = state.withLock { state in
                occupy(&state)
                let number = state.rules.call(at: store.time.now())
                if call.endsAttempt { state.rules.ended(step) }
                if call.countsAsStep { state.begun += 1 }
                // Steps are counted exactly only where the limit may be near.
                let stepsMax = state.inheritance.stepsMax
                let limit = state.begunMost > stepsMax ? stepsMax : nil
                return Pending(number: number, call: call, step: step, stepsMax: limit, reply: reply)
            }
            commit(pending, isAgain: false)
        } catch {
            reply(StepReply.refused(error).reply)
        }
    }

    private func commit(_ pending: Pending, isAgain: Bool) {
        let carried = CarriedSteps()
        store.database.write(waitingMax: .max) { [self] transaction in
            transaction.afterCommit { [self] in store.watchers.notify(claim.key.instance) }
            let begun = carried.take { state.withLock { $0.takeUnwritten() } }
            if try StepLedger.complete(begun, ending: pending.call, claim, at: store.time.now(), in: transaction) {
                return StepLedger.Decision.done([])
            }
            guard let current = try RunRecord.current(claim.key, invocation: claim.invocation, in: transaction) else {
                throw FlareError(.interrupted, "the instance no longer runs here")
            }
            let ledger = StepLedger(
                run: claim.key,
                now: store.time.now(),
                transaction: transaction,
                standing: current.status,
                stepsMax: pending.stepsMax
            )
            if try ledger.write(begun, ending: pending.call) { return StepLedger.Decision.done([]) }
            return try isAgain ? ledger.decideAgain(pending.call) : ledger.decide(pending.call)
        } completion: { [self] result in
            settle(result, pending, carried) { [self] in commit(pending, isAgain: isAgain) }
        }
    }

    /// On the database's thread, in the order of the commits.
    private func settle(
        _ result: Result<StepLedger.Decision, any Error>,
        _ pending: Pending,
        _ carried: CarriedSteps,
        retry: @escaping @Sendable () -> Void
    ) {
        switch result {
        // The step's begin could not be written before, and goes with this call now.
        case .success(.refused) where state.withLock({ $0.unwritten.contains { $0.key == pending.step } }): retry()
        case .success(.hold(let due)): hold(pending, until: due)
        case .success(let decision):
            var answer = answer(decision, pending.step)
            forget(pending)
            if case .done(let value, _) = answer, pending.call.endsAttempt, permit() {
                answer = .done(value, permits: true)
            }
            pending.reply(answer.reply)
        case .failure(let error as FlareError) where error.code == .diskFull || error.code == .storeFailed:
            putBack(carried)
            retryLater(error, retry)
        case .failure(let error):
            forget(pending)
            pending.reply(StepReply.refused(error).reply)
        }
    }

    private func answer(_ decision: StepLedger.Decision, _ step: StepKey) -> StepReply {
        switch decision {
        case .run(let attempt, let timeout, let config):
            state.withLock { state in
                state.rules.began(step, timeout: timeout > .zero ? timeout : nil, at: store.time.now())
                arm(&state)
            }
            return .run(attempt: attempt, timeout: timeout, config: config)
        case .done(let value): return .done(value)
        case .stream(let bytes): return .stream(bytes: bytes)
        case .failed(let error): return .failed(error)
        case .refused(let error): return .refused(error)
        case .hold: preconditionFailure("a held call was answered")
        }
    }

    private func forget(_ pending: Pending) {
        let mayChange = state.withLock { state in
            state.rules.answered(pending.number, at: store.time.now())
            return !state.held.isEmpty || !state.rules.mayBegin
        }
        if mayChange { reconsider() }
    }

    /// What has happened to an instance must not be lost because it cannot be written down just now.
    func retryLater(_ error: FlareError, _ retry: @escaping @Sendable () -> Void) {
        store.beginWait(for: error)
        store.deadlines.set(at: store.time.now() + .seconds(1)) { [self] in
            store.endWait()
            if !state.withLock({ $0.isClosed }) { retry() }
        }
    }

    // MARK: - Held calls

    private func hold(_ pending: Pending, until due: Timestamp) {
        state.withLock { state in
            guard !state.isClosed else { return }
            let alarm = store.deadlines.set(at: due) { [self] in again(pending.number) }
            state.held[pending.number] = (pending, alarm)
            state.rules.hold(pending.number, pending.step, until: due)
        }
        reconsider()
    }

    private func again(_ number: Int) {
        let held = state.withLock { state -> (call: Pending, alarm: Deadlines.Token)? in
            guard let held = state.held.removeValue(forKey: number) else { return nil }
            occupy(&state)
            return state.rules.resume(number, at: store.time.now()) ? held : nil
        }
        guard let held else { return }
        store.deadlines.drop(held.alarm)
        commit(held.call, isAgain: true)
    }

    // MARK: - Watching

    /// Asks the rules whether the life is to be ended.
    func reconsider() {
        let isOver = state.withLock { state in
            guard state.end == nil, !state.isClosed else { return false }
            switch state.rules.next(at: store.time.now()) {
            case .suspend(let due, let waits): state.end = .suspend(until: due, waits: waits)
            case .pause: state.end = .drained
            case .hung(let step): state.end = .hung(step)
            case .check(let time):
                arm(&state, at: time)
                leave(&state)
                return false
            }
            return true
        }
        if isOver { watch.notify() }
    }

    /// Lets others have the place while the code does nothing but wait.
    private func leave(_ state: inout State) {
        guard !state.isIdle, state.rules.onlyWaits else { return }
        state.isIdle = true
        lives.freePlace()
    }

    /// The code goes on, whether there is a place or not.
    ///
    /// Not what it still says when the life is over: nobody would give that place back.
    func occupy(_ state: inout State) {
        guard state.isIdle, !state.isClosed else { return }
        state.isIdle = false
        lives.takePlaces(1)
    }

    /// Sets the alarm for the first attempt that may hang.
    ///
    /// It is not moved to a later time when that attempt ends: an alarm that was not needed costs less than one for
    /// each step.
    func arm(_ state: inout State) {
        arm(&state, at: state.rules.firstTimeout)
    }

    private func arm(_ state: inout State, at time: Timestamp?) {
        guard let time, !state.isClosed, state.check.map({ time < $0.at }) ?? true else { return }
        if let check = state.check { store.deadlines.drop(check.alarm) }
        let alarm = store.deadlines.set(at: time) { [self] in
            self.state.withLock { $0.check = nil }
            reconsider()
        }
        state.check = (time, alarm)
    }

    // MARK: - Reading

    /// Bytes of a result that was too large to be sent along.
    private func read(_ call: StepCall, _ reply: @escaping Reply) {
        let journal = state.withLock { state in
            state.rules.heard(at: store.time.now())
            return state.inheritance.journal
        }
        Task {
            do {
                reply(StepReply.value(try await bytes(call, journal)).reply)
            } catch {
                reply(StepReply.refused(error).reply)
            }
        }
    }

    private func bytes(_ call: StepCall, _ journal: [Int64]) async throws -> [UInt8] {
        switch call {
        case .load(let index) where journal.indices.contains(index):
            let sequence = journal[index]
            return try await store.database.read { try StepRecord.value(sequence, in: $0) }
        case .read(let name, let index):
            let key = StepKey(.do, name)
            let bytes = try await store.database.read { [claim] in
                try ChunkRecord.find(index, of: key, claim.key, in: $0)
            }
            guard let bytes else {
                throw FlareError(.invalidData, "the stream of step \"\(key.label)\" has no part \(index)")
            }
            return bytes
        default: throw FlareError(.invalidData, "the journal has no such entry")
        }
    }
}
