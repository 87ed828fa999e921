import ArgumentParser
import FlareClient
import FlareModel

struct PipelinesGet: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "get",
        abstract: "Show a pipeline: settings, endpoints, and how far it has come."
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The pipeline.", completion: Complete.pipelines)
    var name: String

    func execute(_ shell: Shell) async throws {
        let pipeline = try await shell.client().call("GET", PipelinePath.pipeline(name), as: PipelineBody.self)
        shell.emit(pipeline) { PipelineText.describe(pipeline) }
    }
}

/// A pipeline as people read it.
enum PipelineText {
    static func describe(_ pipeline: PipelineBody) -> String {
        let settings = pipeline.settings
        let limits = [
            settings.batch?.maxBytes.map(formatSizeBytes), settings.batch?.maxDurationSeconds.map { "\($0) s" },
            settings.batch?.maxRows.map { "\($0) rows" },
        ]
        var rows = [
            ("name", pipeline.name), ("id", pipeline.id), ("bucket", pipeline.destinationBucket),
            ("json key", settings.batchOnJSONKey ?? "-"), ("prefix", text(settings.prefix)),
            ("partition by", text(settings.partitionBy)), ("format", settings.format?.rawValue ?? "-"),
            ("compression", settings.compression?.rawValue ?? "-"),
            ("schema", settings.schema.map { counted($0.fields.count, "field") } ?? "-"),
            ("transform", settings.transform ?? "-"),
            ("concurrency", settings.concurrency.map { $0 == 0 ? "auto" : "\($0)" } ?? "auto"),
            ("batch", limits.compactMap { $0 }.joined(separator: ", ")),
        ]
        if let latency = settings.maxLatencyMilliseconds { rows.append(("max latency", "\(latency) ms")) }
        if settings.requiresHTTPAuth == true { rows.append(("takes records", "with a token")) }
        if let origins = settings.corsOrigins, !origins.isEmpty {
            rows.append(("origins", origins.joined(separator: ", ")))
        }
        if settings.keepsKafkaMetadata == true { rows.append(("kafka metadata", "kept")) }
        rows += pipeline.endpoints.map { ("endpoint", $0.url) }
        rows += [
            ("records", "\(pipeline.progress.endOffset)"),
            ("unwritten", formatSizeBytes(pipeline.progress.unflushedBytes)),
            ("open batches", "\(pipeline.progress.openBatches)"), ("state", pipeline.progress.lastError ?? "ok"),
            ("created", pipeline.createdOn.text), ("modified", pipeline.modifiedOn.text),
        ]
        let width = (rows.map(\.0.count).max() ?? 0) + 2
        return rows.map { $0 + ":" + String(repeating: " ", count: width - $0.count - 1) + $1 }.joined(separator: "\n")
    }
    private static func text(_ value: String?) -> String {
        guard let value, !value.isEmpty else { return "-" }
        return value
    }
}
