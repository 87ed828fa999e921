import ArgumentParser
import FlareClient
import FlareModel

struct PipelinesList: FlareCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "List the pipelines.")

    @OptionGroup var global: GlobalOptions

    func execute(_ shell: Shell) async throws {
        let pipelines = try await shell.client().call("GET", PipelinePath.all, as: [PipelineBody].self)
        shell.list(pipelines, ["NAME", "BUCKET", "KEY", "RECORDS", "UNWRITTEN", "STATE"]) { pipeline in
            [
                pipeline.name, pipeline.destinationBucket, pipeline.settings.batchOnJSONKey ?? "-",
                "\(pipeline.progress.endOffset)", formatSizeBytes(pipeline.progress.unflushedBytes),
                pipeline.progress.lastError ?? "ok",
            ]
        }
    }
}
