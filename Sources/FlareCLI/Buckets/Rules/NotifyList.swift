import ArgumentParser
import FlareClient
import FlareModel

struct NotifyList: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the notification rules of a bucket."
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The bucket.", completion: Complete.buckets)
    var bucket: String

    func execute(_ shell: Shell) async throws {
        let configuration = try await shell.client().call(
            "GET",
            BucketPath.rules(bucket),
            as: NotificationConfigurationBody.self
        )
        let items = configuration.queues.flatMap(NotificationItem.items)
        shell.list(items, ["RULE", "QUEUE", "EVENTS", "PREFIX", "SUFFIX", "SET BY", "DESCRIPTION"]) { item in
            [item.ruleId, item.queueName, item.events, item.prefix, item.suffix, item.setBy, item.description]
        }
    }
}

/// One rule with its queue, as the command line shows it.
struct NotificationItem: Encodable, Sendable {
    let ruleId: String
    let queueId: String
    let queueName: String
    let prefix: String
    let suffix: String
    let description: String
    let actions: [ObjectAction]
    let createdAt: Timestamp
    /// The Worker whose configuration the rule stands in; absent for one that was made by command.
    let worker: String?

    static func items(_ body: NotificationQueueBody) -> [NotificationItem] {
        body.rules.map { rule in
            NotificationItem(
                ruleId: rule.ruleId,
                queueId: body.queueId,
                queueName: body.queueName,
                prefix: rule.prefix,
                suffix: rule.suffix,
                description: rule.description,
                actions: rule.actions,
                createdAt: rule.createdAt,
                worker: rule.worker
            )
        }
    }

    var setBy: String { worker.map { "worker \($0)" } ?? "command" }

    /// The actions in the words of `--event-type` where they make up a whole type.
    var events: String { ObjectEventType.words(for: actions).joined(separator: ",") }
}
