import FlareModel
import FlareWorkers

/// Workers as Cloudflare's API takes them: modules and metadata in the parts of one body.
struct ScriptUploadRoutes {
    let workers: WorkerService

    func register(on routes: APIRoutes) {
        let script = WorkerScriptsRoutes.scripts + "/:name"
        routes.put(script) { request in
            let made = try await upload(request, .deployment)
            return .result(
                ScriptUploadedBody(made.worker, made.version, startupMilliseconds: made.startupMilliseconds)
            )
        }
        routes.post(script + "/versions") { request in
            var made = try await upload(request, .version)
            made.version.startupMilliseconds = made.startupMilliseconds
            return .result(made.version)
        }
        routes.put(script + "/content") { request in .result(ScriptBody(try await upload(request, .code).worker)) }
        routes.patch(script + "/settings") { request in
            .result(ScriptSettingsBody(try await upload(request, .settings, metadata: "settings").version))
        }
        for path in [script, script + "/content", script + "/content/v2"] {
            routes.get(path) { request in
                let name = try request.parameter("name")
                return Self.reply(try await workers.scriptContent(of: name, version: request.query("version")))
            }
        }
    }

    private func upload(
        _ request: APIRequest,
        _ purpose: ScriptUpload.Purpose,
        metadata name: String = "metadata"
    ) async throws -> UploadedScript {
        if let encoding = request.header("Content-Encoding"), encoding.lowercased() != "identity" {
            throw FlareError(.unsupportedMediaType, "the body is encoded as \(encoding); send it as it is")
        }
        let (metadata, modules) = try await Self.read(request, metadata: name)
        let upload = ScriptUpload(
            worker: try request.parameter("name"),
            metadata: metadata,
            modules: modules,
            purpose: purpose
        )
        return try await workers.upload(upload)
    }

    /// The parts of the body: `metadata` or, of a change of settings, `settings`; all others are modules.
    private static func read(
        _ request: APIRequest,
        metadata name: String
    ) async throws -> (JSONValue, [ScriptModule]) {
        let bytes = try await request.bytes()
        let type = request.header("Content-Type")
        do {
            // The Python package sends what has no files as plain JSON.
            if type?.lowercased().hasPrefix("application/json") == true {
                let json = bytes.isEmpty ? .object([:]) : try JSONValue(json: bytes)
                return (json[name] ?? .object([:]), [])
            }
            let form = try MultipartForm(bytes, type: type, partsMax: Limits.scriptModulesMax + 1)
            let found = form.parts(named: name)
            guard let text = found.first, found.count == 1 else {
                throw FlareError(
                    .invalidData,
                    "the body has \(found.isEmpty ? "no part" : "\(found.count) parts") named \"\(name)\"",
                    hint: "it holds, as JSON, what the upload is: {\"main_module\": \"index.js\", …}"
                )
            }
            guard let metadata = try? JSONValue(json: text.bytes), metadata.objectValue != nil else {
                throw FlareError(.invalidData, "the part \"\(name)\" is not a JSON object")
            }
            let modules = form.parts.filter { $0.name != name }.map { part in
                // Clients that collect files under one name tell a module's name as the file's.
                ScriptModule(name: part.fileName ?? part.name, type: part.type, bytes: part.bytes)
            }
            return (metadata, modules)
        } catch let error as FlareError where error.code != .bodyTooLarge {
            throw error.numbered(10021)
        }
    }

    /// All modules as the parts of one body; `cf-entrypoint` names the main one.
    private static func reply(_ content: ScriptContent) -> APIReply {
        let boundary = Identifier.hexadecimal()
        var bytes: [UInt8] = []
        for module in content.modules {
            let name = module.name.replacing("\"", with: "%22")
            let head =
                "--\(boundary)\r\nContent-Disposition: form-data; name=\"\(name)\"; "
                + "filename=\"\(name)\"\r\n"
                + "Content-Type: \(module.type ?? "application/octet-stream")\r\n\r\n"
            bytes += Array(head.utf8) + module.bytes + Array("\r\n".utf8)
        }
        bytes += Array("--\(boundary)--\r\n".utf8)
        let headers = [
            ("Content-Type", "multipart/form-data; boundary=\(boundary)"), ("cf-entrypoint", content.main),
        ]
        return .raw(headers: headers, bytes: bytes)
    }
}
