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
        source = [Source(type: "http", format: "json"), Source(type: "binding", format: "json")]
        transforms = []
        destination = Destination(
            type: "r2",
            format: "json",
            compression: Compression(type: settings.compression.rawValue),
            batch: PipelineBatchBody(
                maxBytes: settings.batchBytes,
                maxDurationSeconds: settings.batchSeconds,
                maxRows: settings.batchRows
            ),
            path: Path(bucket: settings.bucket, prefix: settings.prefix)
        )
    }

    /// Throws `invalidArgument` for what flare's pipelines cannot do.
    func createBody() throws -> PipelineCreateBody {
        guard let name else { throw FlareError(.invalidData, "the body lacks the field \".name\"") }
        return PipelineCreateBody(
            name: name,
            destinationBucket: destination.path.bucket,
            prefix: destination.path.prefix,
            compression: try compression() ?? .gzip,
            batch: destination.batch
        )
    }

    func updateBody() throws -> PipelineUpdateBody {
        PipelineUpdateBody(
            destinationBucket: destination.path.bucket,
            prefix: destination.path.prefix ?? "",
            compression: try compression(),
            batch: destination.batch
        )
    }

    private func compression() throws -> PipelineCompression? {
        guard transforms?.isEmpty ?? true else {
            throw FlareError(.invalidArgument, "a pipeline cannot have a transform yet", hint: "leave transforms empty")
        }
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
