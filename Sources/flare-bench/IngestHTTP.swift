import ArgumentParser
import FlareClient
import FlareModel
import NIOCore

/// Durable records a second over HTTP, beside a static reply of the same server in the same run.
struct IngestHTTP: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ingest-http",
        abstract: "Records a second that the HTTP door makes durable, and how long each answer takes.",
        discussion: """
            Starts an engine on a temporary state directory, unless --url names a pipeline of a running one. Rounds of \
            records and of a static reply of the same server alternate; medians are printed as JSON.
            """
    )

    @Option(help: "Connections, each with one request at a time.")
    var clients = 64

    @Option(help: "Seconds of each round.")
    var seconds = 3.0

    @Option(help: "Records in a request.")
    var batch = 1

    @Option(help: "Rounds of each kind.")
    var rounds = 3

    @Option(help: "The HTTP endpoint of a pipeline, as shown by: flare pipelines get NAME.")
    var url: String?

    func validate() throws {
        guard (1...4_096).contains(clients), (1...100_000).contains(batch), (1...100).contains(rounds), seconds > 0
        else {
            throw ValidationError("clients is 1 to 4096, batch 1 to 100000, rounds 1 to 100, seconds above 0")
        }
    }

    func run() async throws {
        print(String(decoding: FlareJSON.encode(try await measure(), pretty: true), as: UTF8.self))
    }

    private func measure() async throws -> IngestReport {
        if let url { return try await measure(IngestTarget(url: url)) }
        return try await BenchEngine.with { engine in
            let pipeline = try await engine.createPipeline("bench")
            return try await measure(try IngestTarget(url: pipeline))
        }
    }

    private func measure(_ target: IngestTarget) async throws -> IngestReport {
        let body = SampleRecords.body(records: batch)
        let load = Load(target: target, clients: clients, duration: .milliseconds(Int64(seconds * 1_000)))
        let records = target.request(method: "POST", path: target.path, body: body)
        let still = target.request(method: "GET", path: "/", body: body)
        // Not counted: connections, caches and the first segments of the log settle.
        _ = try await Load(target: target, clients: clients, duration: .milliseconds(300)).run(records)
        var ingest: [LoadSample] = []
        var reply: [LoadSample] = []
        for _ in 0..<rounds {
            reply.append(try await load.run(still))
            ingest.append(try await load.run(records))
        }
        return IngestReport(
            clients: clients,
            batch: batch,
            bodyBytes: body.count,
            ingest: LoadSummary(ingest),
            reply: LoadSummary(reply)
        )
    }
}

/// What the benchmark prints.
struct IngestReport: Encodable {
    let clients: Int
    let batch: Int
    let bodyBytes: Int
    let eventsPerSecond: Int
    let requestsPerSecond: Int
    /// From the first byte of a request to the last of the answer that says that its records are on disk.
    let acknowledgedMilliseconds: LoadSummary.Latency
    let staticRequestsPerSecond: Int
    let staticMilliseconds: LoadSummary.Latency
    let ratioToStatic: Double

    init(clients: Int, batch: Int, bodyBytes: Int, ingest: LoadSummary, reply: LoadSummary) {
        self.clients = clients
        self.batch = batch
        self.bodyBytes = bodyBytes
        eventsPerSecond = Int(ingest.requestsPerSecond * Double(batch))
        requestsPerSecond = Int(ingest.requestsPerSecond)
        acknowledgedMilliseconds = ingest.latency
        staticRequestsPerSecond = Int(reply.requestsPerSecond)
        staticMilliseconds = reply.latency
        ratioToStatic = (ingest.requestsPerSecond / reply.requestsPerSecond * 1_000).rounded() / 1_000
    }

    enum CodingKeys: String, CodingKey {
        case clients, batch
        case bodyBytes = "body_bytes"
        case eventsPerSecond = "events_per_second"
        case requestsPerSecond = "requests_per_second"
        case acknowledgedMilliseconds = "acknowledged_ms"
        case staticRequestsPerSecond = "static_requests_per_second"
        case staticMilliseconds = "static_ms"
        case ratioToStatic = "ratio_to_static"
    }
}
