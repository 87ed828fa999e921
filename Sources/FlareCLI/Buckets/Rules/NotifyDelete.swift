import ArgumentParser
import FlareClient
import FlareModel

struct NotifyDelete: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete",
        abstract: "Delete the notification rules of a bucket for a queue, or some of them."
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The bucket.", completion: Complete.buckets)
    var bucket: String

    @Option(name: .long, help: "The queue that gets the messages.", completion: Complete.queues)
    var queue: String

    @Option(name: .customLong("rule"), help: "The id of a rule to delete. May be repeated. Default: all of the queue.")
    var rules: [String] = []

    @Flag(name: .shortAndLong, help: "Do not ask.")
    var yes = false

    func execute(_ shell: Shell) async throws {
        let subject = rules.isEmpty ? "all notification rules" : counted(rules.count, "notification rule")
        try shell.confirm("delete \(subject) of bucket \"\(bucket)\" for queue \"\(queue)\"", yes: yes)
        let client = try await shell.client()
        if rules.isEmpty { try await requireRules(client) }
        _ = try await client.call(
            "DELETE",
            BucketPath.rules(bucket, queue: queue),
            body: NotificationDeleteBody(ruleIds: rules.isEmpty ? nil : rules),
            as: EmptyResult.self
        )
        shell.emit(["bucket": bucket, "queue": queue]) {
            "deleted notification rules of \(bucket) for queue \(queue)"
        }
    }

    /// Of rules named by their ids the engine says itself that they are not there.
    private func requireRules(_ client: EngineClient) async throws {
        let path = BucketPath.rules(bucket, queue: queue)
        guard try await client.call("GET", path, as: NotificationQueueBody.self).rules.isEmpty else { return }
        throw FlareError(
            .ruleNotFound,
            "bucket \"\(bucket)\" has no notification rule for queue \"\(queue)\"",
            hint: "flare buckets notify list \(bucket)"
        )
    }
}
