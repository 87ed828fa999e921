import FlareModel
import FlarePipelines
import NIOHTTP1

/// What the head of a request asks of the ingest door.
enum IngestRoute {
    /// Records for a pipeline.
    case records(StreamLog, BodyForm)
    case greeting
    /// Answered with an error once its body has passed by.
    case refused(FlareError)

    init(_ head: HTTPRequestHead, pipelines: PipelineService) {
        let path = head.uri.prefix { $0 != "?" }
        if head.method == .GET && path == "/" {
            self = .greeting
            return
        }
        do {
            self = .records(try Self.stream(of: path, head, pipelines), try Self.form(of: head))
        } catch {
            self = .refused(
                error as? FlareError ?? FlareError(.internalError, "the request failed: \(error)", cause: error)
            )
        }
    }

    private static func stream(
        of path: Substring,
        _ head: HTTPRequestHead,
        _ pipelines: PipelineService
    ) throws -> StreamLog {
        var name = path.drop { $0 == "/" }
        if name.hasSuffix("/") { name.removeLast() }
        guard !name.isEmpty else {
            throw FlareError(.routeNotFound, "the path names no pipeline", hint: "POST records to /NAME")
        }
        let stream = try pipelines.stream(named: String(name))
        guard head.method == .POST else {
            throw FlareError(
                .methodNotAllowed,
                "pipeline \"\(name)\" takes records by POST, not \(head.method.rawValue)"
            )
        }
        return stream
    }

    /// What kind of body the content type announces.
    ///
    /// Throws `unsupportedMediaType` with those that are taken.
    private static func form(of head: HTTPRequestHead) throws -> BodyForm {
        if let encoding = head.headers.first(name: "content-encoding"), encoding.lowercased() != "identity" {
            throw FlareError(
                .unsupportedMediaType,
                "the content encoding \"\(encoding)\" is not supported",
                hint: "send the body as it is"
            )
        }
        return try BodyForm(contentType: head.headers.first(name: "content-type"))
    }
}
