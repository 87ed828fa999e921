import FlareModel

/// Makes the event of an invocation that has ended.
struct InvocationTrace {
    let invocation: Invocation
    let version: String
    let begin: Timestamp
    let end: Timestamp

    /// - Parameter lines: nil when nobody followed as it began.
    func body(_ outcome: Result<InvocationResult, any Error>, lines: TraceLines?, took: Duration) -> TraceBody {
        let logs = lines?.all ?? (lines: [], isCut: true)
        let (name, exceptions) = end(outcome)
        return TraceBody(
            outcome: name,
            scriptName: invocation.worker,
            version: version,
            entrypoint: invocation.className == "default" ? nil : invocation.className,
            kind: invocation.kind.rawValue,
            event: event(outcome),
            logs: logs.lines,
            exceptions: exceptions,
            eventTimestamp: begin.milliseconds,
            wallTimeMs: took / .milliseconds(1) >= 0 ? Int64(took / .milliseconds(1)) : 0,
            invocationId: Identifier.uuid(),
            instanceId: invocation.tags["instance"],
            truncated: logs.isCut
        )
    }

    private func end(_ outcome: Result<InvocationResult, any Error>) -> (String, [TraceBody.Exception]) {
        switch outcome {
        case .success(let result):
            // A queue handler that throws has verdicts for its messages all the same.
            guard let failure = result.failure else { return ("ok", []) }
            return ("exception", [exception(failure)])
        case .failure(is CancellationError):
            return ("canceled", [])
        case .failure(let error as FlareError):
            let thrown = error.cause as? JavaScriptError ?? JavaScriptError(message: error.message)
            return (Self.name(of: error), [exception(thrown)])
        case .failure(let error):
            return ("unknown", [exception(JavaScriptError(message: "\(error)"))])
        }
    }

    private static func name(of error: FlareError) -> String {
        switch error.code {
        case .deadlineExceeded: "exceededCpu"
        // The process ended, so that nobody knows.
        case .engineUnavailable: "unknown"
        default: "exception"
        }
    }

    private func exception(_ error: JavaScriptError) -> TraceBody.Exception {
        TraceBody.Exception(
            name: error.name,
            message: error.message,
            stack: error.stack,
            timestamp: end.milliseconds
        )
    }

    /// What it was called with, in Cloudflare's shape where it has one for this kind.
    private func event(_ outcome: Result<InvocationResult, any Error>) -> JSONValue {
        let header = invocation.header
        let count = { (key: String) in JSONValue.integer(Int64(header[key]?.integerValue ?? 0)) }
        switch invocation.kind.rawValue {
        case "fetch":
            return fetchEvent(header, outcome)
        case "rpc":
            return .object(["rpcMethod": header["method"] ?? .null])
        case "queue":
            let messages = Int64(header["messages"]?.arrayValue?.count ?? 0)
            return .object(["queue": header["queue"] ?? .null, "batchSize": .integer(messages)])
        case "scheduled":
            return .object(["cron": header["cron"] ?? .null, "scheduledTime": header["scheduledTime"] ?? .null])
        case "pipeline":
            return .object(["pipeline": header["pipeline"]?["name"] ?? .null, "batchSize": count("records")])
        case "workflow":
            let workflow = header["workflow"]
            return .object([
                "workflowName": workflow?["name"] ?? .null, "instanceId": workflow?["instance"] ?? .null,
            ])
        default:
            return .null
        }
    }

    private func fetchEvent(_ header: JSONValue, _ outcome: Result<InvocationResult, any Error>) -> JSONValue {
        var headers: [String: JSONValue] = [:]
        for pair in header["headers"]?.arrayValue ?? [] {
            guard let fields = pair.arrayValue, fields.count == 2, let name = fields[0].stringValue else { continue }
            headers[name.lowercased()] = Self.isSensitive(name.lowercased()) ? .string("REDACTED") : fields[1]
        }
        let request: JSONValue = .object([
            "url": header["url"] ?? .null, "method": header["method"] ?? .null, "headers": .object(headers),
            "cf": .object([:]),
        ])
        guard case .success(let result) = outcome, let status = result.value["status"] else {
            return .object(["request": request])
        }
        return .object(["request": request, "response": .object(["status": status])])
    }

    /// Headers that carry credentials: those of which Cloudflare's own events have no values.
    private static func isSensitive(_ name: String) -> Bool {
        name.contains("cookie") || ["auth", "key", "secret", "token", "jwt"].contains { name.contains($0) }
    }
}
