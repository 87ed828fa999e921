import FlareModel
import FlareWorkers

/// Tails as wrangler follows them: made here, followed as a WebSocket.
struct ScriptTailRoutes {
    let workers: WorkerService
    let sessions: TailSessions

    func register(on routes: APIRoutes) {
        let tails = WorkerScriptsRoutes.scripts + "/:name/tails"
        routes.post(tails) { request in
            let name = try request.parameter("name")
            _ = try await workers.get(name)
            let filter = try (await request.json(CreateTailBody.self)).filter()
            return .result(try body(sessions.create(of: name, where: filter)))
        }
        routes.get(tails) { request in
            let name = try request.parameter("name")
            _ = try await workers.get(name)
            guard let tail = sessions.newest(of: name) else {
                throw FlareError(.routeNotFound, "the Worker \"\(name)\" has no tail", hint: "POST makes one")
            }
            return .result(try body(tail))
        }
        routes.delete(tails + "/:tail") { request in
            let (name, id) = (try request.parameter("name"), try request.parameter("tail"))
            _ = try await workers.get(name)
            guard sessions.delete(id, of: name) else {
                throw FlareError(.routeNotFound, "the Worker \"\(name)\" has no tail \"\(id)\"")
            }
            return .empty()
        }
    }

    private func body(_ tail: TailSessions.Tail) throws -> TailBody {
        guard let url = sessions.url(of: tail) else {
            throw FlareError(.engineUnavailable, "the engine is starting", hint: "ask again")
        }
        return TailBody(id: tail.id, url: url, expiresAt: tail.expiresOn)
    }
}

extension CreateTailBody {
    fileprivate func filter() throws -> TraceFilter {
        var result = TraceFilter()
        for filter in filters ?? [] {
            if let rate = filter.samplingRate {
                guard (0...1).contains(rate) else {
                    throw FlareError(.invalidArgument, "\"sampling_rate\" takes a number from 0 to 1, not \(rate)")
                }
                result.samplingRate = rate
            }
            // It names every way to fail.
            for outcome in filter.outcome ?? [] { result.statuses.insert(.init(rawValue: outcome) ?? .error) }
            result.methods.formUnion((filter.method ?? []).map { $0.uppercased() })
            if let header = filter.header {
                result.headers.append(.init(header.query.map { "\(header.key):\($0)" } ?? header.key))
            }
            if let query = filter.query { result.search = query }
            if let version = filter.scriptVersion { result.version = version }
            guard filter.clientIP?.isEmpty != false else {
                throw FlareError(.invalidArgument, "a tail is not filtered by \"client_ip\"; leave it out")
            }
        }
        return result
    }
}
