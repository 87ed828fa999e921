import FlareModel
import FlareWorkers
import FlareWorkflows

/// Instances of a workflow, in the shapes of Cloudflare's API.
///
/// `latest` stands for the newest one.
struct InstancesRoutes {
    let workflows: WorkflowService

    private static let base = WorkflowsRoutes.base + "/:workflow/instances"

    func register(on routes: APIRoutes) {
        registerReading(on: routes)
        registerCreating(on: routes)
        registerChanging(on: routes)
    }

    private func registerReading(on routes: APIRoutes) {
        routes.get(Self.base) { request in
            let name = try request.parameter("workflow")
            let (page, asked) = try request.page()
            let perPage = min(asked, Limits.workflowInstancesPageMax)
            guard let filter = try Self.filter(request, page: page, perPage: perPage) else {
                let info = ResultInfo(page: page, perPage: perPage, count: 0, totalCount: 0)
                return .result([InstanceBody](), info: info)
            }
            let found = try await workflows.instances(of: name, filter)
            let info = ResultInfo(
                page: page,
                perPage: perPage,
                count: found.page.count,
                totalCount: found.total,
                totalPages: found.total.map { ($0 + perPage - 1) / perPage },
                cursor: found.cursor.map { "\($0)" },
                // Absent, as in Cloudflare's answers, when the count is exact.
                isTruncated: found.isLowerBound ? true : nil
            )
            return .result(found.page, info: info)
        }
        routes.get(Self.base + "/:instance") { request in
            var detail = try await workflows.detail(
                request.parameter("instance"),
                of: request.parameter("workflow"),
                run: request.integerQuery("run", in: 1...Int.max)
            )
            if request.query("order") == "desc" { detail.steps.reverse() }
            if request.query("simple") == "true" { detail.steps = [] }
            return .result(detail)
        }
    }

    private func registerCreating(on routes: APIRoutes) {
        routes.post(Self.base) { request in
            let body = try await request.json(InstanceCreateBody.self)
            let instance = try await workflows.create(body.instance(), of: request.parameter("workflow"))
            return .result(instance)
        }
        routes.post(Self.base + "/batch") { request in
            let instances = try await request.json([InstanceCreateBody].self).map { try $0.instance() }
            return .result(try await workflows.createBatch(instances, of: request.parameter("workflow")))
        }
    }

    private func registerChanging(on routes: APIRoutes) {
        routes.patch(Self.base + "/:instance/status") { request in
            .result(try await change(request))
        }
        routes.post(Self.base + "/batch/delete") { request in
            let ids = try await request.json(InstancesDeletionBody.self).instances
            return .result(try await workflows.deleteInstances(ids, of: request.parameter("workflow")))
        }
        routes.put(Self.base + "/terminate") { request in
            let status = try request.query("status").map(Self.unfinished)
            let count = try await workflows.terminateAll(of: request.parameter("workflow"), status)
            return .result(InstancesTerminatedBody(terminated: count))
        }
        routes.post(Self.base + "/:instance/events/:type") { request in
            let bytes = try await request.bytes(max: Limits.workflowValueBytesMax)
            let event = try await workflows.sendEvent(
                request.parameter("type"),
                payload: bytes.isEmpty ? [] : try TaggedJSON.escape(json: bytes),
                to: request.parameter("instance"),
                of: request.parameter("workflow")
            )
            return .result(event)
        }
    }

    private func change(_ request: APIRequest) async throws -> InstanceStatusChangeBody {
        let change = try await request.json(InstanceStatusChangeBody.self)
        let (name, id) = (try request.parameter("workflow"), try request.parameter("instance"))
        guard change.rollback != true || change.status == "terminate" else {
            throw FlareError(
                .invalidArgument,
                "an instance is not rolled back by \"\(change.status)\"",
                hint: "only \"terminate\" takes rollback"
            )
        }
        switch change.status {
        case "pause":
            let now = try await workflows.pause(id, of: name)
            return InstanceStatusChangeBody(status: now.status.rawValue, timestamp: now.time)
        case "resume":
            let now = try await workflows.resume(id, of: name)
            return InstanceStatusChangeBody(status: now.status.rawValue, timestamp: now.time)
        case "terminate":
            let now = try await workflows.terminate(id, of: name, rollback: change.rollback ?? false)
            return InstanceStatusChangeBody(status: now.status.rawValue, timestamp: now.time)
        case "restart":
            let step = try change.from.map { try StepReference($0) }
            let time = try await workflows.restart(id, of: name, from: step)
            return InstanceStatusChangeBody(status: InstanceStatus.queued.rawValue, timestamp: time)
        default:
            throw FlareError(
                .invalidArgument,
                "an instance cannot be changed by \"\(change.status)\"",
                hint: "the status to ask for is one of pause, resume, restart, terminate"
            )
        }
    }

    private static func unfinished(_ text: String) throws -> InstanceStatus {
        if let status = InstanceStatus(rawValue: text), !status.isFinal { return status }
        let names = InstanceStatus.allCases.filter { !$0.isFinal }.map(\.rawValue).joined(separator: ", ")
        throw FlareError(
            .invalidArgument,
            "\"\(text)\" is no status of an unfinished instance",
            hint: "one of \(names)"
        )
    }

    /// What the query asks for; nil when it asks for a status that no instance of flare ever has.
    private static func filter(_ request: APIRequest, page: Int, perPage: Int) throws -> InstanceFilter? {
        var filter = InstanceFilter()
        filter.limit = perPage
        if let status = request.query("status") {
            guard let known = InstanceStatus(rawValue: status) else {
                if status == "unknown" { return nil }
                let names = InstanceStatus.allCases.map(\.rawValue).joined(separator: ", ")
                throw FlareError(.invalidArgument, "\"\(status)\" is not a status", hint: "use one of \(names)")
            }
            filter.status = known
        }
        if let text = request.query("where") { filter.conditions = try InstanceConditions(parsing: text) }
        filter.ascending = request.query("direction") == "asc"
        filter.createdFrom = try time(request, "date_start")
        filter.createdTo = try time(request, "date_end")
        if let cursor = request.query("cursor"), !cursor.isEmpty {
            guard let sequence = Int64(cursor) else {
                throw FlareError(.invalidArgument, "\"\(cursor)\" is not a cursor")
            }
            filter.cursor = sequence
        } else {
            filter.offset = (page - 1) * perPage
        }
        return filter
    }

    private static func time(_ request: APIRequest, _ name: String) throws -> Timestamp? {
        guard let text = request.query(name) else { return nil }
        guard let time = Timestamp(text) else {
            throw FlareError(.invalidArgument, "the query parameter \"\(name)\" takes an RFC 3339 time")
        }
        return time
    }
}

extension InstanceCreateBody {
    /// The instance to create.
    ///
    /// Text that is JSON stands for the value that it holds: one official client sends parameters as a value, the other
    /// as text.
    fileprivate func instance() throws -> NewInstance {
        var tagged: [UInt8] = []
        switch params {
        case nil, .null: break
        case .string(let text):
            let bytes = Array(text.utf8)
            tagged = (try? TaggedJSON.escape(json: bytes)) ?? JSONValue.string(text).jsonBytes
        case let value?: tagged = try TaggedJSON.escape(json: value.jsonBytes)
        }
        let retention = try InstanceRetention(
            json: retention,
            success: "success_retention",
            error: "error_retention"
        )
        return NewInstance(id: instanceID, params: tagged, trigger: .api, retention: retention)
    }
}
