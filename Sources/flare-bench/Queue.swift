import ArgumentParser
import FlareModel

/// Durable messages a second through a queue, beside Redis streams that sync before each answer.
struct Queue: Benchmark {
    static let configuration = CommandConfiguration(
        commandName: "queue",
        abstract: "Messages a second that are sent, leased and acknowledged over REST, all durable.",
        discussion: """
            Starts an engine on a temporary state directory. Rounds alternate with the same work in Redis streams \
            (appendfsync always; XADD, XREADGROUP, XACK and XDEL) when redis-server is installed, and with the same \
            bytes appended to a file; medians are printed as JSON. With --depth, the time of a lease, a peek and the \
            metrics is measured with a thousand messages in the queue and with that many.
            """
    )

    @Option(help: "Connections, each with one request at a time.")
    var clients = 1

    @Option(help: "Messages in a request.")
    var batch = 100

    @Flag(help: "Only send.")
    var sendOnly = false

    @Option(help: "Messages with which a lease, a peek and the metrics are timed; 0 leaves that out.")
    var depth = 0

    @OptionGroup var options: RoundOptions

    func validate() throws {
        guard (1...256).contains(clients), (1...Limits.messageBatchMax).contains(batch),
            depth == 0 || (1_000...10_000_000).contains(depth)
        else {
            throw ValidationError("clients is 1 to 256, batch 1 to 100, depth 0 or 1000 to 10000000")
        }
    }

    func measure() async throws -> BenchReport {
        try await BenchEngine.with { engine in
            try await RedisServer.with { redis in
                try await BareAppend.with { append in try await measure(engine, redis, append) }
            }
        }
    }

    private func measure(_ engine: BenchEngine, _ redis: ServerAddress?, _ append: BareAppend) async throws
        -> BenchReport
    {
        let queue = try await BenchQueue.create("bench", on: engine)
        let load = load(options.seconds)
        _ = try await self.load(min(0.3, options.seconds)).run { try queue.connect() }
        var samples: [LoadSample] = []
        var others: [LoadSample] = []
        var appended: [Double] = []
        for round in 0..<options.rounds {
            samples.append(try await load.run { try queue.connect() })
            if let redis {
                others.append(try await load.run { try RedisStreamClient(redis, consumer: "c\(round)") })
            }
            let group = batch * QueueLoad.body.utf8.count
            appended.append(
                try await append.run(Array(QueueLoad.body.utf8), group: group, .seconds(min(1, options.seconds)))
            )
        }
        let summary = LoadSummary(samples)
        var references: [BenchReport.Reference] = []
        if !others.isEmpty {
            let other = LoadSummary(others)
            references.append(
                BenchReport.Reference(
                    name: RedisServer.name,
                    unit: "records_per_second",
                    perSecond: other.recordsPerSecond,
                    latency: other.latency,
                    measured: summary.recordsPerSecond
                )
            )
        }
        references.append(
            BenchReport.Reference(
                name: BareAppend.name,
                unit: "records_per_second",
                perSecond: median(appended) / Double(QueueLoad.body.utf8.count),
                measured: summary.recordsPerSecond
            )
        )
        var report = BenchReport(
            benchmark: "queue",
            details: [
                "clients": .integer(Int64(clients)), "batch": .integer(Int64(batch)),
                "work": .string(sendOnly ? "send" : "send, lease, acknowledge"),
            ],
            recordsPerSecond: summary.recordsPerSecond,
            requestsPerSecond: summary.requestsPerSecond,
            acknowledged: summary.latency,
            references: references
        )
        if depth > 0 { report.details["depths"] = try await depths(engine) }
        return report
    }

    private func load(_ seconds: Double) -> QueueLoad {
        QueueLoad(kind: sendOnly ? .send : .cycle, clients: clients, batch: batch, seconds: seconds)
    }

    /// The times at a thousand messages and at `depth`, by the number of messages.
    private func depths(_ engine: BenchEngine) async throws -> JSONValue {
        let queue = try await BenchQueue.create("deep", on: engine)
        var result: [String: JSONValue] = [:]
        var filled = 0
        for count in [1_000, depth] {
            try await queue.fill(count - filled)
            filled = count
            result["\(count)"] = try queue.probe()
        }
        return .object(result)
    }
}
