import ArgumentParser
import FlareClient
import FlareModel

struct PipelinesUpdate: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "update",
        abstract: "Change the settings of a pipeline.",
        discussion: """
            What is left out stays as it is. Records accepted before are written under the old settings first. \
            An empty --batch-on-json-key, --prefix, --partition-by or --transform clears it; so do --cors-origins \
            none, --max-latency 0s, and flare pipelines schema clear.
            """
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The pipeline.", completion: Complete.pipelines)
    var name: String

    @Option(help: ArgumentHelp("The bucket that the objects go to.", valueName: "bucket"), completion: Complete.buckets)
    var destinationBucket: String?

    @OptionGroup var options: PipelineOptions

    func execute(_ shell: Shell) async throws {
        let settings = try options.settings()
        guard destinationBucket != nil || settings != PipelineSettingsBody() else {
            throw FlareError(.invalidArgument, "nothing to change", hint: "see: flare pipelines update --help")
        }
        let body = PipelineUpdateBody(destinationBucket: destinationBucket, settings: settings)
        let path = PipelinePath.pipeline(name)
        let pipeline = try await shell.client().call("PATCH", path, body: body, as: PipelineBody.self)
        shell.emit(pipeline) { "updated pipeline \(pipeline.name), now version \(pipeline.version)" }
    }
}
