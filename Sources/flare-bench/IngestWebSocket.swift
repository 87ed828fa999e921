import ArgumentParser
import FlareModel

/// Durable records a second over a WebSocket, a record a message, beside the bare disk.
struct IngestWebSocket: Benchmark {
    static let configuration = CommandConfiguration(
        commandName: "ingest-ws",
        abstract: "Records a second that the WebSocket door makes durable, one in each message.",
        discussion: """
            Starts an engine on a temporary state directory, unless --url names a pipeline of a running one. Rounds of \
            records and of the same bytes appended to a file alternate; medians are printed as JSON.
            """
    )

    @Option(help: "Connections.")
    var clients = 1

    @Option(help: "Messages that a connection sends before the first of them is acknowledged.")
    var window = 4_096

    @OptionGroup var options: RoundOptions

    @Option(help: "The WebSocket endpoint of a pipeline, as shown by: flare pipelines get NAME.")
    var url: String?

    func validate() throws {
        guard (1...4_096).contains(clients), (1...1_000_000).contains(window) else {
            throw ValidationError("clients is 1 to 4096, window 1 to 1000000")
        }
    }

    func measure() async throws -> BenchReport {
        try await Door.with("WebSocket", url: url) { door in
            try await BareAppend.with { append in try await measure(door, append) }
        }
    }

    private func measure(_ door: Door, _ append: BareAppend) async throws -> BenchReport {
        let records = SampleRecords.shop(2_000)
        let frames = PreparedMessages.webSocket(records: records)
        let reader = WebSocketAnswers(address: door.address, path: door.name)
        func load(_ seconds: Double) -> Load {
            Load(address: door.address, clients: clients, window: window, extent: .seconds(seconds))
        }
        _ = try await load(min(0.3, options.seconds)).run(frames, reader)
        var ingest: [LoadSample] = []
        var appended: [Double] = []
        let group = clients * window * records[0].count
        for _ in 0..<options.rounds {
            try await door.settle()
            appended.append(
                try await append.run(records.flatMap { $0 }, group: group, .seconds(options.seconds))
            )
            ingest.append(try await load(options.seconds).run(frames, reader))
        }
        let summary = LoadSummary(ingest)
        return BenchReport(
            benchmark: "ingest-ws",
            details: [
                "clients": .integer(Int64(clients)), "window": .integer(Int64(window)),
                "record_bytes": .integer(Int64(records[0].count)),
            ],
            recordsPerSecond: summary.recordsPerSecond,
            bytesPerSecond: summary.recordsPerSecond * Double(records[0].count),
            acknowledged: summary.latency,
            references: [
                BenchReport.Reference(
                    name: BareAppend.name,
                    unit: "records_per_second",
                    perSecond: median(appended) / Double(records[0].count),
                    measured: summary.recordsPerSecond
                )
            ]
        )
    }
}
