import FlareModel
import FlarePipelines

/// Records that were accepted and could not go on.
struct RejectsRoutes {
    let pipelines: PipelineService

    func register(on routes: APIRoutes) {
        let base = "/flare/v1/pipelines/:pipeline/rejects"
        routes.get(base) { try await list($0) }
        routes.post(base + "/replay") { try await replay($0) }
        routes.delete(base) { request in
            let count = try await pipelines.purgeRejects(of: request.parameter("pipeline"), id: nil)
            return .result(RejectPurgeBody(count: count))
        }
        routes.get(base + "/:reject") { request in
            let reject = try await pipelines.reject(request.parameter("reject"), of: request.parameter("pipeline"))
            return .result(Self.body(reject))
        }
        routes.delete(base + "/:reject") { request in
            let id = try request.parameter("reject")
            let count = try await pipelines.purgeRejects(of: request.parameter("pipeline"), id: id)
            return .result(RejectPurgeBody(count: count))
        }
    }

    /// A page, oldest first; `result_info.cursor` is the `after` of the next one, when there is one.
    private func list(_ request: APIRequest) async throws -> APIReply {
        let limit = try request.integerQuery("limit", in: 1...Limits.rejectsPageMax) ?? 100
        let (page, hasMore) = try await pipelines.rejects(
            of: request.parameter("pipeline"),
            after: request.query("after"),
            label: request.query("label"),
            limit: limit
        )
        let cursor = hasMore ? page.last?.id : nil
        let info = ResultInfo(count: page.count, cursor: cursor, isTruncated: hasMore)
        return .result(page.map(Self.body), info: info)
    }

    private func replay(_ request: APIRequest) async throws -> APIReply {
        let rejects = try await request.json(RejectReplayRequest.self).rejects
        guard rejects.count <= Limits.rejectsPageMax else {
            throw FlareError(
                .invalidArgument,
                "at most \(Limits.rejectsPageMax) rejects can be sent again by one request, not \(rejects.count)"
            )
        }
        let results = try await pipelines.replay(
            rejects.map { ($0.id, $0.replacement) },
            of: request.parameter("pipeline")
        )
        let bodies = zip(rejects, results).map { reject, result in
            switch result {
            case .success(let offset): RejectReplayBody(id: reject.id, offset: offset)
            case .failure(let error): RejectReplayBody(id: reject.id, error: error)
            }
        }
        return .result(bodies)
    }

    private static func body(_ reject: RejectRecord) -> RejectBody {
        RejectBody(
            id: reject.id,
            record: String(decoding: reject.record, as: UTF8.self),
            reason: reject.reason,
            label: reject.label,
            source: reject.source.name,
            offset: reject.offset,
            ingestedAt: reject.ingestedAt,
            rejectedAt: reject.rejectedAt
        )
    }
}
