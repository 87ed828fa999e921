/// How the objects of a pipeline are compressed.
package enum PipelineCompression: String, Codable, Sendable, CaseIterable {
    case none, gzip, zstd
    /// Within Parquet files only.
    case snappy

    /// What follows `.ndjson` or `.json` in the name of an object.
    package var suffix: String {
        switch self {
        case .none, .snappy: ""
        case .gzip: ".gz"
        case .zstd: ".zst"
        }
    }
}

/// What the objects of a pipeline are.
package enum PipelineFormat: String, Codable, Sendable, CaseIterable {
    /// One record a line.
    case ndjson
    /// One JSON array.
    case json
    case parquet

    /// The compression of objects whose pipeline names none.
    package var defaultCompression: PipelineCompression { self == .parquet ? .zstd : .none }
}

/// When a batch becomes an object: whichever limit is reached first.
///
/// In requests each may be left out.
package struct PipelineBatchBody: Codable, Sendable, Hashable {
    package var maxBytes: Int?
    package var maxDurationSeconds: Int?
    package var maxRows: Int?

    package init(maxBytes: Int? = nil, maxDurationSeconds: Int? = nil, maxRows: Int? = nil) {
        self.maxBytes = maxBytes
        self.maxDurationSeconds = maxDurationSeconds
        self.maxRows = maxRows
    }

    enum CodingKeys: String, CodingKey {
        case maxBytes = "max_bytes"
        case maxDurationSeconds = "max_duration_s"
        case maxRows = "max_rows"
    }
}

/// One door through which a pipeline takes records.
package struct PipelineEndpoint: Codable, Sendable, Hashable {
    /// As the command line prints it: `HTTP`.
    package var type: String
    package var url: String

    package init(type: String, url: String) {
        self.type = type
        self.url = url
    }
}

/// How far a pipeline has come.
package struct PipelineProgress: Codable, Sendable, Hashable {
    /// Records accepted since the pipeline was made: the offset that the next one gets.
    package var endOffset: Int64
    /// All records below this offset are in objects.
    package var flushedOffset: Int64
    /// Bytes of records accepted and not yet in an object.
    package var unflushedBytes: Int
    package var openBatches: Int
    /// When the oldest record that is not in an object came in; nil when all are.
    package var oldestUnflushedAt: Timestamp?
    /// Why the last attempt to write an object failed; nil when all is well.
    package var lastError: String?

    package init(
        endOffset: Int64,
        flushedOffset: Int64,
        unflushedBytes: Int,
        openBatches: Int,
        oldestUnflushedAt: Timestamp? = nil,
        lastError: String?
    ) {
        self.endOffset = endOffset
        self.flushedOffset = flushedOffset
        self.unflushedBytes = unflushedBytes
        self.openBatches = openBatches
        self.oldestUnflushedAt = oldestUnflushedAt
        self.lastError = lastError
    }

    enum CodingKeys: String, CodingKey {
        case endOffset = "end_offset"
        case flushedOffset = "flushed_offset"
        case unflushedBytes = "unflushed_bytes"
        case openBatches = "open_batches"
        case oldestUnflushedAt = "oldest_unflushed_at"
        case lastError = "last_error"
    }
}

/// The answer to records: how many are durable now, where, and which were refused and why.
package struct IngestResult: Codable, Sendable {
    package var committed: Int
    /// The offset of the first committed record; the others follow it without a gap.
    ///
    /// Nil when none was committed.
    package var offset: Int64?
    /// At most `Limits.refusedListedMax` of them.
    package var refused: [RefusedRecord]
    /// How many were refused in all, when the list was cut.
    package var refusedCount: Int?

    package init(committed: Int, offset: Int64?, refused: [RefusedRecord], refusedCount: Int?) {
        self.committed = committed
        self.offset = offset
        self.refused = refused
        self.refusedCount = refusedCount
    }

    enum CodingKeys: String, CodingKey {
        case committed, offset, refused
        case refusedCount = "refused_count"
    }
}

/// One record that was not accepted.
package struct RefusedRecord: Codable, Sendable, Hashable {
    /// Its place in the body, from 0: the element of the array, or the line that is not blank.
    package var index: Int
    package var reason: String

    package init(index: Int, reason: String) {
        self.index = index
        self.reason = reason
    }
}
