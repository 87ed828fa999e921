import FlareModel
import FlareWorkers

/// Workers and their deployment, which v4 spreads over a dozen calls of an upload protocol.
struct WorkersRoutes {
    let workers: WorkerService
    let tails: TailSessions

    func register(on routes: APIRoutes) {
        let base = "/flare/v1/workers"
        routes.post("/flare/v1/deployments") { request in
            // It reads files by the name that the caller gives, with the rights of the engine's owner.
            guard request.isLocal else {
                throw FlareError(
                    .permissionDenied,
                    "a directory is only deployed over the engine's Unix socket",
                    hint: "run: flare deploy DIR"
                )
            }
            return .result(try await workers.deploy(try await request.json(DeployBody.self)))
        }
        routes.get(base) { _ in .result(try await workers.list()) }
        routes.get(base + "/:name") { request in .result(try await workers.get(request.parameter("name"))) }
        routes.post(base + "/:name/inspect") { request in
            let body = try await request.json(InspectBody.self)
            return .result(try await workers.inspect(request.parameter("name"), port: body.port))
        }
        routes.delete(base + "/:name/inspect") { request in
            try await workers.stopInspecting(request.parameter("name"))
            return .empty()
        }
        routes.delete(base + "/:name") { request in
            try await workers.delete(request.parameter("name"))
            return .empty()
        }
        routes.post(base + "/:name/rollback") { request in
            let body = try await request.json(RollbackBody.self)
            return .result(try await workers.rollback(request.parameter("name"), to: body.version))
        }
        WorkerSecretsRoutes(workers: workers).register(on: routes)
        WorkerTailRoutes(workers: workers).register(on: routes)
        WorkerScriptsRoutes(workers: workers).register(on: routes)
        ScriptUploadRoutes(workers: workers).register(on: routes)
        ScriptTailRoutes(workers: workers, sessions: tails).register(on: routes)
    }
}
