package import FlareModel

/// What a user chose for a pipeline, checked: a value of this type can be used as it is.
package struct PipelineSettings: Sendable, Hashable {
    package private(set) var bucket: String
    /// Every member is set but those that have no default: key, schema, transform, latency.
    package private(set) var body: PipelineSettingsBody
    private(set) var partitioning: Partitioning
    private(set) var schema: SchemaValidator?

    /// The settings of a new pipeline.
    ///
    /// Throws `invalidName` or `invalidArgument` naming what is wrong.
    package init(_ body: PipelineCreateBody) throws {
        try Self.checkNew(prefix: body.settings.prefix)
        try self.init(bucket: body.destinationBucket, Self.withDefaults(body.settings))
    }

    /// Settings with some of them changed.
    ///
    /// Throws as `init` does.
    func changed(by body: PipelineUpdateBody) throws -> PipelineSettings {
        try Self.checkNew(prefix: body.settings.prefix)
        var changed = self.body
        let new = body.settings
        changed.batchOnJSONKey = new.batchOnJSONKey ?? changed.batchOnJSONKey
        changed.prefix = new.prefix ?? changed.prefix
        changed.partitionBy = new.partitionBy ?? changed.partitionBy
        changed.schema = new.schema ?? changed.schema
        changed.transform = new.transform ?? changed.transform
        changed.concurrency = new.concurrency ?? changed.concurrency
        changed.maxLatencyMilliseconds = new.maxLatencyMilliseconds ?? changed.maxLatencyMilliseconds
        changed.corsOrigins = new.corsOrigins ?? changed.corsOrigins
        changed.requiresHTTPAuth = new.requiresHTTPAuth ?? changed.requiresHTTPAuth
        changed.keepsKafkaMetadata = new.keepsKafkaMetadata ?? changed.keepsKafkaMetadata
        changed.batch = PipelineBatchBody(
            maxBytes: new.batch?.maxBytes ?? batchBytes,
            maxDurationSeconds: new.batch?.maxDurationSeconds ?? batchSeconds,
            maxRows: new.batch?.maxRows ?? batchRows
        )
        Self.changeFormat(&changed, by: new)
        return try PipelineSettings(bucket: body.destinationBucket ?? bucket, changed)
    }

    /// A new format brings its own compression, unless one is named; a new compression its own level.
    private static func changeFormat(_ changed: inout PipelineSettingsBody, by new: PipelineSettingsBody) {
        if let format = new.format, format != changed.format {
            changed.format = format
            changed.compression = format.defaultCompression
            changed.compressionLevel = nil
        }
        if let compression = new.compression, compression != changed.compression {
            changed.compression = compression
            changed.compressionLevel = nil
        }
        changed.compressionLevel = new.compressionLevel ?? changed.compressionLevel
    }

    /// Settings read from a row, which only checked ones are written to, or checked here.
    init(bucket: String, _ body: PipelineSettingsBody) throws {
        self.bucket = bucket
        self.body = body
        if self.body.batchOnJSONKey == "" { self.body.batchOnJSONKey = nil }
        if self.body.transform == "" { self.body.transform = nil }
        if self.body.maxLatencyMilliseconds == 0 { self.body.maxLatencyMilliseconds = nil }
        if self.body.schema?.fields.isEmpty == true { self.body.schema = nil }
        while self.body.prefix?.hasSuffix("/") == true { self.body.prefix?.removeLast() }
        partitioning = try Partitioning(key: self.body.batchOnJSONKey, layout: self.body.partitionBy ?? "")
        schema = try self.body.schema.map { try SchemaValidator($0) }
        try check()
    }

    /// Folders that lead out of their place are no error in an object's name, but what a reader copies them to may be.
    private static func checkNew(prefix: String?) throws {
        guard let prefix, prefix.split(separator: "/").contains(where: { $0 == "." || $0 == ".." }) else { return }
        throw FlareError(.invalidArgument, "\"\(prefix)\" is not a valid prefix: it has a folder \".\" or \"..\"")
    }

    private static func withDefaults(_ body: PipelineSettingsBody) -> PipelineSettingsBody {
        var body = body
        let format = body.format ?? .ndjson
        body.format = format
        body.compression = body.compression ?? format.defaultCompression
        body.prefix = body.prefix ?? ""
        body.partitionBy = body.partitionBy ?? ""
        body.concurrency = body.concurrency ?? 0
        body.corsOrigins = body.corsOrigins ?? []
        body.requiresHTTPAuth = body.requiresHTTPAuth ?? false
        body.keepsKafkaMetadata = body.keepsKafkaMetadata ?? false
        body.batch = PipelineBatchBody(
            maxBytes: body.batch?.maxBytes ?? Limits.batchBytesDefault,
            maxDurationSeconds: body.batch?.maxDurationSeconds ?? Limits.batchSecondsDefault,
            maxRows: body.batch?.maxRows ?? Limits.batchRowsDefault
        )
        return body
    }
}

