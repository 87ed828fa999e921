import ArgumentParser
import FlareClient
import FlareModel

struct NotifyCreate: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "create",
        abstract: "Send a message to a queue for each event of a bucket's objects.",
        discussion: "An event may fire one rule of a bucket only: rules that overlap are refused."
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The bucket.", completion: Complete.buckets)
    var bucket: String

    @Option(name: .long, help: "The queue that gets the messages.", completion: Complete.queues)
    var queue: String

    @Option(
        name: [.customLong("event-type"), .customLong("event-types")],
        help: "What to tell about: object-create or object-delete. May be given twice."
    )
    var eventTypes: [ObjectEventType] = []

    @Option(
        name: .customLong("action"),
        help: "A single action to tell about: PutObject, CopyObject, LifecycleDeletion, … May be repeated."
    )
    var actions: [ObjectAction] = []

    @Option(name: .long, help: "Only keys that begin with this.")
    var prefix: String = ""

    @Option(name: .long, help: "Only keys that end with this.")
    var suffix: String = ""

    @Option(name: .long, help: "A note for people.")
    var description: String = ""

    func validate() throws {
        guard !eventTypes.isEmpty || !actions.isEmpty else {
            throw ValidationError("say what to tell about: --event-type object-create, object-delete, or --action")
        }
    }

    func execute(_ shell: Shell) async throws {
        let actions = eventTypes.flatMap(\.actions) + actions
        let rule = NotificationCreateBody.Rule(
            prefix: prefix,
            suffix: suffix,
            description: description,
            actions: ObjectAction.allCases.filter(actions.contains)
        )
        let client = try await shell.client()
        let added = try await client.call(
            "PUT",
            BucketPath.rules(bucket, queue: queue),
            body: NotificationCreateBody(rules: [rule]),
            as: NotificationQueueBody.self
        )
        guard let item = NotificationItem.items(added).first else {
            throw FlareError(.internalError, "the engine answered the new rule without a result")
        }
        shell.emit(item) {
            let keys = SafePath.visible("\(prefix)…\(suffix)")
            return "created rule \(item.ruleId): \(item.events) of \(bucket)/\(keys) to queue \(item.queueName)"
        }
    }
}

extension ObjectEventType: ExpressibleByArgument {}
