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
        let batch = pipeline.batch
        let limits = [
            batch.maxBytes.map(formatSizeBytes), batch.maxDurationSeconds.map { "\($0) s" },
            batch.maxRows.map { "\($0) rows" },
        ]
        var rows = [
            ("name", pipeline.name), ("id", pipeline.id), ("bucket", pipeline.destinationBucket),
            ("json key", pipeline.batchOnJSONKey ?? "-"), ("prefix", pipeline.prefix.isEmpty ? "-" : pipeline.prefix),
            ("compression", pipeline.compression.rawValue),
            ("batch", limits.compactMap { $0 }.joined(separator: ", ")),
        ]
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
}
