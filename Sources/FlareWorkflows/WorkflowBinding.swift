package import FlareModel
import FlareStore
import FlareWorkers

/// A workflow in a Worker's `env`.
///
/// Values travel as tagged JSON in raw bodies, never inside the JSON of the call; no bytes stand for `undefined`:
/// - `create`: arguments `{"id"?, "retention"?}`, body the parameters. Answers `{"id"}`; an id in use is an error.
/// - `createBatch`: arguments `{"instances": [{"id"?, "retention"?, "bytes": n}], "report"?}`, body the parameters of
///   all, `n` bytes each. Answers `{"instances": [{"id"}]}`; ids in use are left out, or with `report` are in
///   `"errors": [{"index", "id", "code", "message"}]`.
/// - `deleteBatch`: `{"ids"}`. Answers `{"deleted": [{"id"}], "errors": [{"id", "code", "message"}]}`.
/// - `get`: `{"id"}`. Answers `{"id"}`; throws `instance.not_found`.
/// - `status`: `{"id"}`. Answers `{"status", "error"?: {"name", "message"}, "output": true|false}`; when `output` is
///   true the body is what `run` returned.
/// - `pause`, `resume`, `delete`: `{"id"}`. Answer `{}`.
/// - `terminate`: `{"id", "rollback"?}`. Answers `{}`; throws `instance.cannot_terminate` when it has ended.
/// - `restart`: `{"id", "from"?: {"name", "count"?, "type"?}}`. Answers `{}`; throws `instance.cannot_restart` when
///   there is no such step.
/// - `sendEvent`: `{"id", "type"}`, body the payload. Answers `{}`.
/// - `events`: `{"id", "cursor"?, "filter"?: [type], "waits"?}`. Answers `{"cursor", "isOver"}`, body a JSON array of
///   events; with `waits` it is held until there is one, but not for long.
package struct WorkflowBinding: Binding {
    private let service: WorkflowService
    private let workflow: String

    /// A binding to the workflow with this name or id.
    ///
    /// The workflow is looked up at each call.
    package init(service: WorkflowService, workflow: String) {
        self.service = service
        self.workflow = workflow
    }

    package func call(_ method: String, arguments: JSONValue, body: [UInt8]) async throws -> BindingReply {
        switch method {
        case "create":
            let new = NewInstance(
                id: arguments["id"]?.stringValue,
                params: body,
                trigger: .binding,
                retention: try retention(arguments)
            )
            return reply(try await service.create(new, of: workflow).id)
        case "createBatch":
            return try await createBatch(arguments, body)
        case "deleteBatch":
            let ids = (arguments["ids"]?.arrayValue ?? []).compactMap(\.stringValue)
            let result = try await service.deleteInstances(ids, of: workflow)
            return BindingReply(value: try JSONValue(json: FlareJSON.encode(result)))
        case "get":
            return reply(try await found(arguments).id)
        case "status":
            return try await status(arguments)
        case "pause", "resume", "restart", "terminate", "delete", "sendEvent":
            try await change(method, arguments, body)
            return BindingReply(value: .object([:]))
        case "events":
            return try await events(arguments)
        default:
            throw FlareError(
                .invalidArgument,
                "a workflow has no method \"\(method)\" yet",
                hint: "create, createBatch, deleteBatch, get, status, pause, resume, restart, terminate, delete, "
                    + "sendEvent, subscribe"
            )
        }
    }

    private func change(_ method: String, _ arguments: JSONValue, _ body: [UInt8]) async throws {
        let id = try id(arguments)
        switch method {
        case "pause": _ = try await service.pause(id, of: workflow)
        case "resume": _ = try await service.resume(id, of: workflow)
        case "terminate":
            let rollback = arguments["rollback"]?.boolValue ?? false
            _ = try await service.terminate(id, of: workflow, rollback: rollback)
        case "restart":
            let step = try (arguments["from"]).map {
                try StepReference(FlareJSON.decode(StepReferenceBody.self, from: $0.jsonBytes))
            }
            _ = try await service.restart(id, of: workflow, from: step)
        case "delete":
            let result = try await service.deleteInstances([id], of: workflow)
            if let error = result.errors.first {
                let isUnknown = error.code == FlareError.Code.instanceNotFound.apiCode
                throw FlareError(
                    isUnknown ? .instanceNotFound : .inUse,
                    (isUnknown ? "(instance.not_found) " : "(instance.cannot_delete) ") + error.message
                )
            }
        default:
            guard let type = arguments["type"]?.stringValue else {
                throw FlareError(.invalidArgument, "sendEvent needs the type of the event")
            }
            _ = try await service.sendEvent(type, payload: body, to: id, of: workflow)
        }
    }

    private func createBatch(_ arguments: JSONValue, _ body: [UInt8]) async throws -> BindingReply {
        var rest = body[...]
        let instances = try (arguments["instances"]?.arrayValue ?? []).map { entry in
            let count = entry["bytes"]?.integerValue ?? 0
            guard (0...rest.count).contains(count) else {
                throw FlareError(.invalidData, "the lengths of a batch do not fit its \(body.count) bytes")
            }
            defer { rest = rest.dropFirst(count) }
            return NewInstance(
                id: entry["id"]?.stringValue,
                params: Array(rest.prefix(count)),
                trigger: .binding,
                retention: try retention(entry)
            )
        }
        func answer(_ created: [InstanceBody], _ errors: [JSONValue]?) -> BindingReply {
            var members: [String: JSONValue] = ["instances": .array(created.map { .object(["id": .string($0.id)]) })]
            if let errors { members["errors"] = .array(errors) }
            return BindingReply(value: .object(members))
        }
        guard arguments["report"]?.boolValue == true else {
            return answer(try await service.createBatch(instances, of: workflow), nil)
        }
        let report = try await service.createReported(instances, of: workflow)
        return answer(report.created, try report.errors.map { try JSONValue(json: FlareJSON.encode($0)) })
    }

    private func retention(_ arguments: JSONValue) throws -> InstanceRetention? {
        try InstanceRetention(
            json: arguments["retention"],
            success: "successRetention",
            error: "errorRetention"
        )
    }

    private func status(_ arguments: JSONValue) async throws -> BindingReply {
        let (instance, result) = try await service.store.database.read { [service, workflow] transaction in
            let instance = try service.instance(try id(arguments), of: workflow, in: transaction)
            return (instance, try RunRecord.result(instance.key, in: transaction))
        }
        var members: [String: JSONValue] = [
            "status": .string(instance.status.rawValue), "output": .bool(result.output != nil),
        ]
        if let error = result.error {
            members["error"] = .object(["name": .string(error.name), "message": .string(error.message)])
        }
        return BindingReply(value: .object(members), body: result.output ?? [])
    }

    private func events(_ arguments: JSONValue) async throws -> BindingReply {
        let id = try await found(arguments).id
        let cursor = arguments["cursor"]?.integerValue ?? 0
        guard cursor >= 0 else {
            throw FlareError(.invalidArgument, "\(cursor) is not a cursor: use the eventId of an event")
        }
        let waits = arguments["waits"]?.boolValue ?? false
        let page = try await service.nextEvents(
            of: id,
            workflow,
            after: Int64(cursor),
            types: Set((arguments["filter"]?.arrayValue ?? []).compactMap(\.stringValue)),
            until: service.now + .seconds(waits ? Limits.workflowEventWaitSeconds : 0)
        )
        let value: JSONValue = .object(["cursor": .integer(page.cursor), "isOver": .bool(page.isOver)])
        return BindingReply(value: value, body: JSONValue.array(page.events).jsonBytes)
    }

    private func found(_ arguments: JSONValue) async throws -> InstanceRecord {
        let id = try id(arguments)
        do {
            return try await service.store.database.read { [service, workflow] in
                try service.instance(id, of: workflow, in: $0)
            }
        } catch let error as FlareError where error.code == .instanceNotFound {
            throw FlareError(.instanceNotFound, "(instance.not_found) \(error.message)", hint: error.hint)
        }
    }

    private func id(_ arguments: JSONValue) throws -> String {
        guard let id = arguments["id"]?.stringValue else {
            throw FlareError(.invalidArgument, "the call needs the id of an instance")
        }
        return id
    }

    private func reply(_ id: String) -> BindingReply {
        BindingReply(value: .object(["id": .string(id)]))
    }
}
