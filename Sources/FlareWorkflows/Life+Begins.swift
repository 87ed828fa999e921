import FlareModel
import FlareStore
import FlareWorkers
import Synchronization

/// Attempts that begin without the database being asked, and how what is known of them gets there.
extension Life {
    /// Begins a step that is new for certain, without asking the database.
    func beginAtOnce(_ call: StepCall, _ step: StepKey) -> StepReply? {
        guard claim.closing == nil, case .begin(.do, _, let configuration, nil) = call, step.isSound else { return nil }
        let now = store.time.now()
        let begun = BegunStep(key: step, configuration: configuration, startedAt: now)
        return state.withLock { state in
            guard state.rules.mayBegin, !state.isWritingThrough, state.begunMost < state.inheritance.stepsMax,
                !state.inheritance.unfinished.contains(step), !state.unwritten.contains(where: { $0.key == step })
            else { return nil }
            begin(begun, &state)
            return .run(attempt: 1, timeout: .milliseconds(begun.config.timeout), config: nil)
        }
    }

    private func begin(_ begun: BegunStep, _ state: inout State) {
        let (now, timeout) = (begun.startedAt, Duration.milliseconds(begun.config.timeout))
        occupy(&state)
        state.begun += 1
        state.unwritten.append(begun)
        state.rules.heard(at: now)
        state.rules.began(begun.key, timeout: timeout > .zero ? timeout : nil, at: now)
        arm(&state)
        if state.writing == nil { armWriting(&state, at: now) }
    }

    /// Lets the code begin its next step without asking, which saves it the way here and back, when it stands between
    /// two steps and nothing can speak against it.
    ///
    /// Until it has said what it did with that, the life is neither paused nor put aside.
    func permit() -> Bool {
        state.withLock { state in
            guard claim.closing == nil, state.permit == nil, state.end == nil, state.rules.isBetweenSteps,
                !state.isWritingThrough, state.inheritance.unfinished.isEmpty,
                state.begun < state.inheritance.stepsMax
            else { return false }
            state.permit = state.rules.call(at: store.time.now())
            return true
        }
    }

    /// A note without a permit is ignored, like everything from a process that makes no sense.
    func take(_ note: StepNote) {
        let now = store.time.now()
        let (mayChange, mustWrite) = state.withLock { state in
            guard let permit = state.permit else { return (false, false) }
            state.permit = nil
            state.rules.answered(permit, at: now)
            if case .began(let name, let configuration) = note, StepKey(.do, name).isSound {
                begin(BegunStep(key: StepKey(.do, name), configuration: configuration, startedAt: now), &state)
            }
            let mayChange = !state.held.isEmpty || !state.rules.mayBegin
            return (mayChange, state.isWritingThrough && !state.unwritten.isEmpty)
        }
        if mustWrite { writeUnwritten() }
        if mayChange { reconsider() }
    }

    private func armWriting(_ state: inout State, at oldest: Timestamp) {
        guard !state.isClosed else { return }
        let due = oldest + .milliseconds(Limits.workflowBeginMilliseconds)
        state.writing = store.deadlines.set(at: due) { [self] in writeBegun() }
    }

    /// Writes attempts that have run for a while.
    private func writeBegun() {
        let isDue = state.withLock { state in
            state.writing = nil
            guard let oldest = state.unwritten.first else { return false }
            if oldest.startedAt + .milliseconds(Limits.workflowBeginMilliseconds) > store.time.now() {
                armWriting(&state, at: oldest.startedAt)
                return false
            }
            return true
        }
        if isDue { writeUnwritten() }
    }

    private func writeUnwritten() {
        let carried = CarriedSteps()
        store.database.write(waitingMax: .max) { [self] in
            try put(carried, in: $0)
        } completion: { [self] result in
            if case .failure(let error as FlareError) = result, error.code == .diskFull || error.code == .storeFailed {
                putBack(carried)
                retryLater(error) { self.writeUnwritten() }
            }
        }
    }

    func putBack(_ carried: CarriedSteps) {
        let begun = carried.giveBack()
        state.withLock { $0.unwritten = begun + $0.unwritten }
    }

    /// Writes what is not written yet, and every begin from now on before it is answered, or at once when a permit was
    /// out for it.
    func writeThrough() async throws {
        state.withLock { $0.isWritingThrough = true }
        try await writeRest()
    }

    /// Writes what is not written yet, before the run is put aside or ended with attempts that still run.
    func writeRest() async throws {
        while state.withLock({ !$0.unwritten.isEmpty }) {
            let carried = CarriedSteps()
            do {
                return try await store.database.write { try self.put(carried, in: $0) }
            } catch let error as FlareError where error.code == .diskFull || error.code == .storeFailed {
                putBack(carried)
                try await store.pause(for: error)
            }
        }
    }

    /// Writes what is not written yet, unless the run has gone on without this life.
    func put(_ carried: CarriedSteps, in transaction: Transaction) throws {
        let begun = carried.take { state.withLock { $0.takeUnwritten() } }
        guard try RunRecord.current(claim.key, invocation: claim.invocation, in: transaction) != nil else { return }
        let ledger = StepLedger(run: claim.key, now: store.time.now(), transaction: transaction)
        try ledger.write(begun, ending: nil)
        transaction.afterCommit { [self] in store.watchers.notify(claim.key.instance) }
    }
}
