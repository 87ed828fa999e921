import FlareModel
import FlareWorkers

/// A step of a run that is over, as a replay of it sees the step.
struct PastStep: Sendable, Hashable {
    var sequence: Int64
    var key: StepKey
    var parent: StepKey?
    var status: StepRecord.Status
    var attempts: Int
    var startedAt: Timestamp
    var endedAt: Timestamp?
    /// Its place in the journal.
    var finishOrder: Int64?
    /// Of `wait` steps.
    var eventType: String?
    /// Whether a rollback of the run has begun to undo it.
    var isUndone = false
    /// The run in which it was recorded, of a step that was taken over with another output.
    var patchedFrom: Int?

    var isFinished: Bool { finishOrder != nil }

    /// The step as people write it: `NAME`, or `NAME#n` from the second on.
    var text: String { key.occurrence == 1 ? key.name : "\(key.name)#\(key.occurrence)" }

    /// The type as the API names it.
    var typeName: String {
        if key.kind == .sleep { return "sleep" }
        return key.kind == .wait ? "waitForEvent" : "step"
    }
}

extension [PastStep] {
    /// The step that a text means: its whole name, `NAME#n`, or its label `NAME-n`; a `do` step before a wait before a
    /// sleep.
    func named(_ text: String) -> PastStep? {
        let exact = first(named: text, 1)
        if let exact { return exact }
        for separator in ["#", "-"] {
            guard let range = text.ranges(of: separator).last, let number = Int(text[range.upperBound...]) else {
                continue
            }
            if let step = first(named: String(text[..<range.lowerBound]), number) { return step }
        }
        return nil
    }

    private func first(named name: String, _ occurrence: Int) -> PastStep? {
        let found = filter { $0.key.name == name && $0.key.occurrence == occurrence }
        return [StepKind.do, .wait, .sleep].lazy.compactMap { kind in found.first { $0.key.kind == kind } }.first
    }
}
