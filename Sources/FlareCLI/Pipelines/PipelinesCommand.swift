import ArgumentParser
import FlareModel

struct PipelinesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pipelines",
        abstract: "Take in records over HTTP, batch them, and write them to a bucket.",
        subcommands: [
            PipelinesCreate.self, PipelinesList.self, PipelinesGet.self, PipelinesUpdate.self, PipelinesDelete.self,
            PipelinesSend.self, PipelinesFlush.self, PipelinesWait.self, PipelinesTail.self, PipelinesMetrics.self,
            PipelineSchema.self, PipelineTokens.self, PipelineRejects.self,
        ]
    )
}

/// The API paths of pipelines.
enum PipelinePath {
    static let all = "/flare/v1/pipelines"

    static func pipeline(_ name: String) -> String { "\(all)/\(PercentCoding.encode(name))" }

    /// Something of a pipeline's own: `own("p", "tokens", "ci")`.
    static func own(_ name: String, _ parts: String...) -> String {
        ([pipeline(name)] + parts.map { PercentCoding.encode($0) }).joined(separator: "/")
    }
}
