package import FlareModel

/// What a user chose for a pipeline, checked: a value of this type can be used as it is.
package struct PipelineSettings: Sendable, Hashable {
    package private(set) var bucket: String
    package private(set) var prefix: String
    /// As the user wrote it; nil when records are not told apart.
    package private(set) var jsonKey: String?
    package private(set) var compression: PipelineCompression
    package private(set) var batchBytes: Int
    package private(set) var batchSeconds: Int
    package private(set) var batchRows: Int

    /// The settings of a new pipeline.
    ///
    /// Throws `invalidName` or `invalidArgument` naming what is wrong.
    package init(_ body: PipelineCreateBody) throws {
        bucket = body.destinationBucket
        prefix = body.prefix ?? ""
        jsonKey = body.batchOnJSONKey
        compression = body.compression ?? .none
        batchBytes = body.batch?.maxBytes ?? Limits.batchBytesDefault
        batchSeconds = body.batch?.maxDurationSeconds ?? Limits.batchSecondsDefault
        batchRows = body.batch?.maxRows ?? Limits.batchRowsDefault
        try check()
    }

    /// Settings with some of them changed.
    ///
    /// Throws as `init` does.
    func changed(by body: PipelineUpdateBody) throws -> PipelineSettings {
        var settings = self
        settings.bucket = body.destinationBucket ?? bucket
        settings.prefix = body.prefix ?? prefix
        settings.jsonKey = body.batchOnJSONKey ?? jsonKey
        settings.compression = body.compression ?? compression
        settings.batchBytes = body.batch?.maxBytes ?? batchBytes
        settings.batchSeconds = body.batch?.maxDurationSeconds ?? batchSeconds
        settings.batchRows = body.batch?.maxRows ?? batchRows
        try settings.check()
        return settings
    }

    /// Settings read from a row, which only checked ones are written to.
    init(
        storedBucket bucket: String,
        prefix: String,
        jsonKey: String?,
        compression: PipelineCompression,
        batchBytes: Int,
        batchSeconds: Int,
        batchRows: Int
    ) {
        self.bucket = bucket
        self.prefix = prefix
        self.jsonKey = jsonKey
        self.compression = compression
        self.batchBytes = batchBytes
        self.batchSeconds = batchSeconds
        self.batchRows = batchRows
    }

    private mutating func check() throws {
        try NameRule.bucket.validate(bucket)
        if jsonKey == "" { jsonKey = nil }
        if let jsonKey { _ = try JSONKey(jsonKey) }
        while prefix.hasSuffix("/") { prefix.removeLast() }
        guard !prefix.hasPrefix("/"), prefix.utf8.count <= Limits.pipelinePrefixBytesMax else {
            throw FlareError(
                .invalidArgument,
                "\"\(prefix)\" is not a valid prefix: at most \(Limits.pipelinePrefixBytesMax) bytes, no leading \"/\""
            )
        }
        try Self.require(batchBytes, in: Limits.batchBytesRange, "batch size", "bytes")
        try Self.require(batchSeconds, in: Limits.batchSecondsRange, "batch timeout", "seconds")
        try Self.require(batchRows, in: Limits.batchRowsRange, "batch row limit", "rows")
    }

    private static func require(_ value: Int, in range: ClosedRange<Int>, _ name: String, _ unit: String) throws {
        guard !range.contains(value) else { return }
        throw FlareError(
            .invalidArgument,
            "a \(name) of \(value) \(unit) is not possible: it must be from \(range.lowerBound) to \(range.upperBound)"
        )
    }

    var rules: Batcher.Rules {
        Batcher.Rules(
            bytesMax: batchBytes,
            rowsMax: batchRows,
            age: .seconds(batchSeconds),
            openBytesMax: max(Limits.pipelineOpenBytesMax, batchBytes)
        )
    }

    func parsedKey() throws -> JSONKey? {
        try jsonKey.map { try JSONKey($0) }
    }

    func naming(pipelineID: String) throws -> ObjectNaming {
        ObjectNaming(
            pipelineID: pipelineID,
            prefix: prefix,
            keyLabel: try parsedKey()?.label,
            compression: compression
        )
    }
}
