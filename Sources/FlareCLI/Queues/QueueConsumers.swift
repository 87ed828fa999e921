import ArgumentParser
import FlareClient
import FlareModel

struct QueueConsumersList: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "Show the consumer of a queue and its settings."
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The queue.", completion: Complete.queues)
    var name: String

    func execute(_ shell: Shell) async throws {
        try await QueueConsumers.list(of: name, shell) { _ in true }
    }
}

struct QueueConsumersAdd: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "add",
        abstract: "Deliver a queue to a Worker, to a workflow, or to clients that pull.",
        discussion: "A queue has one consumer. Deploying a Worker adds the consumers of its configuration by itself."
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The queue.", completion: Complete.queues)
    var name: String

    @Option(help: "Deliver to the queue() handler of this Worker.", completion: Complete.workers)
    var worker: String?

    @Option(help: "Start an instance of this workflow for each batch.", completion: Complete.workflows)
    var workflow: String?

    @Flag(help: "Let clients pull. This is how a queue without a consumer behaves too; here it gets settings.")
    var pull = false

    @OptionGroup var settings: QueueConsumerOptions

    func validate() throws {
        guard [worker != nil, workflow != nil, pull].filter({ $0 }).count == 1 else {
            throw ValidationError("give one of --worker, --workflow and --pull")
        }
    }

    func execute(_ shell: Shell) async throws {
        try await settings.add(
            to: name,
            type: worker != nil ? "worker" : workflow != nil ? "workflow" : "http_pull",
            worker: worker,
            workflow: workflow,
            shell
        )
    }
}

/// How a consumer gets its messages.
struct QueueConsumerOptions: ParsableArguments, Sendable {
    @Option(help: "Messages that make a batch full, 1 to 100. Default: 10.")
    var batchSize: Int?

    @Option(help: "The longest wait for a batch to fill, at most 60s. Default: 5s.")
    var batchTimeout: String?

    @Option(help: "Attempts after the first one, 0 to 100. Default: 3.")
    var messageRetries: Int?

    @Option(
        name: [.long, .customLong("retry-delay-secs")],
        help: "The wait before a failed message is offered again. Default: 0s."
    )
    var retryDelay: String?

    @Option(help: "Batches that may be with the consumer at once, 1 to 250.")
    var maxConcurrency: Int?

    @Option(
        help: "The queue for messages whose last attempt failed; created when missing.",
        completion: Complete.queues
    )
    var deadLetterQueue: String?

    @Option(
        name: [.long, .customLong("visibility-timeout-secs")],
        help: "How long pulled messages are hidden. Default: 30s."
    )
    var visibilityTimeout: String?

    /// Adds the consumer and says so.
    func add(to queue: String, type: String, worker: String?, workflow: String?, _ shell: Shell) async throws {
        let request = QueueConsumerRequest(
            type: type,
            scriptName: worker,
            workflowName: workflow,
            deadLetterQueue: deadLetterQueue,
            settings: QueueConsumerSettingsBody(
                batchSize: batchSize,
                maxRetries: messageRetries,
                maxWaitTimeMs: try batchTimeout.map { Int(try parseDuration($0).milliseconds) },
                maxConcurrency: maxConcurrency,
                retryDelay: try parseSeconds(retryDelay),
                visibilityTimeoutMs: try visibilityTimeout.map { Int(try parseDuration($0).milliseconds) }
            )
        )
        let path = try QueuePath.queue(queue) + "/consumers"
        let client = try await shell.client()
        let consumer = try await client.call("POST", path, body: request, as: QueueConsumerBody.self)
        shell.emit(consumer) { "queue \(consumer.queueName) is consumed by \(consumer.text)" }
        await warnOfMissing(worker: worker, workflow: workflow, client, shell)
    }

    /// A consumer may come before what consumes; one that was mistyped would leave messages waiting without a word.
    private func warnOfMissing(
        worker: String?,
        workflow: String?,
        _ client: EngineClient,
        _ shell: Shell
    ) async {
        do {
            if let worker {
                let found = try await client.call("GET", WorkerPath.worker(worker), as: WorkerBody.self)
                if !found.handlers.contains("queue") { shell.warn("Worker \"\(worker)\" has no queue() handler") }
            } else if let workflow {
                _ = try await client.call("GET", WorkflowPath.workflow(workflow), as: WorkflowBody.self)
            }
        } catch {
            shell.warn(Self.warning(of: error))
        }
    }

    /// What is said when the consumer could not be looked at: the queue has it, whatever became of the question.
    static func warning(of error: any Error) -> String {
        guard let error = error as? FlareError else { return "the consumer could not be looked at: \(error)" }
        return [.workerNotFound, .workflowNotFound].contains(error.code)
            ? "messages wait until it is deployed: \(error.message)"
            : "the consumer could not be looked at: \(error.message)"
    }
}

struct QueueConsumersRemove: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove",
        abstract: "Remove the consumer of a queue. What waits in the queue goes on waiting."
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The queue.", completion: Complete.queues)
    var name: String

    func execute(_ shell: Shell) async throws {
        try await QueueConsumers.remove(from: name, shell) { _ in true }
    }
}

/// What the spellings of these commands have in common.
enum QueueConsumers {
    /// Shows the consumers that fit.
    static func list(of queue: String, _ shell: Shell, _ fits: (QueueConsumerBody) -> Bool) async throws {
        let path = try QueuePath.queue(queue) + "/consumers"
        let consumers = try await shell.client().call("GET", path, as: [QueueConsumerBody].self).filter(fits)
        shell.list(consumers, ["CONSUMER", "BATCH", "WAIT", "RETRIES", "DEAD LETTERS"]) { consumer in
            [
                consumer.text,
                "\(consumer.settings.batchSize ?? 0)",
                consumer.settings.maxWaitTimeMs.map { "\($0) ms" } ?? "-",
                "\(consumer.settings.maxRetries ?? 0)",
                consumer.deadLetterQueue ?? "-",
            ]
        }
    }

    /// Removes the consumer if it fits.
    static func remove(from queue: String, _ shell: Shell, _ fits: (QueueConsumerBody) -> Bool) async throws {
        let client = try await shell.client()
        let path = try QueuePath.queue(queue) + "/consumers"
        let consumers = try await client.call("GET", path, as: [QueueConsumerBody].self)
        guard let consumer = consumers.first(where: fits) else {
            let other = consumers.first.map { "queue \"\(queue)\" is consumed by \($0.text)" }
            throw FlareError(
                .consumerNotFound,
                other ?? "queue \"\(queue)\" has no consumer",
                hint: "see: flare queues consumers list \(queue)"
            )
        }
        _ = try await client.call("DELETE", "\(path)/\(consumer.consumerID)", as: EmptyResult.self)
        shell.emit(consumer) { "queue \(consumer.queueName) is no longer consumed by \(consumer.text)" }
    }
}
