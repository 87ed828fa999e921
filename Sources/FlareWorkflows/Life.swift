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
        case hung(StepKey)
        /// Somebody ended the run from outside, or the engine stops.
        case stopped
    }

    private struct State {
        var rules: LifeState
        /// Of the calls that are held.
        var wakes: [Int: Wake] = [:]
        var isStopped = false
    }

    private let claim: RunRecord.Claim
    private let store: WorkflowStore
    private let state: Mutex<State>
    private let watch = Wake()
    private let journal: [Int64]

    /// `journal` holds the keys of the steps that were sent with the invocation, in its order.
    init(_ claim: RunRecord.Claim, journal: [Int64], store: WorkflowStore) {
        self.claim = claim
        self.journal = journal
        self.store = store
        state = Mutex(State(rules: LifeState(at: store.time.now())))
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
        guard let step = call.step else { return .value(try await load(call)) }
        let wake = Wake()
        let number = state.withLock { state in
            let number = state.rules.call(at: store.time.now())
            state.wakes[number] = wake
            if call.endsAttempt { state.rules.ended(step) }
            return number
        }
        defer {
            state.withLock { state in
                state.wakes[number] = nil
                state.rules.answered(number, at: store.time.now())
            }
            watch.notify()
        }
        var decision = try await commit { try $0.decide(call) }
        while case .hold(let due) = decision {
            state.withLock { $0.rules.hold(number, step, until: due) }
            watch.notify()
            await wake.wait(until: due, time: store.time)
            try Task.checkCancellation()
            guard state.withLock({ $0.rules.resume(number, at: store.time.now()) }) else { throw CancellationError() }
            decision = try await commit { try $0.decideAgain(call) }
        }
        switch decision {
        case .run(let attempt, let timeout):
            // No time-out means that the attempt may last, not that it hangs at once.
            let longest = timeout > .zero ? timeout : .milliseconds(Limits.workflowSleepMillisecondsMax)
            state.withLock { $0.rules.began(step, timeout: longest, at: store.time.now()) }
            return .run(attempt: attempt, timeout: timeout)
        case .done(let value): return .done(value)
        case .failed(let error): return .failed(error)
        case .refused(let error): return .refused(error)
        case .hold: preconditionFailure("a held call was answered")
        }
    }

    private func commit(
        _ body: @escaping @Sendable (StepLedger) throws -> StepLedger.Decision
    ) async throws -> StepLedger.Decision {
        try await store.persist { [claim, store] transaction in
            guard try RunRecord.isCurrent(claim.key, invocation: claim.invocation, in: transaction) else {
                throw FlareError(.interrupted, "the instance no longer runs here")
            }
            transaction.afterCommit { store.watchers.notify(claim.key.instance) }
            return try body(StepLedger(run: claim.key, now: store.time.now(), transaction: transaction))
        }
    }

    private func load(_ call: StepCall) async throws -> [UInt8] {
        guard case .load(let index) = call, journal.indices.contains(index) else {
            throw FlareError(.invalidData, "the journal has no such entry")
        }
        let sequence = journal[index]
        return try await store.database.read { try StepRecord.value(sequence, in: $0) }
    }
}

extension StepCall {
    /// The step that the call is about; nil for `load`.
    fileprivate var step: StepKey? {
        switch self {
        case .begin(let name, _, _), .succeeded(let name, _, _), .failed(let name, _, _, _): StepKey(.do, name)
        case .sleep(let name, _): StepKey(.sleep, name)
        case .wait(let name, _, _): StepKey(.wait, name)
        case .load: nil
        }
    }

    fileprivate var endsAttempt: Bool {
        switch self {
        case .succeeded, .failed: true
        case .begin, .sleep, .wait, .load: false
        }
    }
}

extension StepLedger {
    /// What a call leads to when it comes in.
    fileprivate func decide(_ call: StepCall) throws -> Decision {
        switch call {
        case .begin(let name, let configuration, let parent):
            try begin(name, configuration, parent: parent)
        case .succeeded(let name, let attempt, let value):
            try end(name, attempt: attempt, .success(value))
        case .failed(let name, let attempt, let error, let delay):
            try end(name, attempt: attempt, .failure(error), delayMilliseconds: delay?.milliseconds)
        case .sleep(let name, let length):
            try sleep(name, length)
        case .wait(let name, let type, let timeout):
            try wait(name, type: type, timeout: timeout)
        case .load:
            preconditionFailure("a load is answered without the ledger")
        }
    }

    /// What a call that was held leads to.
    fileprivate func decideAgain(_ call: StepCall) throws -> Decision {
        switch call {
        case .begin(let name, _, _), .succeeded(let name, _, _), .failed(let name, _, _, _): try proceed(name)
        case .sleep, .wait, .load: try decide(call)
        }
    }
}
