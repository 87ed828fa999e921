import FlareModel

/// An event of a Worker, for people: what was called and how it ended, then its console lines and errors.
enum TraceText {
    static func of(_ event: TraceBody) -> String {
        let time = Timestamp(milliseconds: event.eventTimestamp).text
        let entrypoint = event.entrypoint.map { ".\($0)" } ?? ""
        let head =
            "\(time)  \(event.scriptName)\(entrypoint)  \(what(event)) - \(outcome(event)) (\(event.wallTimeMs) ms)"
        let logs = event.logs.map { indented("(\($0.level)) \($0.message.joined(separator: " "))") }
        let cut = event.truncated ? [indented("(not all console lines are here)")] : []
        let exceptions = event.exceptions.map { indented(text(of: $0)) }
        return ([head] + logs + cut + exceptions).joined(separator: "\n")
    }

    private static func what(_ event: TraceBody) -> String {
        func text(_ key: String) -> String { event.event[key]?.stringValue ?? "?" }
        func count(_ noun: String) -> String {
            let count = event.event["batchSize"]?.integerValue ?? 0
            return "\(count) \(noun)\(count == 1 ? "" : "s")"
        }
        switch event.kind {
        case "fetch":
            let request = event.event["request"]
            return "\(request?["method"]?.stringValue ?? "?") \(request?["url"]?.stringValue ?? "?")"
        case "rpc": return "\(text("rpcMethod"))()"
        case "queue": return "queue \(text("queue")), \(count("message"))"
        case "scheduled": return "schedule \"\(text("cron"))\""
        case "pipeline": return "pipeline \(text("pipeline")), \(count("record"))"
        case "workflow": return "workflow \(text("workflowName")) \(text("instanceId"))"
        default: return event.kind
        }
    }

    private static func outcome(_ event: TraceBody) -> String {
        switch event.outcome {
        case "ok": "Ok" + (event.event["response"]?["status"]?.integerValue.map { " \($0)" } ?? "")
        case "exception": "Error"
        case "exceededCpu": "Exceeded time limit"
        case "exceededMemory": "Exceeded memory limit"
        case "canceled": "Canceled"
        default: "Lost"
        }
    }

    private static func text(of exception: TraceBody.Exception) -> String {
        let line = "\(exception.name): \(exception.message)"
        guard let stack = exception.stack, !stack.isEmpty else { return line }
        return stack.hasPrefix(exception.name) ? stack : "\(line)\n\(stack)"
    }

    private static func indented(_ text: String) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false).map { "  \($0)" }.joined(separator: "\n")
    }
}