extension PipelineSettings {
    package var prefix: String { body.prefix ?? "" }
    /// As the user wrote it; nil when records are not told apart.
    package var jsonKey: String? { body.batchOnJSONKey }
    package var format: PipelineFormat { body.format ?? .ndjson }
    package var compression: PipelineCompression { body.compression ?? .none }
    package var batchBytes: Int { body.batch?.maxBytes ?? Limits.batchBytesDefault }
    package var batchSeconds: Int { body.batch?.maxDurationSeconds ?? Limits.batchSecondsDefault }
    package var batchRows: Int { body.batch?.maxRows ?? Limits.batchRowsDefault }

    /// The Worker behind `--transform`, and its export.
    package var transform: TransformTarget? { body.transform.map { TransformTarget($0) } }

    /// Batches that are transformed and written at once.
    var concurrency: Int {
        if let chosen = body.concurrency, chosen > 0 { return chosen }
        // Without a transform a batch costs so little that what one transaction takes had better be ready together.
        return transform == nil ? Limits.pipelineCommitBatchesMax : Limits.pipelineConcurrencyAutomatic
    }

    var rules: Batcher.Rules {
        let latency = body.maxLatencyMilliseconds.map { Duration.milliseconds($0) }
        return Batcher.Rules(
            bytesMax: batchBytes,
            rowsMax: batchRows,
            age: min(.seconds(batchSeconds), latency ?? .seconds(batchSeconds)),
            openBytesMax: max(Limits.pipelineOpenBytesMax, batchBytes)
        )
    }

    var ingestRules: IngestRules {
        IngestRules(
            schema: schema,
            keepsKafkaMetadata: body.keepsKafkaMetadata ?? false,
            requiresToken: body.requiresHTTPAuth ?? false,
            corsOrigins: body.corsOrigins ?? []
        )
    }

    func naming(pipelineID: String) -> ObjectNaming {
        ObjectNaming(pipelineID: pipelineID, prefix: prefix, partitioning: partitioning)
    }

    private func check() throws {
        try NameRule.bucket.validate(bucket)
        guard !prefix.hasPrefix("/"), prefix.utf8.count <= Limits.pipelinePrefixBytesMax else {
            throw FlareError(
                .invalidArgument,
                "\"\(prefix)\" is not a valid prefix: at most \(Limits.pipelinePrefixBytesMax) bytes, no leading \"/\""
            )
        }
        try Self.require(batchBytes, in: Limits.batchBytesRange, "batch size", "bytes")
        try Self.require(batchSeconds, in: Limits.batchSecondsRange, "batch timeout", "seconds")
        try Self.require(batchRows, in: Limits.batchRowsRange, "batch row limit", "rows")
        try Self.require(body.concurrency ?? 0, in: 0...Limits.pipelineConcurrencyMax, "concurrency", "batches")
        if let latency = body.maxLatencyMilliseconds {
            try Self.require(latency, in: Limits.maxLatencyMillisecondsRange, "maximum latency", "milliseconds")
        }
        if let transform { try transform.check() }
        try checkCompression()
        for origin in body.corsOrigins ?? [] { try Self.checkOrigin(origin, among: body.corsOrigins ?? []) }
    }

    private func checkCompression() throws {
        guard compression != .snappy || format == .parquet else {
            throw FlareError(
                .invalidArgument,
                "snappy compresses Parquet files only, not \(format.rawValue)",
                hint: "choose gzip or zstd, or --format parquet"
            )
        }
        guard let level = body.compressionLevel else { return }
        let range: ClosedRange<Int>
        switch compression {
        case .gzip: range = 1...9
        case .zstd: range = 1...19
        case .none, .snappy:
            throw FlareError(.invalidArgument, "the compression \"\(compression.rawValue)\" has no levels")
        }
        try Self.require(level, in: range, "compression level", "(\(compression.rawValue))")
    }

    /// As Cloudflare's own check: a scheme and a host, or `*` alone.
    private static func checkOrigin(_ origin: String, among all: [String]) throws {
        if origin == "*" && all.count == 1 { return }
        let rest = ["http://", "https://"].first { origin.hasPrefix($0) }.map { origin.dropFirst($0.count) }
        guard let rest, !rest.isEmpty, !rest.contains("/"), all.count <= Limits.corsOriginsMax else {
            throw FlareError(
                .invalidArgument,
                "\"\(origin)\" is not an origin",
                hint: "write https://shop.example or \"*\" alone; at most \(Limits.corsOriginsMax)"
            )
        }
    }

    private static func require(_ value: Int, in range: ClosedRange<Int>, _ name: String, _ unit: String) throws {
        guard !range.contains(value) else { return }
        throw FlareError(
            .invalidArgument,
            "a \(name) of \(value) \(unit) is not possible: it must be from \(range.lowerBound) to \(range.upperBound)"
        )
    }
}
