import FlareModel
import FlareWorkers

/// Which steps of a run that is over the next run takes over.
///
/// From a step: those that finished, well or not, and began before the chosen one began. A parallel step that began
/// before it is kept even when it ended later, since it cannot depend on the chosen one; what began after the chosen
/// one may, and runs again.
///
/// From the failure: those that succeeded, except what began after the last failure had ended. Failed steps always
/// run again, also those whose failure the code had caught. Parallel steps beside the failed one are kept.
///
/// What a rollback has undone runs again, and so does what began after it.
///
/// A step inside a kept one is kept with it, whatever became of it: the outer result stands. When the chosen step is
/// inside others, these run again too, because their results contain it; what it ran before the chosen one is kept.
enum KeepRule {
    /// Where the next run begins.
    enum Start: Sendable, Hashable {
        case beginning
        case step(StepKey)
        case failure
    }

    /// `steps` in the order of their start.
    static func kept(_ steps: [PastStep], from start: Start) -> Set<StepKey> {
        let kept = standing(steps, from: start)
        guard let undone = steps.firstIndex(where: \.isUndone) else { return kept }
        return kept.intersection(steps[..<undone].map(\.key))
    }

    /// Without regard to rollbacks.
    private static func standing(_ steps: [PastStep], from start: Start) -> Set<StepKey> {
        switch start {
        case .beginning:
            return []
        case .step(let key):
            guard let position = steps.firstIndex(where: { $0.key == key }) else { return [] }
            let reopened = ancestors(of: key, in: steps).union([key])
            let before = Set(steps[..<position].map(\.key))
            return collect(steps) { before.contains($0.key) && !reopened.contains($0.key) }
        case .failure:
            let last = lastFailure(in: steps)
            return collect(steps) { step in
                step.status == .complete && !(last.map { began(step, afterEndOf: $0) } ?? false)
            }
        }
    }

    /// The failure that a replay from the failure begins at: the last one that no step around it has survived.
    static func lastFailure(in steps: [PastStep]) -> PastStep? {
        let status = Dictionary(steps.map { ($0.key, $0.status) }) { first, _ in first }
        let parents = parents(of: steps)
        return
            steps
            .filter { step in
                guard step.status == .failed else { return false }
                return !sequence(first: step.key, next: { parents[$0] }).contains { status[$0] == .complete }
            }
            .max { ($0.finishOrder ?? 0) < ($1.finishOrder ?? 0) }
    }

    /// Adds the finished steps inside kept ones.
    private static func collect(_ steps: [PastStep], _ isKept: (PastStep) -> Bool) -> Set<StepKey> {
        var kept: Set<StepKey> = []
        // An outer step begins before those in it, so that it is decided first.
        for step in steps where step.isFinished {
            let isInside = step.parent.map { kept.contains($0) } ?? false
            if isInside || isKept(step) { kept.insert(step.key) }
        }
        return kept
    }

    /// Times are whole milliseconds: within one, the order in which the steps began decides.
    private static func began(_ step: PastStep, afterEndOf failed: PastStep) -> Bool {
        guard let end = failed.endedAt, step.sequence != failed.sequence else { return false }
        return step.startedAt == end ? step.sequence > failed.sequence : step.startedAt > end
    }

    private static func ancestors(of key: StepKey, in steps: [PastStep]) -> Set<StepKey> {
        let parents = parents(of: steps)
        return Set(sequence(first: key, next: { parents[$0] }).dropFirst())
    }

    private static func parents(of steps: [PastStep]) -> [StepKey: StepKey] {
        // A step cannot be around itself; rows that say so would make the walk endless.
        let pairs = steps.compactMap { step in
            step.parent.flatMap { $0.name.utf8.count < step.key.name.utf8.count ? (step.key, $0) : nil }
        }
        return Dictionary(pairs) { first, _ in first }
    }
}
