import ArgumentParser
import FlareClient
import FlareModel

struct WorkflowsLogs: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "logs",
        abstract: "Show what happened to an instance, and what its code printed.",
        discussion: "With --json, one object a line; --cursor takes the last one's cursor to go on after it."
    )

    @OptionGroup var global: GlobalOptions
    @OptionGroup var instance: InstanceArguments

    @Flag(name: .long, help: "Go on as lines are written, until the instance has ended.")
    var follow = false

    @Option(name: .long, help: "Only lines after this cursor.")
    var cursor: Int = 0

    func execute(_ shell: Shell) async throws {
        let query = [("follow", "\(follow)"), ("cursor", "\(cursor)")]
        let response = try await shell.client().send(
            "GET",
            WorkflowPath.own(instance.name, instance.id) + "/logs",
            query: query
        )
        for try await line in try await response.check().lines() {
            guard !shell.json else {
                shell.writeBytes(line + [UInt8(ascii: "\n")])
                continue
            }
            shell.line(WorkflowText.line(try FlareJSON.decode(InstanceLogBody.self, from: line)))
        }
    }
}
