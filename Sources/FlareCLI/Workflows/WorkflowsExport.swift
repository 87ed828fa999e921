import ArgumentParser
import FlareClient
import FlareModel

struct WorkflowsExport: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Write the history of an instance as JSON, for the record and for verify.",
        discussion: """
            The document holds the parameters, every step with its result and its times, and what the run came to. \
            Outputs of sensitive steps are left out unless --sensitive is given.
            """
    )

    @OptionGroup var global: GlobalOptions
    @OptionGroup var instance: InstanceArguments

    @Option(name: .long, help: "This run instead of the current one.")
    var run: Int?

    @Flag(name: .long, help: "Write the outputs of sensitive steps too.")
    var sensitive = false

    func execute(_ shell: Shell) async throws {
        let query = [("run", run.map { "\($0)" }), ("sensitive", sensitive ? "true" : nil)]
        let response = try await shell.client().send(
            "GET",
            WorkflowPath.own(instance.name, instance.id) + "/export",
            query: query.compactMap { name, value in value.map { (name, $0) } }
        )
        for try await chunk in try await response.check().chunks { shell.writeBytes(chunk) }
    }
}
