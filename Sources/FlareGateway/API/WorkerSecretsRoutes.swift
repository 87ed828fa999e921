import FlareModel
import FlareWorkers

/// The secrets of Workers, in the shapes of Cloudflare's API.
///
/// Values go in and never come out.
struct WorkerSecretsRoutes {
    let workers: WorkerService

    func register(on routes: APIRoutes) {
        let script = WorkerScriptsRoutes.scripts + "/:name"
        let base = script + "/secrets"
        routes.get(base) { request in
            .result(try await workers.secrets(of: request.parameter("name")))
        }
        routes.get(base + "/:key") { request in
            .result(try await workers.secret(request.parameter("key"), of: request.parameter("name")))
        }
        routes.put(base) { request in
            let body = try await request.json(PutSecretBody.self)
            let worker = try request.parameter("name")
            try body.check()
            try await workers.changeSecrets([body.name: body.text], of: worker)
            return .result(try await workers.secret(body.name, of: worker))
        }
        routes.delete(base + "/:key") { request in
            let name: String? = nil
            try await workers.changeSecrets([request.parameter("key"): name], of: request.parameter("name"))
            return .empty()
        }
        routes.patch(script + "/secrets-bulk") { request in
            let body = try await request.json(SecretsBulkBody.self)
            var changes: [String: String?] = [:]
            for (name, entry) in body.secrets {
                try entry?.check(name: name)
                changes[name] = .some(entry?.text)
            }
            return .result(try await workers.changeSecrets(changes, of: request.parameter("name")))
        }
    }
}

extension PutSecretBody {
    /// - Parameter name: the key under which a bulk change has it.
    fileprivate func check(name: String? = nil) throws {
        guard type == nil || type == "secret_text" else {
            throw FlareError(
                .invalidArgument,
                "secrets of the type \"\(type ?? "")\" are not kept; use \"secret_text\""
            )
        }
        guard name == nil || name == self.name else {
            throw FlareError(.invalidArgument, "the secret \"\(name ?? "")\" has another name inside: \"\(self.name)\"")
        }
    }
}
