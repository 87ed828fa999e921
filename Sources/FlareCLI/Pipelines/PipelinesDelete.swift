import ArgumentParser
import FlareClient
import FlareModel

struct PipelinesDelete: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete",
        abstract: "Delete a pipeline; its bucket and objects stay.",
        discussion: "Records that it has accepted are written to the bucket first."
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The pipeline.", completion: Complete.pipelines)
    var name: String

    @Flag(help: "Give up records that are not written yet, for a bucket that cannot be written to any more.")
    var discard = false

    @Flag(name: .shortAndLong, help: "Do not ask.")
    var yes = false

    func execute(_ shell: Shell) async throws {
        try shell.confirm("delete pipeline \"\(name)\"", yes: yes)
        let query = discard ? [("discard", "true")] : []
        let path = PipelinePath.pipeline(name)
        _ = try await shell.client().call("DELETE", path, query: query, as: EmptyResult.self)
        shell.emit(["name": name]) { "deleted pipeline \(name)" }
    }
}
