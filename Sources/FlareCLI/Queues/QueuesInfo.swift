import ArgumentParser
import FlareClient
import FlareModel

struct QueuesInfo: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "info",
        abstract: "Show a queue: its settings, its consumer, and what has happened to its messages."
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The queue.", completion: Complete.queues)
    var name: String

    func execute(_ shell: Shell) async throws {
        let status = try await shell.client().call("GET", QueuePath.own(name), as: QueueStatusBody.self)
        shell.emit(status) { Table.labelled(lines(status)) }
    }

    private func lines(_ status: QueueStatusBody) -> [(String, String)] {
        let queue = status.queue
        var lines = [
            ("Name", queue.name),
            ("Id", queue.id),
            ("Created", queue.createdOn.text),
            ("Delivery", queue.settings.deliveryPaused == true ? "paused" : "on"),
            ("Delay", "\(queue.settings.deliveryDelay ?? 0) s"),
            ("Retention", "\(queue.settings.messageRetentionPeriod ?? 0) s"),
            ("Producers", queue.producers.map(\.text).joined(separator: ", ")),
            ("Consumer", queue.consumers.first.map(\.text) ?? "none: messages wait"),
        ]
        if let consumer = queue.consumers.first {
            let settings = consumer.settings
            let wait = settings.maxWaitTimeMs.map { ", at most \($0) ms" } ?? ""
            lines.append(("Batch", "\(settings.batchSize ?? 0) messages\(wait)"))
            lines.append(("Retries", "\(settings.maxRetries ?? 0), after \(settings.retryDelay ?? 0) s"))
            lines.append(("Dead letters", consumer.deadLetterQueue ?? "kept here"))
        }
        lines += [
            ("Waiting", "\(status.backlogCount) (\(formatSizeBytes(status.backlogBytes)))"),
            ("Oldest", status.oldestMessage?.text ?? "-"),
            ("Dead", "\(status.deadCount)"),
            ("Accepted", "\(status.totals.accepted)"),
            ("Acknowledged", "\(status.totals.acknowledged)"),
            ("Retried", "\(status.totals.retried)"),
            ("Died", "\(status.totals.died)"),
            ("Expired", "\(status.totals.expired)"),
        ]
        return lines
    }
}

extension QueueProducerBody {
    fileprivate var text: String {
        bucketName.map { "bucket \($0)" } ?? "worker \(script ?? "?")"
    }
}
