import FlareModel
import FlareWorkers

/// Workers as Cloudflare's API reads and deletes them, and makes one of their versions current.
struct WorkerScriptsRoutes {
    let workers: WorkerService

    private static let base = "/client/v4/accounts/:account/workers"
    static let scripts = base + "/scripts"

    func register(on routes: APIRoutes) {
        let script = Self.scripts + "/:name"
        routes.get(Self.scripts) { _ in .result(try await workers.list().map(ScriptBody.init)) }
        routes.get(Self.base + "/scripts-search") { try await search($0) }
        routes.get(Self.base + "/services/:name") { request in
            do {
                return .result(ServiceBody(try await workers.get(request.parameter("name"))))
            } catch let error as FlareError where error.code == .workerNotFound {
                throw error.numbered(10090)
            }
        }
        for path in [script, Self.base + "/services/:name"] {
            routes.delete(path) { request in
                try await workers.delete(request.parameter("name"))
                return .empty()
            }
        }
        routes.get(script + "/references") { request in
            .result(try await workers.references(of: request.parameter("name")))
        }
        // No Worker consumes the tails of others.
        routes.get(Self.base + "/tails/by-consumer/:name") { _ in .result([EmptyResult]()) }
        registerVersions(on: routes)
        registerSettings(on: routes)
    }

    private func registerVersions(on routes: APIRoutes) {
        let script = Self.scripts + "/:name"
        routes.get(script + "/versions") { request in
            let (page, perPage) = try request.page()
            let worker = try await workers.get(request.parameter("name"))
            let body = ScriptVersionsBody(worker, page: page, perPage: perPage)
            let total = worker.versions.count
            let info = ResultInfo(page: page, perPage: perPage, count: body.items.count, totalCount: total)
            return .result(body, info: info)
        }
        routes.get(script + "/versions/:version") { request in
            .result(try await workers.scriptVersion(request.parameter("version"), of: request.parameter("name")))
        }
        routes.get(script + "/deployments") { request in
            .result(ScriptDeploymentsBody(try await workers.get(request.parameter("name"))))
        }
        routes.post(script + "/deployments") { request in
            let version = try (await request.json(CreateDeploymentBody.self)).version()
            let name = try request.parameter("name")
            if try await workers.get(name).version != version { _ = try await workers.rollback(name, to: version) }
            return .result(ScriptDeploymentsBody(try await workers.get(name)).deployments[0])
        }
        routes.get(script + "/deployments/:deployment") { .result(try await deployment($0)) }
        routes.delete(script + "/deployments/:deployment") { request in
            let found = try await deployment(request)
            throw FlareError(
                .inUse,
                "the deployment \(found.id) is the current one, which cannot be deleted",
                hint: "make another version current first, or delete the Worker"
            )
        }
    }

    private func registerSettings(on routes: APIRoutes) {
        let script = Self.scripts + "/:name"
        routes.get(script + "/settings") { request in
            .result(ScriptSettingsBody(try await workers.scriptVersion(of: request.parameter("name"))))
        }
        routes.get(script + "/script-settings") { request in
            _ = try await workers.get(request.parameter("name"))
            return .result(ScriptWideSettingsBody())
        }
        routes.patch(script + "/script-settings") { request in
            _ = try await workers.get(request.parameter("name"))
            let body = try await request.json(JSONValue.self)
            for key in ["tail_consumers", "streaming_tail_consumers"] where body[key]?.arrayValue?.isEmpty == false {
                throw FlareError(.invalidArgument, "\"\(key)\" cannot be honoured: tail consumers are not called")
            }
            return .result(ScriptWideSettingsBody())
        }
        routes.post(script + "/assets-upload-session") { _ in
            throw FlareError(
                .notImplemented,
                "static assets are not served",
                hint: "import small files into the Worker as text or data modules, or read them from a bucket"
            )
        }
        // Every Worker is called at NAME.localhost and below /workers/NAME/ of the control port, whatever is asked for.
        routes.get(Self.base + "/subdomain") { _ in .result(SubdomainBody()) }
        for (method, path) in [(routes.get, script), (routes.post, script), (routes.delete, script)] {
            method(path + "/subdomain") { request in
                _ = try await workers.get(request.parameter("name"))
                return .result(ScriptSubdomainBody())
            }
        }
    }

    /// The deployment that a path names; there is only the current one.
    private func deployment(_ request: APIRequest) async throws -> ScriptDeploymentsBody.Deployment {
        let (name, id) = (try request.parameter("name"), try request.parameter("deployment"))
        let current = ScriptDeploymentsBody(try await workers.get(name)).deployments[0]
        guard current.id == id else {
            throw FlareError(
                .versionNotFound,
                "the Worker \"\(name)\" has no deployment \"\(id)\"",
                hint: "only the current one is kept: \(current.id)"
            )
        }
        return current
    }

    private func search(_ request: APIRequest) async throws -> APIReply {
        let (page, perPage) = try request.page()
        let (name, id) = (request.query("name"), request.query("id"))
        var found = try await workers.list().filter { worker in
            (name.map { worker.name.contains($0) } ?? true) && (id.map { worker.name == $0 } ?? true)
        }
        switch request.query("order_by") {
        case "created_on": found.sort { $0.createdOn < $1.createdOn }
        case "modified_on": found.sort { $0.modifiedOn < $1.modifiedOn }
        default: break
        }
        let result = found.dropFirst((page - 1) * perPage).prefix(perPage).map(ScriptFoundBody.init)
        let info = ResultInfo(page: page, perPage: perPage, count: result.count, totalCount: found.count)
        return .result(result, info: info)
    }
}

extension CreateDeploymentBody {
    /// The one version that gets all of the traffic.
    fileprivate func version() throws -> String {
        guard strategy == nil || strategy == "percentage" else {
            throw FlareError(.invalidArgument, "\"strategy\" must be \"percentage\", not \"\(strategy ?? "")\"")
        }
        guard let only = versions.first, versions.count == 1, only.percentage == 100 else {
            let shares = versions.map { "\($0.percentage)%" }.joined(separator: ", ")
            throw FlareError(
                .invalidArgument,
                "traffic is not divided between versions (\(shares.isEmpty ? "none is named" : shares))",
                hint: "name one version with a percentage of 100"
            )
        }
        return only.versionID
    }
}
