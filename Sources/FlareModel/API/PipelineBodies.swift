/// How the objects of a pipeline are compressed.
package enum PipelineCompression: String, Codable, Sendable, CaseIterable {
    case none, gzip, zstd

    /// What follows `.ndjson` in the name of an object.
    package var suffix: String {
        switch self {
        case .none: ""
        case .gzip: ".gz"
        case .zstd: ".zst"
        }
    }
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

/// The body of `POST /flare/v1/pipelines`.
package struct PipelineCreateBody: Codable, Sendable {
    package var name: String
    package var destinationBucket: String
    /// Such as `.merchantId` or `.user.id`; records with different values never share an object.
    package var batchOnJSONKey: String?
    package var prefix: String?
    package var compression: PipelineCompression?
    package var batch: PipelineBatchBody?

    package init(
        name: String,
        destinationBucket: String,
        batchOnJSONKey: String? = nil,
        prefix: String? = nil,
        compression: PipelineCompression? = nil,
        batch: PipelineBatchBody? = nil
    ) {
        self.name = name
        self.destinationBucket = destinationBucket
        self.batchOnJSONKey = batchOnJSONKey
        self.prefix = prefix
        self.compression = compression
        self.batch = batch
    }

    enum CodingKeys: String, CodingKey {
        case name, prefix, compression, batch
        case destinationBucket = "destination_bucket"
        case batchOnJSONKey = "batch_on_json_key"
    }
}

/// The body of `PATCH /flare/v1/pipelines/:name`.
///
/// What is left out stays; an empty JSON key or prefix clears it.
package struct PipelineUpdateBody: Codable, Sendable {
    package var destinationBucket: String?
    package var batchOnJSONKey: String?
    package var prefix: String?
    package var compression: PipelineCompression?
    package var batch: PipelineBatchBody?

    package init(
        destinationBucket: String? = nil,
        batchOnJSONKey: String? = nil,
        prefix: String? = nil,
        compression: PipelineCompression? = nil,
        batch: PipelineBatchBody? = nil
    ) {
        self.destinationBucket = destinationBucket
        self.batchOnJSONKey = batchOnJSONKey
        self.prefix = prefix
        self.compression = compression
        self.batch = batch
    }

    enum CodingKeys: String, CodingKey {
        case prefix, compression, batch
        case destinationBucket = "destination_bucket"
        case batchOnJSONKey = "batch_on_json_key"
    }
}

/// A pipeline as the API shows it.
package struct PipelineBody: Codable, Sendable {
    package var id: String
    package var name: String
    package var version: Int
    package var destinationBucket: String
    package var batchOnJSONKey: String?
    package var prefix: String
    package var compression: PipelineCompression
    package var batch: PipelineBatchBody
    package var endpoints: [PipelineEndpoint]
    package var progress: PipelineProgress
    package var createdOn: Timestamp
    package var modifiedOn: Timestamp

    package init(
        id: String,
        name: String,
        version: Int,
        destinationBucket: String,
        batchOnJSONKey: String?,
        prefix: String,
        compression: PipelineCompression,
        batch: PipelineBatchBody,
        endpoints: [PipelineEndpoint],
        progress: PipelineProgress,
        createdOn: Timestamp,
        modifiedOn: Timestamp
    ) {
        self.id = id
        self.name = name
        self.version = version
        self.destinationBucket = destinationBucket
        self.batchOnJSONKey = batchOnJSONKey
        self.prefix = prefix
        self.compression = compression
        self.batch = batch
        self.endpoints = endpoints
        self.progress = progress
        self.createdOn = createdOn
        self.modifiedOn = modifiedOn
    }

    enum CodingKeys: String, CodingKey {
        case id, name, version, prefix, compression, batch, endpoints, progress
        case destinationBucket = "destination_bucket"
        case batchOnJSONKey = "batch_on_json_key"
        case createdOn = "created_on"
        case modifiedOn = "modified_on"
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
    /// Why the last attempt to write an object failed; nil when all is well.
    package var lastError: String?

    package init(
        endOffset: Int64,
        flushedOffset: Int64,
        unflushedBytes: Int,
        openBatches: Int,
        lastError: String?
    ) {
        self.endOffset = endOffset
        self.flushedOffset = flushedOffset
        self.unflushedBytes = unflushedBytes
        self.openBatches = openBatches
        self.lastError = lastError
    }

    enum CodingKeys: String, CodingKey {
        case endOffset = "end_offset"
        case flushedOffset = "flushed_offset"
        case unflushedBytes = "unflushed_bytes"
        case openBatches = "open_batches"
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
