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

    @Flag(name: .long, help: "Show values in full. By default long ones are cut.")
    var full = false

    /// Characters of a value that a person reads at a glance.
    private static let shortLength = 80

    func execute(_ shell: Shell) async throws {
        let path = WorkflowPath.instance(instance.name, instance.id)
        let detail = try await shell.client().call("GET", path, as: InstanceDetailBody.self)
        shell.emit(detail) { WorkflowText.detail(detail, limit: full ? nil : Self.shortLength) }
    }
}
