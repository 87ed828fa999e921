import ArgumentParser
import FlareModel

struct WorkflowsWait: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "wait",
        abstract: "Wait until an instance has ended.",
        discussion: "Exit status: 0 complete, 1 errored or terminated, 124 not ended in time."
    )

    @OptionGroup var global: GlobalOptions
    @OptionGroup var instance: InstanceArguments

    @Option(name: .long, help: "Wait at most this long, as 30s or 5m. Default: without end.")
    var timeout: String?

    func execute(_ shell: Shell) async throws {
        let timeout = try timeout.map(parseDuration)
        let client = try await shell.client()
        try await InstanceEnd.wait(for: instance.id, of: instance.name, timeout: timeout, client, shell)
    }
}
