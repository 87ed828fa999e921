import FlareModel
import FlarePipelines

/// What pipelines have counted, as the API and as Prometheus tell it.
struct PipelineMetricsReport {
    let pipelines: PipelineService

    /// The numbers of one pipeline; throws `pipelineNotFound`.
    func body(of name: String) async throws -> PipelineMetricsBody {
        let status = try pipelines.get(name)
        let counts = try pipelines.metrics(of: name)
        let rejects = try await pipelines.rejectCount(of: name)
        let sink = counts.sink
        return PipelineMetricsBody(
            name: status.record.name,
            time: pipelines.now(),
            sources: IngestSource.allCases.compactMap { source in
                counts.sources[source].map { Self.body(source, $0) }
            },
            transforms: counts.labels.map { Self.body($0.name, $0.counts) },
            sinks: [
                PipelineMetricsBody.Sink(
                    bucket: status.record.settings.bucket,
                    objects: sink.objects,
                    records: sink.records,
                    objectBytes: sink.bytes,
                    rolls: Dictionary(uniqueKeysWithValues: sink.rolls.map { ($0.key.rawValue, $0.value) }),
                    failures: sink.failures,
                    rejected: sink.rejected
                )
            ],
            rejects: rejects,
            progress: status.progress
        )
    }

    private static func body(_ source: IngestSource, _ counts: PipelineMetrics.Source) -> PipelineMetricsBody.Source {
        PipelineMetricsBody.Source(
            source: source.name,
            requests: counts.requests,
            records: counts.records,
            recordBytes: counts.bytes,
            refused: counts.refused,
            throttled: counts.throttled
        )
    }

    private static func body(_ label: String, _ counts: PipelineMetrics.Label) -> PipelineMetricsBody.Transform {
        PipelineMetricsBody.Transform(
            label: label,
            runs: counts.duration.count,
            recordsIn: counts.recordsIn,
            recordsOut: counts.recordsOut,
            bytesIn: counts.bytesIn,
            bytesOut: counts.bytesOut,
            errors: counts.errors,
            durationSeconds: counts.duration.sum,
            p50Seconds: counts.duration.quantile(0.5),
            p99Seconds: counts.duration.quantile(0.99)
        )
    }

    // MARK: Prometheus

    /// One pipeline at the moment of the call.
    private struct Numbers {
        let name: String
        let counts: PipelineMetrics.Snapshot
        let progress: PipelineProgress
        let rejects: Int
    }

    /// Writes the numbers of all pipelines.
    func write(to text: inout MetricsText) async throws {
        var all: [Numbers] = []
        for status in pipelines.list() {
            let id = status.record.id
            // One that is deleted meanwhile, or whose stream cannot be opened, has no numbers.
            guard let counts = try? pipelines.metrics(of: id) else { continue }
            do {
                let rejects = try await pipelines.rejectCount(of: id)
                all.append(
                    Numbers(name: status.record.name, counts: counts, progress: status.progress, rejects: rejects)
                )
            } catch let error as FlareError where error.code == .pipelineNotFound {
                continue
            }
        }
        writeSources(of: all, to: &text)
        writeTransforms(of: all, to: &text)
        writeSinks(of: all, to: &text)
        writeLag(of: all, to: &text)
    }

    private func writeSources(of all: [Numbers], to text: inout MetricsText) {
        func family(_ name: String, _ help: String, _ value: (PipelineMetrics.Source) -> Int) {
            text.family("flare_pipeline_\(name)_total", .counter, help) { family in
                for pipeline in all {
                    for source in IngestSource.allCases {
                        guard let counts = pipeline.counts.sources[source] else { continue }
                        family.add(value(counts), [("pipeline", pipeline.name), ("source", source.name)])
                    }
                }
            }
        }
        family("requests", "Requests, frames or batches that were taken.") { $0.requests }
        family("records", "Records that were accepted.") { $0.records }
        family("record_bytes", "Bytes of records that were accepted.") { $0.bytes }
        family("refused", "Records that were refused at the door.") { $0.refused }
        family("throttled", "Requests that were asked to come again later.") { $0.throttled }
    }

    private func writeTransforms(of all: [Numbers], to text: inout MetricsText) {
        func family(
            _ name: String,
            _ kind: MetricsText.Kind,
            _ help: String,
            _ write: (inout MetricsText.Family, PipelineMetrics.Label, [(String, String)]) -> Void
        ) {
            text.family("flare_pipeline_transform_\(name)", kind, help) { family in
                for pipeline in all {
                    for label in pipeline.counts.labels {
                        write(&family, label.counts, [("pipeline", pipeline.name), ("label", label.name)])
                    }
                }
            }
        }
        family("records_in_total", .counter, "Records given to a transform.") { $0.add($1.recordsIn, $2) }
        family("records_out_total", .counter, "Records that a transform returned.") { $0.add($1.recordsOut, $2) }
        family("in_bytes_total", .counter, "Bytes of records given to a transform.") { $0.add($1.bytesIn, $2) }
        family("out_bytes_total", .counter, "Bytes of records that a transform returned.") { $0.add($1.bytesOut, $2) }
        family("errors_total", .counter, "Runs of a transform that failed.") { $0.add($1.errors, $2) }
        family("duration_seconds", .histogram, "How long a transform took for a batch.") { family, counts, labels in
            let duration = counts.duration
            family.add(bounds: Histogram.bounds, counts: duration.counts, sum: duration.sum, labels)
        }
    }

    private func writeSinks(of all: [Numbers], to text: inout MetricsText) {
        func family(_ name: String, _ help: String, _ value: (PipelineMetrics.Sink) -> Int) {
            text.family("flare_pipeline_\(name)_total", .counter, help) { family in
                for pipeline in all { family.add(value(pipeline.counts.sink), [("pipeline", pipeline.name)]) }
            }
        }
        func byReason(_ name: String, _ help: String, _ values: (PipelineMetrics.Sink) -> [RollReason: Int]) {
            text.family("flare_pipeline_\(name)_total", .counter, help) { family in
                for pipeline in all {
                    let values = values(pipeline.counts.sink)
                    for reason in RollReason.allCases {
                        let labels = [("pipeline", pipeline.name), ("reason", reason.rawValue)]
                        family.add(values[reason] ?? 0, labels)
                    }
                }
            }
        }
        byReason("objects", "Objects written, by why their batch was complete.") { $0.rolledObjects }
        byReason("batches", "Batches written, by why they were complete.") { $0.rolls }
        family("written_records", "Records written to objects.") { $0.records }
        family("written_bytes", "Bytes of the objects written.") { $0.bytes }
        family("write_failures", "Attempts to write that failed and were tried again.") { $0.failures }
        family("rejected", "Records that became rejects.") { $0.rejected }
    }

    private func writeLag(of all: [Numbers], to text: inout MetricsText) {
        let now = pipelines.now()
        func family(_ name: String, _ help: String, _ value: (Numbers) -> Double) {
            text.family("flare_pipeline_\(name)", .gauge, help) { family in
                for pipeline in all { family.add(value(pipeline), [("pipeline", pipeline.name)]) }
            }
        }
        family("lag_records", "Records accepted and not yet in an object.") { Double($0.progress.lagRecords) }
        family("lag_seconds", "Age of the oldest record that is not in an object.") { $0.progress.lagSeconds(at: now) }
        family("unflushed_bytes", "Bytes of records not yet in an object.") { Double($0.progress.unflushedBytes) }
        family("rejects", "Rejects that are kept.") { Double($0.rejects) }
    }
}
