import FlareBuckets
import FlareModel

/// What points the programs of this machine's user at the engine.
struct EnvironmentRoutes {
    let tokens: TokenService
    let keys: AccessKeyService
    let info: @Sendable () -> EngineInfo
    let s3URL: @Sendable () -> String?
    let tls: TLSIdentity

    func register(on routes: APIRoutes) {
        // Makes a token and a key the first time, and shows their secrets each time: for the owner of the state only.
        routes.post("/flare/v1/environment") { request in
            try EngineRoutes.requireLocal(request)
            let key = try await keys.environmentKey()
            let s3URL = s3URL()
            let needsAuthority = s3URL?.hasPrefix("https:") == true && info().tls == "local"
            return .result(
                EnvironmentBody(
                    controlURL: "http://127.0.0.1:\(info().controlPort)",
                    s3URL: s3URL,
                    authorityPath: needsAuthority ? try await tls.authority().path : nil,
                    apiToken: try await tokens.environmentToken(),
                    accessKeyID: key.id,
                    secretAccessKey: key.secret
                )
            )
        }
    }
}
