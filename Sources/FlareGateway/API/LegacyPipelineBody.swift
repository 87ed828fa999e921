import FlareModel
import FlarePipelines

/// The legacy pipeline object.
///
/// Of a request, what flare has no use for (credentials, shards) is accepted and dropped.
struct LegacyPipelineBody: Codable, Sendable {
    struct Metadata: Codable, Sendable {
        var shards: Int?
    }

    struct Source: Codable, Sendable {
        var type: String
        var format: String?
        var authentication: Bool?
        var cors: CORS?
    }

    struct CORS: Codable, Sendable {
        var origins: [String]?
    }

    struct Transform: Codable, Sendable {
        var script: String?
        var entrypoint: String?
    }

    struct Destination: Codable, Sendable {
        var type: String?
        var format: String?
        var compression: Compression?
        var batch: PipelineBatchBody?
        var path: Path
    }

    struct Compression: Codable, Sendable {
        var type: String
    }

    struct Path: Codable, Sendable {
        var bucket: String
        var prefix: String?
    }

    var id: String?
    var version: Int?
    var endpoint: String?
    var name: String?
    var metadata: Metadata?
    var source: [Source]?
    var transforms: [Transform]?
    var destination: Destination

    init(_ record: PipelineRecord, endpoint: String) {
        let settings = record.settings
        id = record.id
        version = record.version
        self.endpoint = endpoint
        name = record.name
        metadata = Metadata(shards: 1)
        source = [
            Source(
                type: "http",
                format: "json",
                authentication: settings.body.requiresHTTPAuth,
                cors: CORS(origins: settings.body.corsOrigins)
            ),
            Source(type: "binding", format: "json"),
        ]
        transforms = settings.transform.map { [Transform(script: $0.worker, entrypoint: $0.entrypoint)] } ?? []
        destination = Destination(
            type: "r2",
            format: "json",
            compression: Compression(type: settings.compression.rawValue),
            batch: settings.body.batch,
            path: Path(bucket: settings.bucket, prefix: settings.prefix)
        )
    }

    /// Throws `invalidArgument` for what flare's pipelines cannot do.
    func createBody() throws -> PipelineCreateBody {
        guard let name else { throw FlareError(.invalidData, "the body lacks the field \".name\"") }
        return PipelineCreateBody(
            name: name,
            destinationBucket: destination.path.bucket,
            settings: PipelineSettingsBody(
                prefix: destination.path.prefix,
                compression: try compression() ?? .gzip,
                batch: destination.batch,
                transform: try transform(),
                corsOrigins: corsOrigins,
                requiresHTTPAuth: requiresAuthentication
            )
        )
    }

    func updateBody() throws -> PipelineUpdateBody {
        PipelineUpdateBody(
            destinationBucket: destination.path.bucket,
            settings: PipelineSettingsBody(
                prefix: destination.path.prefix ?? "",
                compression: try compression(),
                batch: destination.batch,
                transform: try transform() ?? "",
                corsOrigins: corsOrigins,
                requiresHTTPAuth: requiresAuthentication
            )
        )
    }

    /// `SCRIPT.ENTRYPOINT`; nil without one.
    private func transform() throws -> String? {
        guard let transforms, let first = transforms.first else { return nil }
        guard transforms.count == 1, let script = first.script else {
            throw FlareError(.invalidArgument, "a pipeline has one transform, of a named script")
        }
        return first.entrypoint.map { "\(script).\($0)" } ?? script
    }

    private var http: Source? { source?.first { $0.type == "http" } }
    private var corsOrigins: [String]? { http?.cors?.origins }
    private var requiresAuthentication: Bool? { http?.authentication }

    private func compression() throws -> PipelineCompression? {
        guard let type = destination.compression?.type else { return nil }
        guard let compression = PipelineCompression(rawValue: type) else {
            throw FlareError(
                .invalidArgument,
                "the compression \"\(type)\" is not supported",
                hint: "one of: \(PipelineCompression.allCases.map(\.rawValue).joined(separator: ", "))"
            )
        }
        return compression
    }
}
