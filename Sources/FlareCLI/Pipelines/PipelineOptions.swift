import ArgumentParser
import FlareModel

/// The settings of a pipeline that `create` and `update` share.
struct PipelineOptions: ParsableArguments, Sendable {
    @Option(
        help: ArgumentHelp("Write a batch once it holds this much, before compression: 1MB, 512KiB.", valueName: "size")
    )
    var batchSize: String?

    @Option(help: ArgumentHelp("Write a batch this long after its first record.", valueName: "seconds"))
    var batchTimeoutSecs: Int?

    @Option(help: ArgumentHelp("Write a batch once it holds this many records.", valueName: "count"))
    var batchMaxRows: Int?

    @Option(
        help: ArgumentHelp(
            "Keep records with different values of this member in different objects: .merchantId, .user.id.",
            valueName: "path"
        )
    )
    var batchOnJsonKey: String?

    @Option(help: ArgumentHelp("What the names of the objects begin with.", valueName: "text"))
    var prefix: String?

    @Option(
        help: ArgumentHelp("How the objects are compressed: none, gzip, zstd.", valueName: "kind"),
        completion: .list(PipelineCompression.allCases.map(\.rawValue))
    )
    var compression: String?

    func batch() throws -> PipelineBatchBody? {
        guard batchSize != nil || batchTimeoutSecs != nil || batchMaxRows != nil else { return nil }
        return PipelineBatchBody(
            maxBytes: try batchSize.map(parseSizeBytes),
            maxDurationSeconds: batchTimeoutSecs,
            maxRows: batchMaxRows
        )
    }

    func compressionKind() throws -> PipelineCompression? {
        try compression.map { text in
            if let kind = PipelineCompression(rawValue: text) { return kind }
            throw FlareError(
                .invalidArgument,
                "\"\(text)\" is not a compression",
                hint: "one of: \(PipelineCompression.allCases.map(\.rawValue).joined(separator: ", "))"
            )
        }
    }
}
