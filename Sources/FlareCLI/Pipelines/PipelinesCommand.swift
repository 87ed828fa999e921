import ArgumentParser
import FlareModel

struct PipelinesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pipelines",
        abstract: "Take in records over HTTP, batch them, and write them to a bucket.",
        subcommands: [
            PipelinesCreate.self, PipelinesList.self, PipelinesGet.self, PipelinesUpdate.self, PipelinesDelete.self,
            PipelinesSend.self, PipelinesFlush.self,
        ]
    )
}

/// The API paths of pipelines.
enum PipelinePath {
    static let all = "/flare/v1/pipelines"

    static func pipeline(_ name: String) -> String { "\(all)/\(PercentCoding.encode(name))" }
}
