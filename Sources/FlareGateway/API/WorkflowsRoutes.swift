import FlareModel
import FlareStore
import FlareWorkers
import FlareWorkflows

/// Workflows and their versions, in the shapes of Cloudflare's API.
///
/// A workflow is named by its name or its id.
struct WorkflowsRoutes {
    let workflows: WorkflowService
    let workers: WorkerService
    let database: Database

    static let base = "/client/v4/accounts/:account/workflows"

    func register(on routes: APIRoutes) {
        registerWorkflows(on: routes)
        InstancesRoutes(workflows: workflows).register(on: routes)
        InstanceCommandRoutes(workflows: workflows).register(on: routes)
        InstanceEventsRoutes(workflows: workflows).register(on: routes)
        WorkflowMetricsRoutes(workflows: workflows).register(on: routes)
        ReplayRoutes(workflows: workflows).register(on: routes)
        ShellRunRoutes(workflows: workflows).register(on: routes)
    }

    private func registerWorkflows(on routes: APIRoutes) {
        let one = Self.base + "/:workflow"
        routes.get(Self.base) { request in
            let (page, perPage) = try request.page()
            let (result, total) = try await workflows.list(
                search: request.query("search") ?? "",
                limit: perPage,
                offset: (page - 1) * perPage
            )
            let info = ResultInfo(
                page: page,
                perPage: perPage,
                count: result.count,
                totalCount: total,
                totalPages: (total + perPage - 1) / perPage
            )
            return .result(result, info: info)
        }
        routes.get(one) { request in
            .result(try await workflows.get(request.parameter("workflow")))
        }
        routes.put(one) { try await define($0) }
        routes.delete(one) { request in
            try await workflows.delete(request.parameter("workflow"))
            return .result(WorkflowDeletedBody())
        }
        routes.get(one + "/versions") { request in
            let (page, perPage) = try request.page()
            let name = try request.parameter("workflow")
            let versions = try await workflows.versions(of: name, limit: perPage, offset: (page - 1) * perPage)
            return .result(versions, info: ResultInfo(page: page, perPage: perPage, count: versions.count))
        }
        routes.get(one + "/versions/:version") { request in
            let id = try request.parameter("version")
            return .result(try await workflows.version(id, of: request.parameter("workflow")))
        }
        routes.get(one + "/versions/:version/graph") { request in
            let id = try request.parameter("version")
            return .result(WorkflowGraphBody(try await workflows.version(id, of: request.parameter("workflow"))))
        }
    }

    private func define(_ request: APIRequest) async throws -> APIReply {
        let body = try await request.json(WorkflowDefinitionBody.self)
        let name = try request.parameter("workflow")
        let settings = try body.settings()
        try await database.write { transaction in
            let version = try workers.currentVersion(of: body.scriptName, in: transaction)
            let className = try workers.exportName(
                ofWorkflow: name,
                className: body.className,
                worker: body.scriptName,
                in: transaction
            )
            try workflows.define(
                name,
                worker: body.scriptName,
                workerVersion: version,
                className: className,
                settings: settings,
                in: transaction
            )
            guard let schedules = body.schedules else { return }
            try workflows.setSchedules(
                schedules.map(\.cron),
                of: .workflow(name),
                replacingAll: true,
                in: transaction
            )
        }
        return .result(WorkflowDefinedBody(try await workflows.get(name)))
    }
}

extension WorkflowDefinitionBody {
    fileprivate func settings() throws -> WorkflowSettings {
        let retention = try InstanceRetention(
            json: retention,
            success: "success_retention",
            error: "error_retention"
        )
        let range = 1...Limits.workflowStepsConfiguredMax
        switch limits?["steps"] {
        case nil, .null: return WorkflowSettings(retention: retention)
        case .integer(let steps) where range.contains(Int(steps)):
            return WorkflowSettings(steps: Int(steps), retention: retention)
        case let other?:
            let given = String(decoding: other.jsonBytes, as: UTF8.self)
            throw FlareError(.invalidArgument, "limits.steps is \(given); it must be 1 to \(range.upperBound)")
        }
    }
}
