import ArgumentParser
import FlareClient
import FlareModel

struct PipelinesFlush: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "flush",
        abstract: "Write what a pipeline has accepted to its bucket now."
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The pipeline.", completion: Complete.pipelines)
    var name: String

    func execute(_ shell: Shell) async throws {
        let path = PipelinePath.pipeline(name) + "/flush"
        let pipeline = try await shell.client().call("POST", path, as: PipelineBody.self)
        shell.emit(pipeline) {
            "flushed pipeline \(pipeline.name): records below offset \(pipeline.progress.flushedOffset) are in "
                + "bucket \(pipeline.destinationBucket)"
        }
    }
}
