import FlareModel
import FlarePipelines

/// Pipelines as wrangler up to 4.36 and the official SDKs know them: one object with source, batch and destination.
struct LegacyPipelinesRoutes {
    let pipelines: PipelineService
    let endpoints: @Sendable (String) -> [PipelineEndpoint]

    func register(on routes: APIRoutes) {
        let base = "/client/v4/accounts/:account/pipelines"
        routes.get(base) { try list($0) }
        routes.post(base) { request in
            let legacy = try await request.json(LegacyPipelineBody.self)
            let record = try await pipelines.create(try legacy.createBody())
            return .result(body(try pipelines.get(record.id).record))
        }
        routes.get("\(base)/:pipeline") { request in
            .result(body(try pipelines.get(request.parameter("pipeline")).record))
        }
        routes.put("\(base)/:pipeline") { request in
            let name = try request.parameter("pipeline")
            let legacy = try await request.json(LegacyPipelineBody.self)
            let record = try pipelines.get(name).record
            guard legacy.name == nil || legacy.name == record.name else {
                throw FlareError(.invalidArgument, "pipeline \"\(record.name)\" cannot be renamed")
            }
            return .result(body(try await pipelines.update(name, try legacy.updateBody())))
        }
        routes.delete("\(base)/:pipeline") { request in
            try await pipelines.delete(request.parameter("pipeline"))
            return .empty()
        }
    }

    private func list(_ request: APIRequest) throws -> APIReply {
        let (page, perPage) = try request.page()
        let search = request.query("search") ?? ""
        let all = pipelines.list().map(\.record).filter { search.isEmpty || $0.name.contains(search) }
        let shown = all.dropFirst((page - 1) * perPage).prefix(perPage).map(body)
        let info = ResultInfo(
            page: page,
            perPage: perPage,
            count: shown.count,
            totalCount: all.count,
            totalPages: (all.count + perPage - 1) / perPage
        )
        return .json(LegacyPipelineList(result: shown, results: shown, resultInfo: info), status: 200)
    }

    private func body(_ record: PipelineRecord) -> LegacyPipelineBody {
        LegacyPipelineBody(record, endpoint: endpoints(record.name).first?.url ?? "")
    }
}

/// wrangler reads `result`, the SDK reads `results` of the same answer.
private struct LegacyPipelineList: Encodable, Sendable {
    var success = true
    var errors: [EnvelopeError] = []
    var messages: [String] = []
    var result: [LegacyPipelineBody]
    var results: [LegacyPipelineBody]
    var resultInfo: ResultInfo

    init(result: [LegacyPipelineBody], results: [LegacyPipelineBody], resultInfo: ResultInfo) {
        self.result = result
        self.results = results
        self.resultInfo = resultInfo
    }

    enum CodingKeys: String, CodingKey {
        case success, errors, messages, result, results
        case resultInfo = "result_info"
    }
}
