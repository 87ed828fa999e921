import FlareModel
import FlareWorkers

/// Workers as Cloudflare's API reads and deletes them.
///
/// Uploads go by `flare deploy` instead.
struct WorkerScriptsRoutes {
    let workers: WorkerService

    private static let base = "/client/v4/accounts/:account/workers"
    static let scripts = base + "/scripts"

    func register(on routes: APIRoutes) {
        let script = Self.scripts + "/:name"
        routes.get(Self.scripts) { _ in .result(try await workers.list().map(ScriptBody.init)) }
        routes.get(Self.base + "/services/:name") { request in
            .result(ServiceBody(try await workers.get(request.parameter("name"))))
        }
        routes.get(script + "/deployments") { request in
            .result(ScriptDeploymentsBody(try await workers.get(request.parameter("name"))))
        }
        routes.get(script + "/versions") { request in
            .result(ScriptVersionsBody(try await workers.get(request.parameter("name"))))
        }
        routes.get(script + "/settings") { request in
            .result(ScriptSettingsBody(try await workers.get(request.parameter("name"))))
        }
        for path in [script, Self.base + "/services/:name"] {
            routes.delete(path) { request in
                try await workers.delete(request.parameter("name"))
                return .empty()
            }
        }
    }
}
