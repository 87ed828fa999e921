import ArgumentParser
import FlareModel

/// Durable records a second over HTTP, beside nginx, a static reply of the same server and the bare disk.
struct IngestHTTP: Benchmark {
    static let configuration = CommandConfiguration(
        commandName: "ingest-http",
        abstract: "Records a second that the HTTP door makes durable, and how long each answer takes.",
        discussion: """
            Starts an engine on a temporary state directory, unless --url names a pipeline of a running one. Rounds of \
            records, of nginx where it is installed, of a static reply of the same server and of the same bytes \
            appended to a file alternate; medians are printed as JSON. TMPDIR chooses the disk.
            """
    )

    @Option(help: "Connections, each with one request at a time.")
    var clients = 64

    @Option(help: "Records in a request.")
    var batch = 1

    @OptionGroup var options: RoundOptions

    @Option(help: "The HTTP endpoint of a pipeline, as shown by: flare pipelines get NAME.")
    var url: String?

    func validate() throws {
        guard (1...4_096).contains(clients), (1...100_000).contains(batch) else {
            throw ValidationError("clients is 1 to 4096, batch 1 to 100000")
        }
    }

    func measure() async throws -> BenchReport {
        try await Door.with("HTTP", url: url) { door in
            try await NginxServer.with { nginx in
                try await BareAppend.with { append in try await measure(door, nginx, append) }
            }
        }
    }

    private var bodies: [[UInt8]] {
        // Enough of them that neither side profits from the same bytes again and again.
        let count = max(4, min(64, 4_000_000 / (batch * 300)))
        let records = SampleRecords.shop(count * batch)
        return batch == 1 ? records : SampleRecords.arrays(of: records, each: batch)
    }

    private func measure(_ door: Door, _ nginx: ServerAddress?, _ append: BareAppend) async throws -> BenchReport {
        let bodies = bodies
        let bodyBytes = bodies[0].count
        let load = Load(address: door.address, clients: clients, extent: .seconds(options.seconds))
        let records = PreparedMessages.http("POST", door.name, at: door.address, bodies: bodies)
        let still = PreparedMessages.http("GET", "/", at: door.address, bodies: bodies)
        // Not counted: connections, caches and the first segments of the log settle.
        let warm = Load(address: door.address, clients: clients, extent: .seconds(min(0.3, options.seconds)))
        _ = try await warm.run(records, HTTPAnswers(records: batch))
        var ingest: [LoadSample] = []
        var reply: [LoadSample] = []
        var other: [LoadSample] = []
        var appended: [Double] = []
        for _ in 0..<options.rounds {
            try await door.settle()
            reply.append(try await load.run(still, HTTPAnswers(records: 0)))
            if let nginx {
                let load = Load(address: nginx, clients: clients, extent: .seconds(options.seconds))
                let requests = PreparedMessages.http("POST", door.name, at: nginx, bodies: bodies)
                other.append(try await load.run(requests, HTTPAnswers(records: 0)))
            }
            appended.append(
                try await append.run(bodies.flatMap { $0 }, group: clients * bodyBytes, .seconds(options.seconds))
            )
            ingest.append(try await load.run(records, HTTPAnswers(records: batch)))
        }
        return report(
            bodyBytes,
            LoadSummary(ingest),
            reply: LoadSummary(reply),
            nginx: nginx.map { _ in LoadSummary(other) },
            appendedPerSecond: median(appended)
        )
    }

    private func report(
        _ bodyBytes: Int,
        _ ingest: LoadSummary,
        reply: LoadSummary,
        nginx: LoadSummary?,
        appendedPerSecond: Double
    ) -> BenchReport {
        func server(_ name: String, _ summary: LoadSummary) -> BenchReport.Reference {
            BenchReport.Reference(
                name: name,
                unit: "requests_per_second",
                perSecond: summary.requestsPerSecond,
                latency: summary.latency,
                measured: ingest.requestsPerSecond
            )
        }
        let still = server("static reply of flare", reply)
        let append = BenchReport.Reference(
            name: BareAppend.name,
            unit: "bytes_per_second",
            perSecond: appendedPerSecond,
            measured: ingest.requestsPerSecond * Double(bodyBytes)
        )
        return BenchReport(
            benchmark: "ingest-http",
            details: [
                "clients": .integer(Int64(clients)), "batch": .integer(Int64(batch)),
                "body_bytes": .integer(Int64(bodyBytes)), "throttled_requests": .integer(Int64(ingest.throttled)),
                "events_per_second": .rounded(ingest.recordsPerSecond),
                "static_requests_per_second": .rounded(reply.requestsPerSecond), "static_ms": reply.latency.json,
                "ratio_to_static": .rounded(still.ratio, digits: 3),
            ],
            recordsPerSecond: ingest.recordsPerSecond,
            requestsPerSecond: ingest.requestsPerSecond,
            bytesPerSecond: ingest.requestsPerSecond * Double(bodyBytes),
            acknowledged: ingest.latency,
            references: [nginx.map { server(NginxServer.name, $0) }, still, append].compactMap { $0 }
        )
    }
}
