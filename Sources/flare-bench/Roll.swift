import ArgumentParser
import FlareModel
import NIOCore

/// Records a second from the source to committed objects, beside the bare disk.
struct Roll: Benchmark {
    static let configuration = CommandConfiguration(
        commandName: "roll",
        abstract: "Records a second from the first byte sent until the last object is committed.",
        discussion: """
            Starts an engine on a temporary state directory, sends the records over HTTP and waits until all are in \
            objects. Rounds alternate with the same bytes appended to a file; medians are printed as JSON.
            """
    )

    @Option(help: "Records of each round.")
    var records = 1_000_000

    @Option(help: "Rounds of each kind; they alternate, and medians are reported.")
    var rounds = 3

    @Option(help: "Connections.")
    var clients = 4

    @Option(help: "Records in a request.")
    var batch = 500

    @Option(help: "The format of the objects: ndjson, json or parquet.")
    var format = "ndjson"

    @Option(help: "The compression of the objects: none, gzip or zstd.")
    var compression = "zstd"

    @Option(help: "The level of the compression.")
    var level: Int?

    @Option(help: "Merchants, each with objects of its own; 0 puts all records together.")
    var keys = 0

    func validate() throws {
        guard (1...1_000_000_000).contains(records), (1...100).contains(rounds), (1...4_096).contains(clients),
            (1...100_000).contains(batch), (0...9_000).contains(keys)
        else {
            throw ValidationError(
                "records is 1 to 1000000000, rounds 1 to 100, clients 1 to 4096, batch 1 to 100000, keys 0 to 9000"
            )
        }
    }

    func measure() async throws -> BenchReport {
        try await BenchEngine.with { engine in
            let pipeline = try await engine.createPipeline("bench", settings)
            let door = try Door(pipeline.endpoint("HTTP"), pipeline: pipeline)
            return try await BareAppend.with { append in try await measure(door, engine, append) }
        }
    }

    private var settings: [String: JSONValue] {
        var settings: [String: JSONValue] = [
            "compression": .string(compression),
            "batch_on_json_key": keys == 0 ? .null : .string(".merchantId"),
        ]
        // What the engine does unasked is not asked for.
        if format != "ndjson" { settings["format"] = .string(format) }
        if let level { settings["compression_level"] = .integer(Int64(level)) }
        return settings
    }

    private func measure(_ door: Door, _ engine: BenchEngine, _ append: BareAppend) async throws -> BenchReport {
        let requestCount = (records + batch - 1) / batch
        // 100,000 different records are far more than a compressor looks back.
        let bodyCount = max(1, 100_000 / batch)
        let bodies = SampleRecords.arrays(
            of: SampleRecords.shop(min(requestCount, bodyCount) * batch, keys: max(1, keys)),
            each: batch
        )
        let bytes = requestCount * bodies[0].count
        let load = Load(address: door.address, clients: clients, extent: .messages(requestCount))
        let requests = PreparedMessages.http("POST", door.name, at: door.address, bodies: bodies)
        var seconds: [Double] = []
        var appended: [Double] = []
        var throttled = 0
        for _ in 0..<rounds {
            appended.append(
                try await append.run(
                    bodies.flatMap { $0 },
                    group: clients * bodies[0].count,
                    .bytes(bytes)
                )
            )
            let begun = NIODeadline.now()
            throttled += try await load.run(requests, HTTPAnswers(records: batch)).throttled
            try await engine.flush("bench")
            seconds.append(Double((NIODeadline.now() - begun).nanoseconds) / 1e9)
        }
        let perSecond = Double(requestCount * batch) / median(seconds)
        let bytesPerSecond = Double(bytes) / median(seconds)
        let objects = try await engine.objects()
        return BenchReport(
            benchmark: "roll",
            details: [
                "records": .integer(Int64(requestCount * batch)), "batch": .integer(Int64(batch)),
                "clients": .integer(Int64(clients)), "keys": .integer(Int64(keys)), "format": .string(format),
                "compression": .string(compression), "seconds": .rounded(median(seconds), digits: 3),
                "objects": .integer(Int64(objects.count / rounds)),
                "object_bytes": .integer(Int64(objects.bytes / rounds)),
                "engine_peak_bytes": .integer(Int64(try engine.peakResidentBytes())),
                "throttled_requests": .integer(Int64(throttled)),
            ],
            recordsPerSecond: perSecond,
            bytesPerSecond: bytesPerSecond,
            references: [
                BenchReport.Reference(
                    name: BareAppend.name,
                    unit: "bytes_per_second",
                    perSecond: median(appended),
                    measured: bytesPerSecond
                )
            ]
        )
    }
}
