import FlareModel
import FlarePipelines
import NIOCore

/// Pipelines in flare's own shape, which has what Cloudflare's legacy one lacks: the JSON key, progress, records.
struct PipelinesRoutes {
    let pipelines: PipelineService
    /// Where a pipeline takes records, once the doors listen.
    let endpoints: @Sendable (String) -> [PipelineEndpoint]

    func register(on routes: APIRoutes) {
        registerPipelines(on: routes)
        registerRecords(on: routes)
        PipelineCommandRoutes(pipelines: pipelines).register(on: routes)
        RejectsRoutes(pipelines: pipelines).register(on: routes)
        LegacyPipelinesRoutes(pipelines: pipelines, endpoints: endpoints).register(on: routes)
    }

    private func registerPipelines(on routes: APIRoutes) {
        let base = "/flare/v1/pipelines"
        routes.get(base) { _ in .result(pipelines.list().map(body)) }
        routes.post(base) { request in
            let record = try await pipelines.create(try await request.json(PipelineCreateBody.self))
            return .result(body(try pipelines.get(record.id)), status: 201)
        }
        routes.get("\(base)/:pipeline") { request in
            .result(body(try pipelines.get(request.parameter("pipeline"))))
        }
        routes.patch("\(base)/:pipeline") { request in
            let name = try request.parameter("pipeline")
            let record = try await pipelines.update(name, try await request.json(PipelineUpdateBody.self))
            return .result(body(try pipelines.get(record.id)))
        }
        routes.delete("\(base)/:pipeline") { request in
            let discarding = request.query("discard") == "true"
            try await pipelines.delete(request.parameter("pipeline"), discarding: discarding)
            return .result(EmptyResult())
        }
    }

    private func registerRecords(on routes: APIRoutes) {
        routes.post("/flare/v1/pipelines/:pipeline/flush") { request in
            let name = try request.parameter("pipeline")
            try await pipelines.flush(name)
            return .result(body(try pipelines.get(name)))
        }
        routes.post("/flare/v1/pipelines/:pipeline/records") { request in
            let form = try BodyForm(contentType: request.header("content-type"))
            let name = try request.parameter("pipeline")
            _ = try pipelines.get(name)
            let bytes = ByteBuffer(bytes: try await request.bytes(max: Limits.bodyBytesMax))
            let (result, error) = try await pipelines.ingest(bytes, into: name, form: form, source: .control)
            guard let error else { return .result(result) }
            return .json(Envelope(result: result, errors: [EnvelopeError(error)]), status: error.code.httpStatus)
        }
    }

    private func body(_ status: PipelineService.Status) -> PipelineBody {
        let record = status.record
        let settings = record.settings
        return PipelineBody(
            id: record.id,
            name: record.name,
            version: record.version,
            destinationBucket: settings.bucket,
            settings: settings.body,
            endpoints: endpoints(record.name),
            progress: status.progress,
            createdOn: record.createdAt,
            modifiedOn: record.modifiedAt
        )
    }
}
