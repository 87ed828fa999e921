import FlareModel

/// The engine itself: what it is, its tokens, its stop.
struct EngineRoutes {
    let tokens: TokenService
    let info: @Sendable () -> EngineInfo
    let stop: @Sendable () -> Void
    let tls: TLSIdentity

    func register(on routes: APIRoutes) {
        routes.get("/flare/v1/engine") { _ in .result(info()) }
        routes.post("/flare/v1/engine/stop") { request in
            try Self.requireLocal(request)
            let info = info()
            stop()
            return .result(info)
        }
        routes.get("/flare/v1/engine/ca") { _ in .result(try await tls.authority()) }
        registerTokens(on: routes)
        IdentityRoutes().register(on: routes)
    }

    private func registerTokens(on routes: APIRoutes) {
        routes.get("/flare/v1/tokens") { _ in
            .result(try await tokens.list().map { TokenBody(name: $0.name, createdAt: $0.createdAt) })
        }
        routes.post("/flare/v1/tokens") { request in
            try Self.requireLocal(request)
            let name = try await request.json(CreateTokenBody.self).name
            return .result(NewTokenBody(name: name, token: try await tokens.create(name: name)), status: 201)
        }
        routes.delete("/flare/v1/tokens/:name") { request in
            try Self.requireLocal(request)
            try await tokens.revoke(name: request.parameter("name"))
            return .empty()
        }
    }

    /// Things that only the owner of the state directory may do, whatever token is shown.
    static func requireLocal(_ request: APIRequest) throws {
        guard request.isLocal else {
            throw FlareError(
                .permissionDenied,
                "this call is allowed over the Unix socket only",
                hint: "use the flare command"
            )
        }
    }
}
