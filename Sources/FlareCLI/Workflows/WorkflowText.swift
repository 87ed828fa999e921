import FlareModel

/// Instances and their steps as text for people.
enum WorkflowText {
    /// What `run` and `wait` say of an instance: `complete`, and the output or the error below it.
    static func outcome(_ instance: InstanceDetailBody) -> String {
        let span = instance.start.flatMap { start in instance.end.map { duration($0 - start) } }
        let after = span.map { " after \($0)" } ?? ""
        var lines = ["\(instance.workflowName) \(instance.id)  \(instance.status.rawValue)\(after)"]
        if let error = instance.error { lines.append("error: \(text(error))") }
        if let output = instance.output, output != .null { lines.append("output: \(json(output, limit: nil))") }
        return lines.joined(separator: "\n")
    }

    /// The instance and its steps, as the layout cuts them.
    static func detail(_ instance: InstanceDetailBody, _ layout: InstanceLayout) -> String {
        var facts: [(String, String)] = [
            ("workflow", instance.workflowName), ("instance", instance.id),
            ("status", layout.ink.paint(instance.status.rawValue, tone(instance.status))),
            ("trigger", instance.trigger.source), ("queued", instance.queued.text),
        ]
        if instance.run > 1 { facts.append(("run", "\(instance.run)")) }
        if let start = instance.start {
            facts.append(("started", start.text))
            facts.append(("duration", duration(from: start, to: instance.end, now: layout.now)))
        }
        if let resumes = instance.resumesAt {
            facts.append(("resumes", "\(resumes.text), \(layout.left(until: resumes))"))
        }
        let limit = layout.valueLimit
        facts.append(("params", json(instance.params, limit: limit)))
        if let output = instance.output { facts.append(("output", json(output, limit: limit))) }
        if let error = instance.error { facts.append(("error", text(error))) }
        for warning in instance.warnings { facts.append(("warning", warning)) }
        let steps = StepTable(instance.steps, layout, ended: instance.end).text
        return Table.labelled(facts) + (steps.isEmpty ? "" : "\n\n" + steps)
    }

    private static func tone(_ status: InstanceStatus) -> Ink.Tone {
        switch status {
        case .complete: .good
        case .errored, .terminated: .bad
        case .running, .rollingBack: .busy
        case .queued, .waiting, .waitingForPause, .paused: .quiet
        }
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

    /// The time from one moment to another; without an end, the time so far.
    static func duration(from start: Timestamp, to end: Timestamp?, now: Timestamp? = nil) -> String {
        guard let end else { return now.map { "\(duration($0 - start)) so far" } ?? "so far" }
        return duration(end - start)
    }

    /// `850 ms`, `12.3 s`, `4 min 5 s`, `2 h 10 min`, `3 d 4 h`.
    static func duration(_ duration: Duration) -> String {
        let milliseconds = max(0, duration.milliseconds)
        switch milliseconds {
        case ..<1_000: return "\(milliseconds) ms"
        case ..<60_000: return "\(milliseconds / 1_000).\(milliseconds % 1_000 / 100) s"
        case ..<3_600_000: return "\(milliseconds / 60_000) min \(milliseconds % 60_000 / 1_000) s"
        case ..<86_400_000: return "\(milliseconds / 3_600_000) h \(milliseconds % 3_600_000 / 60_000) min"
        default: return "\(milliseconds / 86_400_000) d \(milliseconds % 86_400_000 / 3_600_000) h"
        }
    }

    static func json(_ value: JSONValue, limit: Int?) -> String {
        cut(String(decoding: value.jsonBytes, as: UTF8.self), limit)
    }

    static func cut(_ text: String, _ limit: Int?) -> String {
        guard let limit, text.count > limit else { return text }
        return text.prefix(max(0, limit - 1)) + "…"
    }
}
