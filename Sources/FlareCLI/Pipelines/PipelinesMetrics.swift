import ArgumentParser
import FlareClient
import FlareModel

struct PipelinesMetrics: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "metrics",
        abstract: "Show what a pipeline has counted since the engine started, and how far behind it is.",
        discussion: "The same numbers are at GET /metrics of the control port, for Prometheus."
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The pipeline.", completion: Complete.pipelines)
    var name: String

    @Flag(help: "Show them again and again.")
    var watch = false

    @Option(help: "With --watch: the time in between, as 500ms or 2s.")
    var interval = "2s"

    @Flag(help: "Print one line of JSON each time.")
    var jsonl = false

    func execute(_ shell: Shell) async throws {
        let client = try await shell.client()
        let path = PipelinePath.own(name, "metrics")
        guard watch else {
            let metrics = try await client.call("GET", path, as: PipelineMetricsBody.self)
            if jsonl { return shell.writeBytes(FlareJSON.encode(metrics) + [UInt8(ascii: "\n")]) }
            return shell.emit(metrics) { PipelineMetricsText.describe(metrics) }
        }
        let milliseconds = try parseDuration(interval).milliseconds
        let response = try await client.send("GET", path, query: [("interval_ms", "\(milliseconds)")]).check()
        var isFirst = true
        for try await line in response.lines() {
            if jsonl || shell.json {
                shell.writeBytes(line + [UInt8(ascii: "\n")])
            } else {
                let metrics = try FlareJSON.decode(PipelineMetricsBody.self, from: line)
                // To the upper left corner, and everything below it away.
                let head = shell.isTerminal ? "\u{1B}[H\u{1B}[2J" : isFirst ? "" : "\n"
                shell.line(head + TerminalWidth.cut(PipelineMetricsText.describe(metrics)))
            }
            isFirst = false
        }
        if !Task.isCancelled { throw await PipelineEnd.reason(name, client) }
    }
}

/// Why a stream that has no end ended.
enum PipelineEnd {
    /// The pipeline is gone, or the engine is.
    static func reason(_ name: String, _ client: EngineClient) async -> any Error {
        do {
            _ = try await client.call("GET", PipelinePath.pipeline(name), as: PipelineBody.self)
        } catch let error as FlareError where error.code == .pipelineNotFound {
            return FlareError(.pipelineNotFound, "pipeline \"\(name)\" has been deleted")
        } catch {
            return error
        }
        return FlareError(.engineUnavailable, "the engine has ended the stream", hint: "flare engine logs")
    }
}

/// The numbers of a pipeline as people read them.
enum PipelineMetricsText {
    static func describe(_ metrics: PipelineMetricsBody) -> String {
        var parts = [
            Table.labelled([
                ("pipeline", metrics.name), ("records", "\(metrics.endOffset)"),
                ("lag", lag(metrics)),
                ("unwritten", formatSizeBytes(metrics.unflushedBytes)), ("rejects", "\(metrics.rejects)"),
            ])
        ]
        if !metrics.sources.isEmpty { parts.append(sources(metrics.sources)) }
        if !metrics.transforms.isEmpty { parts.append(transforms(metrics.transforms)) }
        parts.append(sinks(metrics.sinks))
        return parts.joined(separator: "\n\n")
    }

    private static func lag(_ metrics: PipelineMetricsBody) -> String {
        let records = metrics.lagRecords == 1 ? "1 record" : "\(metrics.lagRecords) records"
        return "\(records), \(seconds(metrics.lagSeconds))"
    }

    private static func sources(_ sources: [PipelineMetricsBody.Source]) -> String {
        Table.text(
            ["SOURCE", "REQUESTS", "RECORDS", "SIZE", "REFUSED", "THROTTLED"],
            sources.map { source in
                [
                    source.source, "\(source.requests)", "\(source.records)", formatSizeBytes(source.recordBytes),
                    "\(source.refused)", "\(source.throttled)",
                ]
            }
        )
    }

    private static func transforms(_ transforms: [PipelineMetricsBody.Transform]) -> String {
        Table.text(
            ["TRANSFORM", "RUNS", "IN", "OUT", "SIZE IN", "SIZE OUT", "ERRORS", "P50", "P99"],
            transforms.map { transform in
                [
                    transform.label, "\(transform.runs)", "\(transform.recordsIn)", "\(transform.recordsOut)",
                    formatSizeBytes(transform.bytesIn), formatSizeBytes(transform.bytesOut), "\(transform.errors)",
                    bound(transform.p50Seconds, transform), bound(transform.p99Seconds, transform),
                ]
            }
        )
    }

    private static func sinks(_ sinks: [PipelineMetricsBody.Sink]) -> String {
        Table.text(
            ["BUCKET", "OBJECTS", "RECORDS", "SIZE", "FAILURES", "REJECTED", "ROLLS"],
            sinks.map { sink in
                let rolls = sink.rolls.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
                return [
                    sink.bucket, "\(sink.objects)", "\(sink.records)", formatSizeBytes(sink.objectBytes),
                    "\(sink.failures)", "\(sink.rejected)", rolls.isEmpty ? "-" : rolls.joined(separator: ", "),
                ]
            }
        )
    }

    /// A quantile is known by the bound that it stays below.
    private static func bound(_ value: Double?, _ transform: PipelineMetricsBody.Transform) -> String {
        guard let value else { return transform.runs == 0 ? "-" : "> 30 s" }
        return "≤ " + seconds(value)
    }

    private static func seconds(_ value: Double) -> String {
        if value > 0, value < 1 {
            let tenths = Int((value * 10_000).rounded())
            return tenths % 10 == 0 ? "\(tenths / 10) ms" : "\(tenths / 10).\(tenths % 10) ms"
        }
        let tenths = Int((value * 10).rounded())
        return tenths % 10 == 0 ? "\(tenths / 10) s" : "\(tenths / 10).\(tenths % 10) s"
    }
}
