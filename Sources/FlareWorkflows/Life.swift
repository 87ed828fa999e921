import FlareModel
import FlareStore
import FlareWorkers
import Synchronization

/// One life of a run while its code runs: answers the calls of its steps and watches over it.
///
/// Every answer is given after the commit of what it says.
final class Life: Sendable {
    /// Why the watch over a life ended before its code did.
    enum End: Sendable {
        case suspend(until: Timestamp, waits: Set<StepKey>)
        /// A pause can begin.
        case drained
        case hung(StepKey)
        /// Somebody ended the run from outside, or the engine stops.
        case stopped
    }

    private struct State {
        var rules: LifeState
        /// Of the calls that are held.
        var wakes: [Int: Wake] = [:]
        var isStopped = false
        /// Steps that this life may have begun, for the limit of steps.
        var begun: Int
    }

    private let claim: RunRecord.Claim
    private let store: WorkflowStore
    private let state: Mutex<State>
    private let watch = Wake()
    private let journal: [Int64]
    private let stepsMax: Int

    /// `journal` holds the keys of the steps that were sent with the invocation, in its order; `begun` counts the steps
    /// of earlier lives.
    init(_ claim: RunRecord.Claim, journal: [Int64], begun: Int, stepsMax: Int, store: WorkflowStore) {
        self.claim = claim
        self.journal = journal
        self.stepsMax = stepsMax
        self.store = store
        state = Mutex(State(rules: LifeState(at: store.time.now()), begun: begun))
    }

    /// Returns when the life is to be ended.
    ///
    /// On cancellation: `stopped`.
    func watchOver() async -> End {
        while !Task.isCancelled {
            let (next, isStopped) = state.withLock { ($0.rules.next(at: store.time.now()), $0.isStopped) }
            if isStopped { break }
            switch next {
            case .suspend(let due, let waits): return .suspend(until: due, waits: waits)
            case .pause: return .drained
            case .hung(let step): return .hung(step)
            case .check(let time): await watch.wait(until: time, time: store.time)
            }
        }
        return .stopped
    }

    /// Ends the life: its run was ended from outside.
    func stop() {
        state.withLock { $0.isStopped = true }
        watch.notify()
    }

    /// A pause was asked for, or is not wanted any more.
    func setPausing(_ isPausing: Bool) {
        state.withLock { $0.rules.setPausing(isPausing, at: store.time.now()) }
        watch.notify()
        wakeCalls()
    }

    /// Lets held calls look again: something they wait for may have come.
    func wakeCalls() {
        for wake in state.withLock({ Array($0.wakes.values) }) { wake.notify() }
    }

    /// Answers a call of the running code.
    func answer(_ call: RunnerCall) async -> RunnerReply {
        do {
            return try await serve(StepCall(call)).reply
        } catch {
            return StepReply.refused(error).reply
        }
    }

    private func serve(_ call: StepCall) async throws -> StepReply {
        guard let step = call.step else { return .value(try await bytes(call)) }
        let wake = Wake()
        let (number, begun) = state.withLock { state in
            let number = state.rules.call(at: store.time.now())
            state.wakes[number] = wake
            if call.endsAttempt { state.rules.ended(step) }
            if call.countsAsStep { state.begun += 1 }
            return (number, state.begun)
        }
        defer {
            state.withLock { state in
                state.wakes[number] = nil
                state.rules.answered(number, at: store.time.now())
            }
            watch.notify()
        }
        // Steps are counted exactly only where the limit may be near.
        let stepsMax = begun > stepsMax ? stepsMax : nil
        var decision = try await commit(stepsMax) { try $0.decide(call) }
        while case .hold(let due) = decision {
            state.withLock { $0.rules.hold(number, step, until: due) }
            watch.notify()
            await wake.wait(until: due, time: store.time)
            try Task.checkCancellation()
            guard state.withLock({ $0.rules.resume(number, at: store.time.now()) }) else {
                // The life is over. Any answer would let the code go on; it is about to be stopped.
                await Wake().wait()
                throw CancellationError()
            }
            decision = try await commit(stepsMax) { try $0.decideAgain(call) }
        }
        return answer(decision, step)
    }

