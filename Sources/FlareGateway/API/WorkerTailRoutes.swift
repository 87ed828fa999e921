import FlareModel
import FlareWorkers

/// What Workers do, as it happens: one line of JSON for each invocation that has ended, and `{"missed":N}` where they
/// came faster than they were read.
struct WorkerTailRoutes {
    let workers: WorkerService

    func register(on routes: APIRoutes) {
        routes.get("/flare/v1/tail") { request in try reply(request, worker: nil) }
        routes.get("/flare/v1/workers/:name/tail") { request in
            let name = try request.parameter("name")
            // Fails before the head of the answer is sent.
            _ = try await workers.get(name)
            return try reply(request, worker: name)
        }
    }

    private func reply(_ request: APIRequest, worker: String?) throws -> APIReply {
        let filter = try Self.filter(request)
        return .stream(headers: [("Content-Type", "application/x-ndjson")], follows: true) { writer in
            // The blank line tells that what happens from now on is seen.
            try await workers.traces.follow(worker: worker, where: filter, begun: { try await writer.write([0x0A]) }) {
                for item in $0 {
                    switch item {
                    case .event(let event): try await writer.line(event)
                    case .missed(let count): try await writer.line(TraceMissedBody(missed: count))
                    }
                }
            }
        }
    }

    private static func filter(_ request: APIRequest) throws -> TraceFilter {
        var filter = TraceFilter()
        for text in request.queries("status") {
            guard let status = TraceFilter.Status(rawValue: text) else {
                let all = TraceFilter.Status.allCases.map(\.rawValue).joined(separator: ", ")
                throw FlareError(.invalidArgument, "\"\(text)\" is not a status", hint: "use one of \(all)")
            }
            filter.statuses.insert(status)
        }
        filter.methods = Set(request.queries("method").map { $0.uppercased() })
        filter.headers = request.queries("header").map(TraceFilter.Header.init)
        filter.search = request.query("search")
        filter.version = request.query("version_id")
        if let text = request.query("sampling_rate") {
            guard let rate = Double(text), (0...1).contains(rate) else {
                throw FlareError(.invalidArgument, "\"sampling_rate\" takes a number from 0 to 1, not \"\(text)\"")
            }
            filter.samplingRate = rate
        }
        return filter
    }
}
