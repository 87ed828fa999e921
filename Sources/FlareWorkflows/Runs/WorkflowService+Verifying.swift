package import FlareModel
import FlareStore
import FlareWorkers

extension WorkflowService {
    /// The history of a run of an instance as a JSON document; see `HistoryDocument`.
    package func export(
        _ id: String,
        of name: String,
        run: Int? = nil,
        showsSensitive: Bool = false
    ) async throws -> [UInt8] {
        try await store.database.read { transaction in
            let instance = try self.instance(id, of: name, in: transaction)
            let shown = try self.run(run, of: instance, in: transaction)
            return try HistoryDocument.write(shown, showsSensitive: showsSensitive, in: transaction)
        }
    }

    /// Runs a workflow's code against an exported history.
    ///
    /// No step does its work: each gets its recorded result, until the code asks for something that the history does
    /// not have. Throws `invalidData` when the text is no history of this workflow.
    package func verify(_ name: String, history: [UInt8], version: String? = nil) async throws -> VerificationBody {
        let (workflow, code) = try await store.database.read { [hooks] transaction in
            let workflow = try self.workflow(name, in: transaction)
            try Self.requireCode(of: workflow)
            let code = try self.version(version ?? "latest", of: workflow, in: transaction) {
                try hooks.keepsVersion($0.worker, $0.workerVersion, transaction)
            }
            return (workflow, code)
        }
        let facts = try HistoryFacts(history, of: workflow)
        let start = WorkflowStart(
            workflow: workflow.name,
            instance: facts.instance,
            timestamp: facts.created,
            payload: []
        )
        var invocation = start.invocation(
            worker: code.worker,
            version: code.workerVersion,
            className: code.className,
            onCall: { _, reply in
                reply(.failure(JavaScriptError(message: "a verification does no step")))
            }
        )
        var header = invocation.header.objectValue ?? [:]
        header["isVerification"] = .bool(true)
        invocation.header = .object(header)
        invocation.body = history
        let result = try await hooks.invoke(invocation)
        return try Self.body(result.value["verification"] ?? .null, facts, code)
    }

    private static func body(
        _ found: JSONValue,
        _ facts: HistoryFacts,
        _ code: WorkflowVersionRecord
    ) throws -> VerificationBody {
        guard let verified = found["verified"]?.integerValue, let recorded = found["recorded"]?.integerValue else {
            throw FlareError(.internalError, "the Worker's process did not answer the verification")
        }
        let difference = found["difference"].flatMap { $0 == .null ? nil : $0 }
        return VerificationBody(
            instance: facts.instance,
            run: facts.run,
            matches: difference == nil,
            verified: verified,
            recorded: recorded,
            isWhole: found["isWhole"]?.boolValue ?? false,
            versionID: code.workerVersion,
            difference: try difference.map {
                try FlareJSON.decode(VerificationBody.Difference.self, from: $0.jsonBytes)
            }
        )
    }
}

/// What the engine itself reads of an exported history.
private struct HistoryFacts {
    let instance: String
    let run: Int
    let created: Timestamp

    init(_ history: [UInt8], of workflow: WorkflowRecord) throws {
        let document: JSONValue
        do {
            document = try JSONValue(json: history)
        } catch {
            throw Self.invalid("it is not JSON")
        }
        guard document["format"]?.stringValue == HistoryDocument.format else {
            throw Self.invalid("it does not say \"format\": \"\(HistoryDocument.format)\"")
        }
        guard let version = document["version"]?.integerValue, version <= HistoryDocument.version else {
            throw Self.invalid("it was written by a newer flare")
        }
        let steps = document["steps"]?.arrayValue
        guard let instance = document["instance"]?.stringValue, let run = document["run"]?.integerValue,
            let created = (document["created"]?.stringValue).flatMap({ Timestamp($0) }),
            document["status"]?.stringValue != nil, let steps, steps.allSatisfy(Self.isStep),
            document["status"]?.stringValue != "errored" || document["error"]?["message"]?.stringValue != nil
        else { throw Self.invalid("it lacks instance, run, created, status, steps or error, or a step is incomplete") }
        self.instance = instance
        self.run = run
        self.created = created
        let name = document["workflow"]?.stringValue ?? ""
        guard name == workflow.name else {
            throw FlareError(
                .invalidData,
                "the history is of workflow \"\(name)\", not of \"\(workflow.name)\"",
                hint: "flare workflows verify \(name) --history …"
            )
        }
    }

    private static func isStep(_ step: JSONValue) -> Bool {
        step["kind"]?.stringValue != nil && step["name"]?.stringValue != nil && step["count"]?.integerValue != nil
            && step["started"]?.stringValue != nil && step["start_order"]?.integerValue != nil
    }

    private static func invalid(_ why: String) -> FlareError {
        FlareError(
            .invalidData,
            "this is not a history of a workflow: \(why)",
            hint: "write one: flare workflows export NAME ID > history.json"
        )
    }
}
