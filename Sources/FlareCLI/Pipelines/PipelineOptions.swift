import ArgumentParser
import FlareModel
import FoundationEssentials

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
        help: ArgumentHelp(
            """
            The folders of the objects, a list of JSON keys (.merchantId), year, month, day, hour, none, and patterns \
            such as dt=%Y%m%d. By default hour.
            """,
            valueName: "list"
        )
    )
    var partitionBy: String?

    @Option(
        help: ArgumentHelp("What the objects are: ndjson, json, parquet.", valueName: "kind"),
        completion: .list(PipelineFormat.allCases.map(\.rawValue))
    )
    var format: String?

    @Option(
        help: ArgumentHelp(
            "How the objects are compressed: none, gzip, zstd, and within Parquet snappy.",
            valueName: "kind"
        ),
        completion: .list(PipelineCompression.allCases.map(\.rawValue))
    )
    var compression: String?

    @Option(help: ArgumentHelp("Smaller objects for more time: gzip 1 to 9, zstd 1 to 19.", valueName: "level"))
    var compressionLevel: Int?

    @Option(
        help: ArgumentHelp("Refuse records that do not fit the schema in this JSON file.", valueName: "file"),
        completion: .file(extensions: ["json"])
    )
    var schema: String?

    @Option(
        help: ArgumentHelp("The Worker whose code transforms each batch.", valueName: "worker[.entrypoint]"),
        completion: Complete.workers
    )
    var transform: String?

    @Option(
        help: ArgumentHelp("How many batches are transformed and written at once: a number, or auto.", valueName: "n")
    )
    var concurrency: String?

    @Option(
        help: ArgumentHelp("Write a record's batch within this time, however small: 500ms, 5s.", valueName: "duration")
    )
    var maxLatency: String?

    @Option(
        help: ArgumentHelp(
            "Let web pages of these origins send, a list: https://shop.example, or *.",
            valueName: "list"
        )
    )
    var corsOrigins: String?

    @Flag(inversion: .prefixedNo, help: "Take records only from those with a token of the pipeline.")
    var requireHttpAuth: Bool?

    @Flag(inversion: .prefixedNo, help: "Keep key, headers and timestamp of Kafka records as the member _kafka.")
    var kafkaMetadata: Bool?

    func settings() throws -> PipelineSettingsBody {
        PipelineSettingsBody(
            batchOnJSONKey: batchOnJsonKey,
            prefix: prefix,
            partitionBy: partitionBy,
            format: try format.map { try Self.choice($0, "format") },
            compression: try compression.map { try Self.choice($0, "compression") },
            compressionLevel: compressionLevel,
            batch: try batch(),
            schema: try schema.map { try SchemaFile.read($0) },
            transform: transform,
            concurrency: try concurrency.map(Self.number),
            maxLatencyMilliseconds: try maxLatency.map(Self.milliseconds),
            corsOrigins: corsOrigins.map(Self.origins),
            requiresHTTPAuth: requireHttpAuth,
            keepsKafkaMetadata: kafkaMetadata
        )
    }

    private func batch() throws -> PipelineBatchBody? {
        guard batchSize != nil || batchTimeoutSecs != nil || batchMaxRows != nil else { return nil }
        return PipelineBatchBody(
            maxBytes: try batchSize.map(parseSizeBytes),
            maxDurationSeconds: batchTimeoutSecs,
            maxRows: batchMaxRows
        )
    }

    private static func choice<Choice: RawRepresentable & CaseIterable>(
        _ text: String,
        _ kind: String
    ) throws -> Choice where Choice.RawValue == String {
        if let choice = Choice(rawValue: text) { return choice }
        throw FlareError(
            .invalidArgument,
            "\"\(text)\" is not a \(kind)",
            hint: "one of: \(Choice.allCases.map(\.rawValue).joined(separator: ", "))"
        )
    }

    private static func number(_ text: String) throws -> Int {
        if text == "auto" { return 0 }
        guard let number = Int(text), number > 0 else {
            throw FlareError(.invalidArgument, "\"\(text)\" is not a concurrency", hint: "write a number or auto")
        }
        return number
    }

    private static func milliseconds(_ text: String) throws -> Int {
        let (seconds, attoseconds) = try parseDuration(text).components
        return Int(seconds) * 1_000 + Int(attoseconds / 1_000_000_000_000_000)
    }

    /// `none` clears them, as wrangler has it.
    private static func origins(_ text: String) -> [String] {
        if text == "none" { return [] }
        return text.split(separator: ",").map { $0.filter { $0 != " " } }.filter { !$0.isEmpty }
    }
}
