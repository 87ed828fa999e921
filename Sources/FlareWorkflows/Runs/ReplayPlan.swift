import FlareModel
import FlareWorkers

/// What a replay does with each step of the run before.
struct ReplayPlan: Sendable {
    struct Entry: Sendable {
        var step: PastStep
        var plan: ReplayStepBody.Plan
        /// Tagged JSON in the place of the recorded result.
        var patch: [UInt8]?
    }

    /// In the order of their start.
    var entries: [Entry]
    /// The step that the new run begins from, for people; nil for the beginning.
    var from: String?

    /// The steps that the new run takes over.
    var kept: [Entry] { entries.filter { $0.plan != .again } }

    /// Throws `inUse` with `instance.cannot_restart` when the place to begin from does not exist, and
    /// `invalidArgument` for a patch that fits no step.
    init(
        _ steps: [PastStep],
        from start: ReplayStart,
        of instance: InstanceRecord,
        patches: [ReplayPatch] = []
    ) throws {
        let place = try Self.place(start, steps, instance)
        let kept = KeepRule.kept(steps, from: place)
        entries = steps.map { Entry(step: $0, plan: kept.contains($0.key) ? .kept : .again) }
        switch place {
        case .beginning: from = nil
        case .step(let key): from = steps.first { $0.key == key }?.text
        case .failure: from = KeepRule.lastFailure(in: steps)?.text ?? "(after the last step)"
        }
        for patch in patches { try apply(patch, steps) }
    }

    private mutating func apply(_ patch: ReplayPatch, _ steps: [PastStep]) throws {
        guard let step = steps.named(patch.step) else {
            throw Self.unknown(patch.step, steps, .invalidArgument, "--patch-output: step")
        }
        guard step.key.kind != .sleep else {
            throw FlareError(
                .invalidArgument,
                "step \"\(step.text)\" sleeps and has no output",
                hint: "patch a step.do or a waitForEvent"
            )
        }
        guard let index = entries.firstIndex(where: { $0.step.key == step.key }) else { return }
        entries[index].plan = .patched
        entries[index].patch =
            step.eventType.map { type in
                EventRecord(type: type, payload: patch.value, sentAt: step.endedAt ?? step.startedAt).value
            } ?? patch.value
    }

    private static func place(
        _ start: ReplayStart,
        _ steps: [PastStep],
        _ instance: InstanceRecord
    ) throws -> KeepRule.Start {
        switch start {
        case .beginning: return .beginning
        case .automatic: return instance.status == .errored ? .failure : .beginning
        case .failure:
            guard instance.status != .complete else {
                throw FlareError(
                    .inUse,
                    "(instance.cannot_restart) instance \"\(instance.id)\" is complete and has no failure",
                    hint: "name the step: --from-step NAME"
                )
            }
            return .failure
        case .step(let reference):
            let key = StepKey(kind: reference.kind, name: reference.name, occurrence: reference.occurrence)
            guard steps.contains(where: { $0.key == key }) else {
                let text = key.occurrence == 1 ? key.name : "\(key.name)#\(key.occurrence)"
                throw unknown(text, steps, .inUse, "(instance.cannot_restart) Step")
            }
            return .step(key)
        case .text(let text):
            guard let step = steps.named(text) else {
                throw unknown(text, steps, .inUse, "(instance.cannot_restart) Step")
            }
            return .step(step.key)
        }
    }

    private static func unknown(
        _ text: String,
        _ steps: [PastStep],
        _ code: FlareError.Code,
        _ start: String
    ) -> FlareError {
        let near = nearestName(to: text, in: steps.map(\.text)).map { ". Did you mean \"\($0)\"?" } ?? ""
        let names = steps.prefix(10).map { "\"\($0.text)\"" }.joined(separator: ", ")
        return FlareError(
            code,
            "\(start) \"\(text)\" not found in execution history\(near)",
            hint: steps.isEmpty ? "the run has no steps" : "its steps are \(names)\(steps.count > 10 ? ", …" : "")"
        )
    }
}

/// A result that a replay takes instead of the recorded one.
package struct ReplayPatch: Sendable {
    /// `NAME`, `NAME#n`, or the label that `status` shows.
    package var step: String
    /// Tagged JSON.
    package var value: [UInt8]

    package init(step: String, value: [UInt8]) {
        self.step = step
        self.value = value
    }
}
