/// The body of `POST /flare/v1/pipelines`.
package struct PipelineCreateBody: Codable, Sendable {
    package var name: String
    package var destinationBucket: String
    /// What the pipeline does; what is left out gets its default.
    package var settings: PipelineSettingsBody

    package init(name: String, destinationBucket: String, settings: PipelineSettingsBody = PipelineSettingsBody()) {
        self.name = name
        self.destinationBucket = destinationBucket
        self.settings = settings
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        name = try container.decode(String.self, forKey: .name)
        destinationBucket = try container.decode(String.self, forKey: .destinationBucket)
        settings = try PipelineSettingsBody(from: decoder)
    }

    package func encode(to encoder: any Encoder) throws {
        try settings.encode(to: encoder)
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(name, forKey: .name)
        try container.encode(destinationBucket, forKey: .destinationBucket)
    }

    enum CodingKeys: String, CodingKey {
        case name
        case destinationBucket = "destination_bucket"
    }
}

/// The body of `PATCH /flare/v1/pipelines/:name`.
///
/// What is left out stays; an empty text or list clears it.
package struct PipelineUpdateBody: Codable, Sendable {
    package var destinationBucket: String?
    package var settings: PipelineSettingsBody

    package init(destinationBucket: String? = nil, settings: PipelineSettingsBody = PipelineSettingsBody()) {
        self.destinationBucket = destinationBucket
        self.settings = settings
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        destinationBucket = try container.decodeIfPresent(String.self, forKey: .destinationBucket)
        settings = try PipelineSettingsBody(from: decoder)
    }

    package func encode(to encoder: any Encoder) throws {
        try settings.encode(to: encoder)
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encodeIfPresent(destinationBucket, forKey: .destinationBucket)
    }

    enum CodingKeys: String, CodingKey {
        case destinationBucket = "destination_bucket"
    }
}

/// The settings of a pipeline as the API spells them: side by side with the other members of their object.
package struct PipelineSettingsBody: Codable, Sendable, Hashable {
    /// Such as `.merchantId` or `.user.id`; records with different values never share an object.
    package var batchOnJSONKey: String?
    package var prefix: String?
    /// The folders of the objects: JSON keys and patterns of time, such as `.merchantId,hour`.
    package var partitionBy: String?
    package var format: PipelineFormat?
    package var compression: PipelineCompression?
    package var compressionLevel: Int?
    package var batch: PipelineBatchBody?
    package var schema: RecordSchema?
    /// `WORKER` or `WORKER.ENTRYPOINT`.
    package var transform: String?
    /// How many batches are transformed and written at once; 0 for as many as the machine can.
    package var concurrency: Int?
    package var maxLatencyMilliseconds: Int?
    package var corsOrigins: [String]?
    package var requiresHTTPAuth: Bool?
    package var keepsKafkaMetadata: Bool?

    package init(
        batchOnJSONKey: String? = nil,
        prefix: String? = nil,
        partitionBy: String? = nil,
        format: PipelineFormat? = nil,
        compression: PipelineCompression? = nil,
        compressionLevel: Int? = nil,
        batch: PipelineBatchBody? = nil,
        schema: RecordSchema? = nil,
        transform: String? = nil,
        concurrency: Int? = nil,
        maxLatencyMilliseconds: Int? = nil,
        corsOrigins: [String]? = nil,
        requiresHTTPAuth: Bool? = nil,
        keepsKafkaMetadata: Bool? = nil
    ) {
        self.batchOnJSONKey = batchOnJSONKey
        self.prefix = prefix
        self.partitionBy = partitionBy
        self.format = format
        self.compression = compression
        self.compressionLevel = compressionLevel
        self.batch = batch
        self.schema = schema
        self.transform = transform
        self.concurrency = concurrency
        self.maxLatencyMilliseconds = maxLatencyMilliseconds
        self.corsOrigins = corsOrigins
        self.requiresHTTPAuth = requiresHTTPAuth
        self.keepsKafkaMetadata = keepsKafkaMetadata
    }

    enum CodingKeys: String, CodingKey {
        case prefix, format, compression, batch, schema, transform, concurrency
        case batchOnJSONKey = "batch_on_json_key"
        case partitionBy = "partition_by"
        case compressionLevel = "compression_level"
        case maxLatencyMilliseconds = "max_latency_ms"
        case corsOrigins = "cors_origins"
        case requiresHTTPAuth = "require_http_auth"
        case keepsKafkaMetadata = "kafka_metadata"
    }
}

/// A pipeline as the API shows it.
package struct PipelineBody: Codable, Sendable {
    package var id: String
    package var name: String
    package var version: Int
    package var destinationBucket: String
    /// All in force, those with a default too.
    package var settings: PipelineSettingsBody
    package var endpoints: [PipelineEndpoint]
    package var progress: PipelineProgress
    package var createdOn: Timestamp
    package var modifiedOn: Timestamp

    package init(
        id: String,
        name: String,
        version: Int,
        destinationBucket: String,
        settings: PipelineSettingsBody,
        endpoints: [PipelineEndpoint],
        progress: PipelineProgress,
        createdOn: Timestamp,
        modifiedOn: Timestamp
    ) {
        self.id = id
        self.name = name
        self.version = version
        self.destinationBucket = destinationBucket
        self.settings = settings
        self.endpoints = endpoints
        self.progress = progress
        self.createdOn = createdOn
        self.modifiedOn = modifiedOn
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        id = try container.decode(String.self, forKey: .id)
        name = try container.decode(String.self, forKey: .name)
        version = try container.decode(Int.self, forKey: .version)
        destinationBucket = try container.decode(String.self, forKey: .destinationBucket)
        settings = try PipelineSettingsBody(from: decoder)
        endpoints = try container.decode([PipelineEndpoint].self, forKey: .endpoints)
        progress = try container.decode(PipelineProgress.self, forKey: .progress)
        createdOn = try container.decode(Timestamp.self, forKey: .createdOn)
        modifiedOn = try container.decode(Timestamp.self, forKey: .modifiedOn)
    }

    package func encode(to encoder: any Encoder) throws {
        try settings.encode(to: encoder)
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(id, forKey: .id)
        try container.encode(name, forKey: .name)
        try container.encode(version, forKey: .version)
        try container.encode(destinationBucket, forKey: .destinationBucket)
        try container.encode(endpoints, forKey: .endpoints)
        try container.encode(progress, forKey: .progress)
        try container.encode(createdOn, forKey: .createdOn)
        try container.encode(modifiedOn, forKey: .modifiedOn)
    }

    enum CodingKeys: String, CodingKey {
        case id, name, version, endpoints, progress
        case destinationBucket = "destination_bucket"
        case createdOn = "created_on"
        case modifiedOn = "modified_on"
    }
}
