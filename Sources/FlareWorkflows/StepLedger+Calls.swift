import FlareModel
import FlareStore
import FlareWorkers

/// A step whose first attempt has begun and is not written yet.
struct BegunStep: Sendable {
    let key: StepKey
    let configuration: StepConfiguration
    let config: StepConfig
    let startedAt: Timestamp

    init(key: StepKey, configuration: StepConfiguration, startedAt: Timestamp) {
        self.key = key
        self.configuration = configuration
        config = StepConfig(configuration)
        self.startedAt = startedAt
    }
}

/// The calls of running code, as verbs of the ledger.
extension StepLedger {
    /// What a call leads to when it comes in.
    func decide(_ call: StepCall) throws -> Decision {
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
    func decideAgain(_ call: StepCall) throws -> Decision {
        switch call {
        case .succeeded(let kind, let name, _, _), .failed(let kind, let name, _, _, _): try proceed(kind, name)
        case .streamed(let name, _, _): try proceed(.do, name)
        case .begin, .chunk, .sleep, .wait, .load, .read: try decide(call)
        }
    }

    /// Writes steps that have begun, in their order, each at its own time.
    ///
    /// The one that `call` ends with a value is written whole at once. Returns whether there was one.
    @discardableResult
    func write(_ begun: [BegunStep], ending call: StepCall?) throws -> Bool {
        var isEnded = false
        for step in begun {
            if case .succeeded(.do, let name, 1, let value)? = call, standing != .rollingBack,
                StepKey(.do, name) == step.key, TaggedJSON.size(value) <= Limits.workflowValueBytesMax
            {
                try complete(step, value, order: RunRecord.nextFinishOrder(run, in: transaction))
                isEnded = true
            } else {
                // Whatever the run has come to meanwhile, this step has begun.
                let ledger = StepLedger(run: run, now: step.startedAt, transaction: transaction)
                let name = StepCall.StepName(name: step.key.name, occurrence: step.key.occurrence)
                _ = try ledger.begin(.do, name, step.configuration, parent: nil)
            }
        }
        return isEnded
    }

    /// The common case of `write`, with as few statements as can be: the only step that has begun ends with a value, in
    /// a run that simply goes on.
    ///
    /// Returns whether it was that case.
    static func complete(
        _ begun: [BegunStep],
        ending call: StepCall,
        _ claim: RunRecord.Claim,
        at now: Timestamp,
        in transaction: Transaction
    ) throws -> Bool {
        guard begun.count == 1, let step = begun.first, case .succeeded(.do, let name, 1, let value) = call,
            StepKey(.do, name) == step.key, TaggedJSON.size(value) <= Limits.workflowValueBytesMax,
            let order = try RunRecord.nextFinishOrder(claim.key, running: claim.invocation, in: transaction)
        else { return false }
        try StepLedger(run: claim.key, now: now, transaction: transaction).complete(step, value, order: order)
        return true
    }

    /// Writes a step with its only attempt, begun before and complete now.
    private func complete(_ begun: BegunStep, _ value: [UInt8], order: Int64) throws {
        let label = begun.key.label
        let sequence = try StepRecord.insertComplete(begun, value, of: run, order: order, at: now, in: transaction)
        try AttemptRecord.insertComplete(of: sequence, from: begun.startedAt, to: now, in: transaction)
        try LogRecord.insertStep(label, into: run, from: begun.startedAt, to: now, in: transaction)
    }
}

extension StepCall {
    /// The step that the call is about; nil when it only reads what a finished step returned.
    var step: StepKey? {
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

    var endsAttempt: Bool {
        switch self {
        case .succeeded, .streamed, .failed: true
        case .begin, .chunk, .sleep, .wait, .load, .read: false
        }
    }

    var countsAsStep: Bool {
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
