import ArgumentParser
import FlareClient
import FlareModel

struct WorkflowsStatus: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show an instance with all its steps."
    )

    @OptionGroup var global: GlobalOptions
    @OptionGroup var instance: InstanceArguments

    @Option(name: .long, help: "Show this run instead of the current one; each replay is a run.")
    var run: Int?

    @Flag(name: .long, help: "Show values in full. By default long ones are cut.")
    var full = false

    /// Characters of a value that a person reads at a glance.
    private static let shortLength = 80

    func execute(_ shell: Shell) async throws {
        let path = WorkflowPath.instance(instance.name, instance.id)
        let detail = try await shell.client().call(
            "GET",
            path,
            query: run.map { [("run", "\($0)")] } ?? [],
            as: InstanceDetailBody.self
        )
        shell.emit(detail) { WorkflowText.detail(detail, limit: full ? nil : Self.shortLength) }
    }
}
