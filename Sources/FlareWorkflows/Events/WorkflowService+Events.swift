package import FlareModel
import FlareStore

extension WorkflowService {
    /// Checks the types of events that somebody asks for; throws `invalidArgument` with the nearest name.
    package func checkEventTypes(_ types: [String]) throws {
        for type in types where !InstanceEvent.types.contains(type) {
            let near = nearestName(to: type, in: InstanceEvent.types).map { ". Did you mean \"\($0)\"?" } ?? ""
            throw FlareError(
                .invalidArgument,
                "there are no events of type \"\(type)\"\(near)",
                hint: "types are \(InstanceEvent.types.joined(separator: ", "))"
            )
        }
    }

    /// Hands over the events of an instance after a cursor, over all its runs.
    ///
    /// With `follows` it goes on as they happen, until the instance has ended. No types stand for all.
    package func events(
        of id: String,
        _ name: String,
        after cursor: Int64,
        types: Set<String>,
        follows: Bool,
        _ receive: @Sendable (_ cursor: Int64, _ type: String, _ event: JSONValue) async throws -> Void
    ) async throws {
        let instance = try await store.database.read { try self.instance(id, of: name, in: $0) }
        try await logs(of: instance.sequence, after: cursor, follows: follows) { lines in
            // One at a time: what steps return may be large.
            for line in lines where InstanceEvent.mayBe(types, line) {
                let event = try await store.database.read { transaction in
                    try InstanceEvent(line, of: instance, in: transaction).body(types)
                }
                guard let event else { continue }
                try await receive(line.cursor, event["type"]?.stringValue ?? line.type, event)
            }
        }
    }

    /// Whether an instance has ended and has no line after a cursor: a subscriber need not come again.
    package func hasNothing(after cursor: Int64, of id: String, _ name: String) async throws -> Bool {
        try await store.database.read { transaction in
            let instance = try self.instance(id, of: name, in: transaction)
            return try instance.status.isFinal && LogRecord.last(of: instance.sequence, in: transaction) <= cursor
        }
    }

    /// One step of an instance's current run, with all of what it returned.
    ///
    /// `name` is a step's name with its occurrence, `read objects-1`, or without, for the first; `type` is `step`,
    /// `sleep`, `waitForEvent` or nil for the first that fits. With `attempt`, only that one.
    package func step(
        _ name: String,
        type: String?,
        attempt: Int?,
        of id: String,
        _ workflow: String
    ) async throws -> StepStandingBody {
        try await store.database.read { transaction in
            let instance = try self.instance(id, of: workflow, in: transaction)
            let all = try StepRecord.list(of: instance.key, in: transaction)
            let found =
                all.first { $0.key.label == name && (type == nil || type == $0.typeName) }
                ?? all.first { $0.key.name == name && (type == nil || type == $0.typeName) }
            guard let step = found else {
                throw FlareError.notFound(
                    .instanceNotFound,
                    kind: "step",
                    name: name,
                    candidates: all.map(\.key.label),
                    listing: "flare workflows status \(workflow) \(instance.id)"
                )
            }
            let attempts = try AttemptRecord.list(of: instance.key, in: transaction)[step.sequence] ?? []
            let value = step.status == .complete ? try StepRecord.value(step.sequence, in: transaction) : nil
            var body = step.body(attempts: attempts, value: value)
            if let attempt {
                guard let index = attempts.firstIndex(where: { $0.number == attempt }) else {
                    throw FlareError(
                        .instanceNotFound,
                        "step \"\(step.key.label)\" has no attempt \(attempt); it has had \(attempts.count)"
                    )
                }
                body.attempts = body.attempts.map { [$0[index]] }
            }
            return StepStandingBody(step: body, status: step.standing)
        }
    }
}

extension StepRecord {
    /// Where the step stands, in the word of an instance in that state.
    fileprivate var standing: InstanceStatus {
        switch status {
        case .running: .running
        case .waiting: .waiting
        case .complete: .complete
        case .failed: .errored
        }
    }
}
