import ArgumentParser
import FlareClient
import FlareModel

struct WorkflowTriggersAdd: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "add",
        abstract: "Begin an instance at the times of a cron expression, or for each batch of a queue.",
        discussion: """
            A cron expression has five fields in UTC: minute hour day-of-month month weekday. Weekdays are SUN to SAT \
            or 1 (Sunday) to 7. L, W and # work as in Cloudflare's: LW is the last working day of the month, FRI#2 \
            its second Friday. The instance finds {cron, scheduledTime} in event.schedule.

            With --queue a batch becomes one instance, whose event.messages are the bodies. The instance is created \
            and the messages are acknowledged in one step: after a crash there are both or neither.
            """
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The workflow.", completion: Complete.workflows)
    var name: String

    @Option(name: .long, help: ArgumentHelp("The times, such as \"*/5 * * * *\".", valueName: "expression"))
    var cron: String?

    @OptionGroup var missed: CatchUpOption

    @Option(name: .long, help: "The queue.", completion: Complete.queues)
    var queue: String?

    @Option(name: .long, help: "Messages that make a batch full, 1 to 100. Default: 10.")
    var batchSize: Int?

    @Option(name: .long, help: "The longest wait for a batch to fill, at most 60s. Default: 5s.")
    var batchTimeout: String?

    @Option(name: .long, help: "Attempts to begin an instance after the first one, 0 to 100. Default: 3.")
    var maxRetries: Int?

    @Option(name: .long, help: "Batches that may be turned into instances at once, 1 to 250.")
    var maxConcurrency: Int?

    @Option(
        name: .long,
        help: "The queue for messages whose last attempt failed; created when missing.",
        completion: Complete.queues
    )
    var deadLetterQueue: String?

    func validate() throws {
        guard (cron == nil) != (queue == nil) else { throw ValidationError("give one of --cron and --queue") }
        let ofQueues: [(String, Bool)] = [
            ("--batch-size", batchSize != nil), ("--batch-timeout", batchTimeout != nil),
            ("--max-retries", maxRetries != nil), ("--max-concurrency", maxConcurrency != nil),
            ("--dead-letter-queue", deadLetterQueue != nil),
        ]
        if queue == nil, let first = ofQueues.first(where: \.1) { throw ValidationError("\(first.0) needs --queue") }
        if cron == nil, missed.catchUp != nil { throw ValidationError("--catch-up needs --cron") }
    }

    func execute(_ shell: Shell) async throws {
        var request = TriggerRequest()
        request.cron = cron
        request.catchUp = try missed.value()
        request.queue = queue
        if queue != nil {
            request.settings = QueueConsumerSettingsBody(
                batchSize: batchSize,
                maxRetries: maxRetries,
                maxWaitTimeMs: try batchTimeout.map { Int(try parseDuration($0).milliseconds) },
                maxConcurrency: maxConcurrency
            )
            request.deadLetterQueue = deadLetterQueue
        }
        let trigger = try await shell.client().call(
            "POST",
            TriggerPath.workflow(name),
            body: request,
            as: TriggerBody.self
        )
        shell.emit(trigger) { TriggerText.added(trigger) }
    }
}
