import FlareModel

/// What the transforms of a Worker made of one batch.
package struct PipelineOutput: Sendable {
    /// The end of one chain of transforms.
    package struct Part: Sendable {
        /// Nil: where the pipeline itself writes.
        package var sink: PipelineSink?
        package var recordCount: Int
        /// One JSON object per line; a newline ends each.
        ///
        /// A slice of all that the process sent back.
        package var lines: ArraySlice<UInt8>
    }

    /// In the order in which the handler returned its chains; never empty.
    package var parts: [Part]
    /// In the order in which the transforms ran.
    package var labels: [PipelineLabelReport]
}

/// What `writeToR2` of a chain asks for; what is nil is as the pipeline has it.
package struct PipelineSink: Sendable, Hashable {
    /// A way to write records into an object.
    package enum Format: String, Sendable {
        case json, ndjson, parquet
    }

    package var format: Format?
    /// A bucket's name, which need not exist.
    package var bucket: String?
    package var prefix: String?
    /// As it was written: bytes, or a text such as `10MB`, which need not be a size.
    package var batchSize: String?

    package init(format: Format? = nil, bucket: String? = nil, prefix: String? = nil, batchSize: String? = nil) {
        self.format = format
        self.bucket = bucket
        self.prefix = prefix
        self.batchSize = batchSize
    }

    init(json: JSONValue) throws {
        if let text = json["format"]?.stringValue {
            guard let known = Format(rawValue: text) else { throw PipelineBatch.malformed() }
            format = known
        }
        bucket = json["bucket"]?.stringValue
        prefix = json["prefix"]?.stringValue
        batchSize = json["batchSize"].flatMap { $0.stringValue ?? $0.integerValue.map(String.init) }
    }
}

/// What one transform did with one batch.
package struct PipelineLabelReport: Sendable, Hashable {
    package var label: String
    package var recordsIn: Int
    package var recordsOut: Int
    /// Bytes of the records as lines of JSON, newlines included.
    package var bytesIn: Int
    package var bytesOut: Int
    /// From the call until its promise was settled.
    package var duration: Duration
    /// 1 when the transform threw or gave back what is not an array of objects; then it is the last one.
    package var errorCount: Int

    package init(
        label: String,
        recordsIn: Int,
        recordsOut: Int,
        bytesIn: Int,
        bytesOut: Int,
        duration: Duration,
        errorCount: Int = 0
    ) {
        self.label = label
        self.recordsIn = recordsIn
        self.recordsOut = recordsOut
        self.bytesIn = bytesIn
        self.bytesOut = bytesOut
        self.duration = duration
        self.errorCount = errorCount
    }

    /// Reads the `labels` of a result frame, which is untrusted.
    static func all(json: JSONValue?) -> [PipelineLabelReport] {
        (json?.arrayValue ?? []).compactMap { entry in
            guard let label = entry["label"]?.stringValue else { return nil }
            func count(_ key: String) -> Int { max(0, entry[key]?.integerValue ?? 0) }
            return PipelineLabelReport(
                label: String(label.prefix(Limits.pipelineTransformLabelLengthMax)),
                recordsIn: count("in"),
                recordsOut: count("out"),
                bytesIn: count("bytesIn"),
                bytesOut: count("bytesOut"),
                duration: .microseconds(count("us")),
                errorCount: count("errors")
            )
        }
    }
}

/// Why transforms could not make anything of a batch: user code threw, or gave back what cannot be written.
package struct PipelineTransformFailure: Error, Sendable {
    /// The transform at fault; nil when the handler itself failed, before any transform.
    package var label: String?
    package var error: JavaScriptError
    /// The transforms made more of the batch than can be handed back; a smaller batch may pass.
    package var isTooLarge: Bool
    /// Of the transforms that ran, up to the one that failed.
    package var labels: [PipelineLabelReport]

    package init(
        label: String? = nil,
        error: JavaScriptError,
        isTooLarge: Bool = false,
        labels: [PipelineLabelReport] = []
    ) {
        self.label = label
        self.error = error
        self.isTooLarge = isTooLarge
        self.labels = labels
    }

    /// Reads a result frame; nil when it is not one of failed transforms.
    init?(json: JSONValue) {
        guard let labels = json["labels"] else { return nil }
        label = json["label"]?.stringValue.map { String($0.prefix(Limits.pipelineTransformLabelLengthMax)) }
        error = JavaScriptError(json: json["error"] ?? .null)
        isTooLarge = json["tooLarge"]?.boolValue ?? false
        self.labels = PipelineLabelReport.all(json: labels)
    }

    /// What `invoke` throws.
    var flareError: FlareError {
        var thrown = error.flareError
        thrown.cause = self
        if let label { thrown.message = "the transform \"\(label)\" failed: \(thrown.message)" }
        return thrown
    }
}
