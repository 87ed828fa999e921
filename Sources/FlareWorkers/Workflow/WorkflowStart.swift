package import FlareModel

/// Everything a runner needs to begin or resume an instance.
package struct WorkflowStart: Sendable {
    package var workflow: String
    package var instance: String
    /// When the instance was created: `event.timestamp`.
    package var timestamp: Timestamp
    /// Tagged JSON of the parameters; empty for `undefined`.
    package var payload: [UInt8]
    /// The finished steps, in the order in which they completed.
    package var journal: [JournalEntry]
    /// Set when the run is to be undone instead of going on.
    package var rollback: RollbackPlan?
    /// `event.schedule` of an instance that a schedule began.
    package var schedule: JSONValue?

    package init(
        workflow: String,
        instance: String,
        timestamp: Timestamp,
        payload: [UInt8],
        journal: [JournalEntry] = [],
        schedule: JSONValue? = nil
    ) {
        self.workflow = workflow
        self.instance = instance
        self.timestamp = timestamp
        self.payload = payload
        self.journal = journal
        self.schedule = schedule
    }

    /// The invocation that runs this life of the instance.
    ///
    /// `StepCall.load` of an entry's index must be answered with that entry's value.
    ///
    /// - Parameter permits: whether the code may begin its first step without asking, and tells by a `StepNote` what it
    ///   did; asked when a process has taken the invocation.
    package func invocation(
        worker: String,
        version: String?,
        className: String,
        permits: (@Sendable () -> Bool)? = nil,
        onCall: @escaping Invocation.CallHandler,
        onLog: (@Sendable (ConsoleLine) -> Void)? = nil
    ) -> Invocation {
        var entries: [JSONValue] = []
        var values: [UInt8] = []
        for entry in journal {
            var inlined: Int?
            if case .done(let value) = entry.outcome, values.count + value.count <= Limits.journalInlineBytesMax {
                values += value
                inlined = value.count
            }
            entries.append(entry.json(valueBytes: inlined))
        }
        let journalText = entries.isEmpty ? [] : JSONValue.array(entries).jsonBytes
        var identity: [String: JSONValue] = [
            "name": .string(workflow), "instance": .string(instance),
            "timestampMs": .integer(timestamp.milliseconds),
        ]
        identity["schedule"] = schedule
        var header: [String: JSONValue] = [
            "workflow": .object(identity),
            "payloadBytes": .integer(Int64(payload.count)),
            "journalBytes": .integer(Int64(journalText.count)),
        ]
        if let rollback { header["rollback"] = rollback.json }
        var invocation = Invocation(
            worker: worker,
            version: version,
            kind: .workflow,
            className: className,
            header: .object(header),
            body: payload + journalText + values,
            tags: ["workflow": workflow, "instance": instance],
            onCall: onCall,
            onLog: onLog
        )
        if let permits {
            invocation.lateHeader = { permits() ? ["permits": .bool(true)] : [:] }
        }
        return invocation
    }
}

/// What a run that rolls back still has to undo.
///
/// Its code is run again from the journal, only to find the handlers.
package struct RollbackPlan: Sendable {
    /// A step to undo, with what its callback was told about itself.
    package struct Step: Sendable {
        package var name: StepCall.StepName
        package var attempt: Int
        package var config: StepConfig

        package init(name: StepCall.StepName, attempt: Int, config: StepConfig) {
            self.name = name
            self.attempt = attempt
            self.config = config
        }
    }

    /// In the order in which they are undone: the step that began last comes first.
    package var steps: [Step]
    /// Why the run is undone.
    package var error: JavaScriptError

    package init(steps: [Step], error: JavaScriptError) {
        self.steps = steps
        self.error = error
    }

    var json: JSONValue {
        let steps: [JSONValue] = steps.map { step in
            .object([
                "name": .string(step.name.name), "n": .integer(Int64(step.name.occurrence)),
                "attempt": .integer(Int64(step.attempt)), "config": step.config.json,
            ])
        }
        return .object(["steps": .array(steps), "error": error.json])
    }

    /// The step whose handler the code did not offer again, by the result of the run; nil when each was found.
    package static func missing(of result: InvocationResult) -> String? {
        result.value["missing"]?.stringValue
    }
}

/// Something about a finished run that its author should know.
package struct WorkflowNote: Sendable, Hashable {
    /// `steps_not_awaited` or `non_deterministic`.
    package var code: String
    package var message: String

    package init(code: String, message: String) {
        self.code = code
        self.message = message
    }

    /// The notes of a workflow's result.
    package static func notes(of result: InvocationResult) -> [WorkflowNote] {
        (result.value["notes"]?.arrayValue ?? []).map {
            WorkflowNote(code: $0["code"]?.stringValue ?? "note", message: $0["message"]?.stringValue ?? "")
        }
    }
}
