import ArgumentParser
import FlareClient
import FlareModel

struct PipelinesCreate: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "create",
        abstract: "Create a pipeline, and its bucket when it is missing."
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: "1 to 63 lower-case letters, digits, \"-\" or \"_\".")
    var name: String

    @Option(help: ArgumentHelp("The bucket that the objects go to.", valueName: "bucket"), completion: Complete.buckets)
    var destinationBucket: String

    @OptionGroup var options: PipelineOptions

    func execute(_ shell: Shell) async throws {
        let body = PipelineCreateBody(
            name: name,
            destinationBucket: destinationBucket,
            settings: try options.settings()
        )
        let pipeline = try await shell.client().call("POST", PipelinePath.all, body: body, as: PipelineBody.self)
        shell.emit(pipeline) {
            let head = ["✅ Successfully created new pipeline \"\(pipeline.name)\"", "📥 Created endpoints:"]
            return (head + pipeline.endpoints.map { "➡ \($0.type): \($0.url)" }).joined(separator: "\n")
        }
    }
}
