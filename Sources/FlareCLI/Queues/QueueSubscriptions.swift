import ArgumentParser
import FlareClient
import FlareModel

/// The group `flare queues subscriptions`.
struct SubscriptionsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "subscriptions",
        abstract: "Tell a queue when buckets, Workers and instances of workflows come, change and go.",
        discussion: """
            Sources and their events:
              r2                  bucket.created, bucket.deleted
              workers.script      worker.created, worker.updated, worker.deleted,
                                  version.created, version.deleted,
                                  deployment.created, deployment.deleted
              workflows.workflow  instance.queued, instance.started, instance.paused,
                                  instance.errored, instance.terminated,
                                  instance.completed
            """,
        subcommands: [
            SubscriptionsCreate.self, SubscriptionsList.self, SubscriptionsGet.self, SubscriptionsUpdate.self,
            SubscriptionsDelete.self,
        ],
        aliases: ["subscription"]
    )

    static let path = "/client/v4/accounts/local/event_subscriptions/subscriptions"

    static func path(_ id: String) throws -> String {
        // An empty id would be the address of the listing.
        guard !id.isEmpty else { throw FlareError(.invalidArgument, "the id of the subscription is empty") }
        return "\(path)/\(PercentCoding.encode(id))"
    }

    /// The subscription of a queue with an id; throws `subscriptionNotFound` when it is another queue's.
    static func find(_ id: String, of queue: String, _ client: EngineClient) async throws -> SubscriptionBody {
        let queueID = try await client.call("GET", QueuePath.queue(queue), as: QueueBody.self).id
        let found = try await client.call("GET", path(id), as: SubscriptionBody.self)
        guard found.destination.queueID == queueID else {
            throw FlareError(
                .subscriptionNotFound,
                "queue \"\(queue)\" has no event subscription \"\(id)\"",
                hint: "see: flare queues subscriptions list \(queue)"
            )
        }
        return found
    }

    /// Names of events, separated by commas or spaces.
    static func events(_ text: String) -> [String] {
        text.split { $0 == "," || $0 == " " }.map(String.init)
    }

    static func labelled(_ body: SubscriptionBody) -> String {
        Table.labelled([
            ("ID", body.id), ("Name", body.name), ("Enabled", body.enabled ? "yes" : "no"),
            ("Source", body.source.type), ("Subject", body.source.subject ?? "all"),
            ("Events", body.events.joined(separator: ", ")), ("Created", body.createdAt.text),
            ("Modified", body.modifiedAt.text),
        ])
    }
}

struct SubscriptionsCreate: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "create",
        abstract: "Subscribe a queue to events."
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The queue.", completion: Complete.queues)
    var queue: String

    @Option(help: "What to listen to: r2, workers.script or workflows.workflow.")
    var source: String

    @Option(help: "The events, separated by commas; all are in: flare queues subscriptions --help.")
    var events: String

    @Option(help: "A name for people. Default: the queue and the source.")
    var name: String?

    @Option(help: "Whether to begin at once: true or false.")
    var enabled = true

    @Option(help: "The Worker of workers.script. Default: all.")
    var workerName: String?

    @Option(help: "The workflow of workflows.workflow. Default: all.")
    var workflowName: String?

    func execute(_ shell: Shell) async throws {
        let client = try await shell.client()
        let queueID = try await client.call("GET", QueuePath.queue(queue), as: QueueBody.self).id
        let body = SubscriptionCreateBody(
            name: name ?? "\(queue) \(source)",
            enabled: enabled,
            source: SubscriptionSourceBody(type: source, workflowName: workflowName, scriptTag: workerName),
            destination: SubscriptionDestinationBody(queueID: queueID),
            events: SubscriptionsCommand.events(events)
        )
        let made = try await client.call("POST", SubscriptionsCommand.path, body: body, as: SubscriptionBody.self)
        shell.emit(made) { "created event subscription \(made.name) with id \(made.id) for queue \(queue)" }
    }
}

struct SubscriptionsList: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the event subscriptions of a queue, or of all queues."
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The queue. Default: all.", completion: Complete.queues)
    var queue: String?

    @Option(help: "The page, from 1.")
    var page = 1

    @Option(help: "Subscriptions on a page, 1 to 1000.")
    var perPage = 100

    func execute(_ shell: Shell) async throws {
        let client = try await shell.client()
        var query = [("page", "\(page)"), ("per_page", "\(perPage)")]
        if let queue {
            query.append(("queue_id", try await client.call("GET", QueuePath.queue(queue), as: QueueBody.self).id))
        }
        let all = try await client.call("GET", SubscriptionsCommand.path, query: query, as: [SubscriptionBody].self)
        shell.list(all, ["ID", "NAME", "SOURCE", "SUBJECT", "ENABLED", "EVENTS"]) { item in
            [
                item.id, item.name, item.source.type, item.source.subject ?? "all", item.enabled ? "yes" : "no",
                item.events.joined(separator: ","),
            ]
        }
    }
}

struct SubscriptionsGet: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "get",
        abstract: "Show an event subscription of a queue."
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The queue.", completion: Complete.queues)
    var queue: String

    @Option(help: "The id of the subscription.")
    var id: String

    func execute(_ shell: Shell) async throws {
        let found = try await SubscriptionsCommand.find(id, of: queue, shell.client())
        shell.emit(found) { SubscriptionsCommand.labelled(found) }
    }
}

struct SubscriptionsUpdate: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "update",
        abstract: "Change an event subscription of a queue."
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The queue.", completion: Complete.queues)
    var queue: String

    @Option(help: "The id of the subscription.")
    var id: String

    @Option(help: "Another name.")
    var name: String?

    @Option(help: "The events in place of the old ones, separated by commas.")
    var events: String?

    @Option(help: "Whether it is told of events: true or false.")
    var enabled: Bool?

    func validate() throws {
        guard name != nil || events != nil || enabled != nil else {
            throw ValidationError("give --name, --events or --enabled")
        }
    }

    func execute(_ shell: Shell) async throws {
        let client = try await shell.client()
        _ = try await SubscriptionsCommand.find(id, of: queue, client)
        let body = SubscriptionUpdateBody(
            name: name,
            enabled: enabled,
            events: events.map(SubscriptionsCommand.events)
        )
        let path = try SubscriptionsCommand.path(id)
        let changed = try await client.call("PATCH", path, body: body, as: SubscriptionBody.self)
        shell.emit(changed) { "updated event subscription \(changed.name)" }
    }
}

struct SubscriptionsDelete: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete",
        abstract: "End an event subscription of a queue; messages that are in the queue stay."
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The queue.", completion: Complete.queues)
    var queue: String

    @Option(help: "The id of the subscription.")
    var id: String

    @Flag(name: [.short, .long, .customLong("force")], help: "Do not ask.")
    var yes = false

    func execute(_ shell: Shell) async throws {
        try shell.confirm("end the event subscription \"\(id)\" of queue \"\(queue)\"", yes: yes)
        let client = try await shell.client()
        _ = try await SubscriptionsCommand.find(id, of: queue, client)
        let ended = try await client.call("DELETE", SubscriptionsCommand.path(id), as: SubscriptionBody.self)
        shell.emit(ended) { "deleted event subscription \(ended.name)" }
    }
}

extension SubscriptionSourceBody {
    /// The Worker or the workflow; nil for all.
    fileprivate var subject: String? { workflowName ?? scriptTag ?? workerName }
}
