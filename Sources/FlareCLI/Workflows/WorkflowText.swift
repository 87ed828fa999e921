import FlareModel

/// Instances and their steps as text for people.
enum WorkflowText {
    /// What `run` and `wait` say of an instance: `complete`, and the output or the error below it.
    static func outcome(_ instance: InstanceDetailBody) -> String {
        let after = instance.start.map { " after \(duration(from: $0, to: instance.end))" } ?? ""
        var lines = ["\(instance.workflowName) \(instance.id)  \(instance.status.rawValue)\(after)"]
        if let error = instance.error { lines.append("error: \(text(error))") }
        if let output = instance.output, output != .null { lines.append("output: \(json(output, limit: nil))") }
        return lines.joined(separator: "\n")
    }

    /// The instance and all its steps.
    ///
    /// Values longer than `limit` characters are cut.
    static func detail(_ instance: InstanceDetailBody, limit: Int?) -> String {
        var facts: [(String, String)] = [
            ("workflow", instance.workflowName), ("instance", instance.id), ("status", instance.status.rawValue),
            ("trigger", instance.trigger.source), ("queued", instance.queued.text),
        ]
        if let start = instance.start {
            facts.append(("started", start.text))
            facts.append(("duration", duration(from: start, to: instance.end)))
        }
        if let resumes = instance.resumesAt { facts.append(("resumes", resumes.text)) }
        facts.append(("params", json(instance.params, limit: limit)))
        if let output = instance.output { facts.append(("output", json(output, limit: limit))) }
        if let error = instance.error { facts.append(("error", text(error))) }
        for warning in instance.warnings { facts.append(("warning", warning)) }
        var result = Table.labelled(facts)
        if !instance.steps.isEmpty {
            let rows = instance.steps.map { row($0, limit: limit) }
            result += "\n\n" + Table.text(["STEP", "TYPE", "STATE", "ATTEMPTS", "DURATION", "RESULT"], rows)
        }
        return result
    }

    private static func row(_ step: StepBody, limit: Int?) -> [String] {
        let last = step.attempts?.last
        let failure = step.error ?? (step.success == nil ? last?.error : nil)
        let result = failure.map(text) ?? step.output.map { json($0, limit: limit) } ?? ""
        return [
            step.name ?? "", step.type, state(step), step.attempts.map { "\($0.count)" } ?? "",
            step.start.map { duration(from: $0, to: step.end) } ?? "", cut(result, limit),
        ]
    }

    private static func state(_ step: StepBody) -> String {
        if step.type == "termination" { return "" }
        if step.error != nil { return "failed" }
        if step.success == true || step.finished == true { return "complete" }
        if let due = step.dueAt { return "until \(due.text)" }
        return "running"
    }

    /// One line of a log.
    static func line(_ line: InstanceLogBody) -> String {
        let step = line.step.map { "  \($0)" } ?? ""
        let attempt = line.attempt.map { " #\($0)" } ?? ""
        let message = line.message.map { "  \($0)" } ?? ""
        let error = line.error.map { "  \(text($0))" } ?? ""
        let due = line.dueAt.map { "  until \($0.text)" } ?? ""
        let type = line.type == "console" ? line.level ?? "log" : line.type
        return "\(line.timestamp.text)  \(type)\(step)\(attempt)\(message)\(error)\(due)"
    }

    static func text(_ error: StepErrorBody) -> String {
        error.message.isEmpty ? error.name : "\(error.name): \(error.message)"
    }

    /// `850 ms`, `12.3 s`, `4 min 5 s`, `2 h 10 min`; `so far` without an end.
    static func duration(from start: Timestamp, to end: Timestamp?) -> String {
        guard let end else { return "so far" }
        let milliseconds = max(0, (end - start).milliseconds)
        switch milliseconds {
        case ..<1_000: return "\(milliseconds) ms"
        case ..<60_000: return "\(milliseconds / 1_000).\(milliseconds % 1_000 / 100) s"
        case ..<3_600_000: return "\(milliseconds / 60_000) min \(milliseconds % 60_000 / 1_000) s"
        default: return "\(milliseconds / 3_600_000) h \(milliseconds % 3_600_000 / 60_000) min"
        }
    }

    private static func json(_ value: JSONValue, limit: Int?) -> String {
        cut(String(decoding: value.jsonBytes, as: UTF8.self), limit)
    }

    private static func cut(_ text: String, _ limit: Int?) -> String {
        guard let limit, text.count > limit else { return text }
        return text.prefix(limit) + "…"
    }
}
