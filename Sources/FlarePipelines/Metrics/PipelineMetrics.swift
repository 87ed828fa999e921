import FlareModel
import Synchronization

/// What one pipeline has counted since the engine started.
package final class PipelineMetrics: Sendable {
    /// One door.
    package struct Source: Sendable {
        package fileprivate(set) var requests = 0
        package fileprivate(set) var records = 0
        package fileprivate(set) var bytes = 0
        package fileprivate(set) var refused = 0
        package fileprivate(set) var throttled = 0

        fileprivate mutating func add(records: Int, bytes: Int, refused: Int) {
            requests += 1
            self.records += records
            self.bytes += bytes
            self.refused += refused
        }
    }

    /// One label of a transform.
    package struct Label: Sendable {
        package fileprivate(set) var recordsIn = 0
        package fileprivate(set) var recordsOut = 0
        package fileprivate(set) var bytesIn = 0
        package fileprivate(set) var bytesOut = 0
        package fileprivate(set) var errors = 0
        package fileprivate(set) var duration = Histogram()
    }

    /// The side of the bucket.
    package struct Sink: Sendable {
        package fileprivate(set) var objects = 0
        package fileprivate(set) var records = 0
        package fileprivate(set) var bytes = 0
        /// Batches by why they were complete, and their objects.
        package fileprivate(set) var rolls: [RollReason: Int] = [:]
        package fileprivate(set) var rolledObjects: [RollReason: Int] = [:]
        package fileprivate(set) var failures = 0
        package fileprivate(set) var rejected = 0
    }

    package struct Snapshot: Sendable {
        package fileprivate(set) var sources: [IngestSource: Source] = [:]
        /// In the order in which they were first seen.
        package fileprivate(set) var labels: [(name: String, counts: Label)] = []
        package fileprivate(set) var sink = Sink()
    }

    private let counts = Mutex(Snapshot())

    package init() {}

    package var snapshot: Snapshot { counts.withLock { $0 } }

    /// Records of a request are durable.
    package func took(_ source: IngestSource, records: Int, bytes: Int, refused: Int) {
        counts.withLock { $0.sources[source, default: Source()].add(records: records, bytes: bytes, refused: refused) }
    }

    /// A request was asked to come again later.
    package func throttled(_ source: IngestSource) {
        counts.withLock { $0.sources[source, default: Source()].throttled += 1 }
    }

    /// A transform's function has run over a batch.
    func transformed(_ label: String, _ change: (inout Label) -> Void) {
        counts.withLock { counts in
            let index = counts.labels.firstIndex { $0.name == label } ?? counts.labels.count
            if index == counts.labels.count {
                // Labels come from user code; without a bound a label made of data would fill the memory.
                guard index < Limits.transformLabelsMax else { return }
                counts.labels.append((label, Label()))
            }
            change(&counts.labels[index].counts)
        }
    }

    /// The objects of a batch are committed.
    func wrote(objects: Int, records: Int, bytes: Int, reason: RollReason) {
        counts.withLock { counts in
            counts.sink.objects += objects
            counts.sink.records += records
            counts.sink.bytes += bytes
            counts.sink.rolls[reason, default: 0] += 1
            counts.sink.rolledObjects[reason, default: 0] += objects
        }
    }

    func rejected(_ count: Int) {
        counts.withLock { $0.sink.rejected += count }
    }

    func failed() {
        counts.withLock { $0.sink.failures += 1 }
    }
}

/// Why a batch was complete.
package enum RollReason: String, Sendable, CaseIterable {
    case size, rows, age
    /// Too many keys were open, or they held too many bytes.
    case memory
    /// It held back the recycling of the log.
    case span
    /// Somebody asked for it, or the settings changed.
    case flush
}

extension PipelineMetrics.Label {
    /// Adds what one run over a batch reports.
    mutating func add(recordsIn: Int, recordsOut: Int, bytesIn: Int, bytesOut: Int, errors: Int, milliseconds: Double) {
        self.recordsIn += recordsIn
        self.recordsOut += recordsOut
        self.bytesIn += bytesIn
        self.bytesOut += bytesOut
        self.errors += errors
        duration.add(milliseconds / 1_000)
    }
}

/// How often something took how long: cumulative buckets, as Prometheus reads them.
package struct Histogram: Sendable {
    /// Upper bounds in seconds.
    package static let bounds: [Double] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]

    /// One for each bound, and one for all that took longer.
    package private(set) var counts = [Int](repeating: 0, count: bounds.count + 1)
    package private(set) var sum = 0.0

    package var count: Int { counts.reduce(0, +) }

    mutating func add(_ seconds: Double) {
        counts[Self.bounds.firstIndex { seconds <= $0 } ?? Self.bounds.count] += 1
        sum += seconds
    }

    /// The bound below which a part of all lies; nil when there are none, or when they lie above the last bound.
    package func quantile(_ part: Double) -> Double? {
        let wanted = Double(count) * part
        var seen = 0
        for (bound, count) in zip(Self.bounds, counts) {
            seen += count
            if count > 0, Double(seen) >= wanted { return bound }
        }
        return nil
    }
}
