import ArgumentParser
import FlareClient
import FlareModel

struct QueuesList: FlareCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "List the queues.")

    @OptionGroup var global: GlobalOptions

    func execute(_ shell: Shell) async throws {
        let queues = try await shell.client().call("GET", QueuePath.own, as: [QueueStatusBody].self)
        shell.list(queues, ["NAME", "WAITING", "DEAD", "SIZE", "CONSUMER"]) { status in
            [
                status.queue.name,
                "\(status.backlogCount)",
                "\(status.deadCount)",
                formatSizeBytes(status.backlogBytes),
                status.queue.consumers.first.map(\.text) ?? "-",
            ]
        }
    }
}

extension QueueConsumerBody {
    /// Who it is, in a few words.
    var text: String {
        switch type {
        case "worker": "worker \(scriptName ?? "?")"
        case "workflow": "workflow \(workflowName ?? "?")"
        default: "http_pull"
        }
    }
}
