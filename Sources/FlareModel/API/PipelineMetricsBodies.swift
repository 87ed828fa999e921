/// What a pipeline has counted since the engine started, and how far behind its bucket is.
package struct PipelineMetricsBody: Codable, Sendable {
    /// One door.
    package struct Source: Codable, Sendable {
        package var source: String
        package var requests: Int
        package var records: Int
        package var recordBytes: Int
        package var refused: Int
        /// Requests that were asked to come again later.
        package var throttled: Int

        package init(
            source: String,
            requests: Int,
            records: Int,
            recordBytes: Int,
            refused: Int,
            throttled: Int
        ) {
            self.source = source
            self.requests = requests
            self.records = records
            self.recordBytes = recordBytes
            self.refused = refused
            self.throttled = throttled
        }

        enum CodingKeys: String, CodingKey {
            case source, requests, records, refused, throttled
            case recordBytes = "record_bytes"
        }
    }

    /// One label of the transforms.
    package struct Transform: Codable, Sendable {
        package var label: String
        package var runs: Int
        package var recordsIn: Int
        package var recordsOut: Int
        package var bytesIn: Int
        package var bytesOut: Int
        package var errors: Int
        package var durationSeconds: Double
        /// A bound that half of all runs, or 99 of 100, stay below; nil for none, or above all bounds.
        @Nullable package var p50Seconds: Double?
        @Nullable package var p99Seconds: Double?

        package init(
            label: String,
            runs: Int,
            recordsIn: Int,
            recordsOut: Int,
            bytesIn: Int,
            bytesOut: Int,
            errors: Int,
            durationSeconds: Double,
            p50Seconds: Double?,
            p99Seconds: Double?
        ) {
            self.label = label
            self.runs = runs
            self.recordsIn = recordsIn
            self.recordsOut = recordsOut
            self.bytesIn = bytesIn
            self.bytesOut = bytesOut
            self.errors = errors
            self.durationSeconds = durationSeconds
            self.p50Seconds = p50Seconds
            self.p99Seconds = p99Seconds
        }

        enum CodingKeys: String, CodingKey {
            case label, runs, errors
            case recordsIn = "records_in"
            case recordsOut = "records_out"
            case bytesIn = "in_bytes"
            case bytesOut = "out_bytes"
            case durationSeconds = "duration_seconds"
            case p50Seconds = "duration_p50_seconds"
            case p99Seconds = "duration_p99_seconds"
        }
    }

    /// The side of the bucket.
    package struct Sink: Codable, Sendable {
        package var bucket: String
        package var objects: Int
        package var records: Int
        package var objectBytes: Int
        /// Batches by why they were complete: size, rows, age, memory, span, flush.
        package var rolls: [String: Int]
        package var failures: Int
        /// Records that became rejects.
        package var rejected: Int

        package init(
            bucket: String,
            objects: Int,
            records: Int,
            objectBytes: Int,
            rolls: [String: Int],
            failures: Int,
            rejected: Int
        ) {
            self.bucket = bucket
            self.objects = objects
            self.records = records
            self.objectBytes = objectBytes
            self.rolls = rolls
            self.failures = failures
            self.rejected = rejected
        }

        enum CodingKeys: String, CodingKey {
            case bucket, objects, records, rolls, failures, rejected
            case objectBytes = "object_bytes"
        }
    }

    package var name: String
    package var time: Timestamp
    package var sources: [Source]
    /// In the order in which records pass them.
    package var transforms: [Transform]
    package var sinks: [Sink]
    /// Rejects that are kept now.
    package var rejects: Int
    /// Records that are not in an object yet, and the age of the oldest.
    package var lagRecords: Int64
    package var lagSeconds: Double
    package var unflushedBytes: Int
    package var endOffset: Int64
    package var flushedOffset: Int64

    package init(
        name: String,
        time: Timestamp,
        sources: [Source],
        transforms: [Transform],
        sinks: [Sink],
        rejects: Int,
        progress: PipelineProgress
    ) {
        self.name = name
        self.time = time
        self.sources = sources
        self.transforms = transforms
        self.sinks = sinks
        self.rejects = rejects
        lagRecords = progress.lagRecords
        lagSeconds = progress.lagSeconds(at: time)
        unflushedBytes = progress.unflushedBytes
        endOffset = progress.endOffset
        flushedOffset = progress.flushedOffset
    }

    enum CodingKeys: String, CodingKey {
        case name, time, sources, transforms, sinks, rejects
        case lagRecords = "lag_records"
        case lagSeconds = "lag_seconds"
        case unflushedBytes = "unflushed_bytes"
        case endOffset = "end_offset"
        case flushedOffset = "flushed_offset"
    }
}

extension PipelineProgress {
    /// Records accepted and not yet in an object.
    package var lagRecords: Int64 { max(0, endOffset - flushedOffset) }

    /// The age of the oldest record that is not in an object; 0 when all are.
    package func lagSeconds(at now: Timestamp) -> Double {
        guard lagRecords > 0, let oldest = oldestUnflushedAt else { return 0 }
        return Double(max(0, (now - oldest).milliseconds)) / 1_000
    }
}

/// The answer to a wait for an offset.
package struct PipelineWaitBody: Codable, Sendable {
    /// The offset that was waited for; -1 in a pipeline that has taken no record.
    package var offset: Int64
    /// Whether it, and all before it, are in objects; false when the time was over first.
    package var isFlushed: Bool
    package var progress: PipelineProgress

    package init(offset: Int64, isFlushed: Bool, progress: PipelineProgress) {
        self.offset = offset
        self.isFlushed = isFlushed
        self.progress = progress
    }

    enum CodingKeys: String, CodingKey {
        case offset, progress
        case isFlushed = "flushed"
    }
}