    private func answer(_ decision: StepLedger.Decision, _ step: StepKey) -> StepReply {
        switch decision {
        case .run(let attempt, let timeout, let config):
            // No time-out means that the attempt may last, not that it hangs at once.
            let longest = timeout > .zero ? timeout : .milliseconds(Limits.workflowSleepMillisecondsMax)
            state.withLock { $0.rules.began(step, timeout: longest, at: store.time.now()) }
            return .run(attempt: attempt, timeout: timeout, config: config)
        case .done(let value): return .done(value)
        case .stream(let bytes): return .stream(bytes: bytes)
        case .failed(let error): return .failed(error)
        case .refused(let error): return .refused(error)
        case .hold: preconditionFailure("a held call was answered")
        }
    }

    private func commit(
        _ stepsMax: Int?,
        _ body: @escaping @Sendable (StepLedger) throws -> StepLedger.Decision
    ) async throws -> StepLedger.Decision {
        try await store.persist { [claim, store] transaction in
            guard let current = try RunRecord.current(claim.key, invocation: claim.invocation, in: transaction) else {
                throw FlareError(.interrupted, "the instance no longer runs here")
            }
            transaction.afterCommit { store.watchers.notify(claim.key.instance) }
            let ledger = StepLedger(
                run: claim.key,
                now: store.time.now(),
                transaction: transaction,
                standing: current.status,
                stepsMax: stepsMax
            )
            return try body(ledger)
        }
    }

    /// Bytes of a result that was too large to be sent along.
    private func bytes(_ call: StepCall) async throws -> [UInt8] {
        state.withLock { $0.rules.heard(at: store.time.now()) }
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

extension StepCall {
    /// The step that the call is about; nil when it only reads what a finished step returned.
    fileprivate var step: StepKey? {
        switch self {
        case .begin(let kind, let name, _, _), .succeeded(let kind, let name, _, _),
            .failed(let kind, let name, _, _, _):
            StepKey(kind, name)
        case .streamed(let name, _, _), .chunk(let name, _, _, _): StepKey(.do, name)
        case .sleep(let name, _): StepKey(.sleep, name)
        case .wait(let name, _, _): StepKey(.wait, name)
        case .load, .read: nil
        }
    }

    fileprivate var endsAttempt: Bool {
        switch self {
        case .succeeded, .streamed, .failed: true
        case .begin, .chunk, .sleep, .wait, .load, .read: false
        }
    }

    fileprivate var countsAsStep: Bool {
        switch self {
        case .begin(.do, _, _, _), .wait: true
        default: false
        }
    }

    fileprivate var isOfRollback: Bool {
        switch self {
        case .begin(.rollback, _, _, _), .succeeded(.rollback, _, _, _), .failed(.rollback, _, _, _, _): true
        default: false
        }
    }
}

extension StepLedger {
    /// What a call leads to when it comes in.
    fileprivate func decide(_ call: StepCall) throws -> Decision {
        guard call.isOfRollback == (standing == .rollingBack) else {
            return .refused(call.isOfRollback ? notRollingBack() : rollsBack())
        }
        switch call {
        case .begin(let kind, let name, let configuration, let parent):
            return try begin(kind, name, configuration, parent: parent)
        case .succeeded(let kind, let name, let attempt, let value):
            return try end(kind, name, attempt: attempt, .value(value))
        case .streamed(let name, let attempt, let bytes):
            return try end(.do, name, attempt: attempt, .stream(bytes: bytes))
        case .failed(let kind, let name, let attempt, let error, let delay):
            return try end(kind, name, attempt: attempt, .error(error, delay))
        case .chunk(let name, let attempt, let index, let bytes):
            return try store(name, attempt: attempt, index: index, bytes)
        case .sleep(let name, let length):
            return try sleep(name, length)
        case .wait(let name, let type, let timeout):
            return try wait(name, type: type, timeout: timeout)
        case .load, .read:
            preconditionFailure("reading is answered without the ledger")
        }
    }

    /// What a call that was held leads to.
    fileprivate func decideAgain(_ call: StepCall) throws -> Decision {
        switch call {
        case .succeeded(let kind, let name, _, _), .failed(let kind, let name, _, _, _): try proceed(kind, name)
        case .streamed(let name, _, _): try proceed(.do, name)
        case .begin, .chunk, .sleep, .wait, .load, .read: try decide(call)
        }
    }
}
