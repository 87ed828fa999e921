import ArgumentParser
import FlareModel
import NIOPosix

/// Objects over S3: small ones a second, and how fast a large one goes in and out beside dd and cat on the same disk.
struct Objects: Benchmark {
    static let configuration = CommandConfiguration(
        commandName: "objects",
        abstract: "Small durable puts and gets a second over S3, large ones beside dd and cat, and pages of a listing.",
        discussion: """
            Starts an engine on a temporary state directory; requests are presigned. A large get and cat read from the \
            disk, not from memory. With --depth, a page of the listing is timed at a thousand objects and at that \
            many. Medians are printed as JSON. TMPDIR chooses the disk.
            """
    )

    @Option(help: "Connections of the small requests, each with one request at a time.")
    var clients = 16

    @Option(help: "Bytes of a small object.")
    var size = 1_024

    @Option(help: "Keys that the small requests write and read.")
    var keys = 1_000

    @Option(help: "Megabytes (1048576 bytes) of a large object.")
    var large = 256

    @Option(help: "Objects with which a page of the listing is timed; 0 leaves that out.")
    var depth = 0

    @OptionGroup var options: RoundOptions

    func validate() throws {
        guard (1...1_024).contains(clients), (0...10_000_000).contains(size), (1...10_000).contains(keys),
            (1...4_096).contains(large), depth == 0 || (1_000...9_000_000).contains(depth)
        else {
            throw ValidationError(
                "clients is 1 to 1024, size 0 to 10000000, keys 1 to 10000, large 1 to 4096, depth 0 or 1000 to 9000000"
            )
        }
    }

    func measure() async throws -> BenchReport {
        try await BenchEngine.with { engine in
            try await TemporaryDirectory.with { directory in
                try await BareAppend.with { append in try await measure(engine, directory, append) }
            }
        }
    }

    private func measure(_ engine: BenchEngine, _ directory: String, _ append: BareAppend) async throws -> BenchReport {
        let bucket = try await BenchBucket.create("bench", on: engine)
        let (address, puts) = try await bucket.requests("PUT", count: keys, bodyBytes: size)
        let (_, gets) = try await bucket.requests("GET", count: keys, bodyBytes: 0)
        var load = Load(address: address, clients: clients, extent: .seconds(options.seconds))
        load.sharesMessages = true
        _ = try await Load(address: address, clients: 1, extent: .messages(keys)).run(puts, HTTPAnswers(records: 1))
        var writes: [LoadSample] = []
        var reads: [LoadSample] = []
        var appended: [Double] = []
        var sizes: [LargeObject.Times] = []
        let file = try await LargeObject.prepare(bucket, directory: directory, megabytes: large)
        for _ in 0..<options.rounds {
            writes.append(try await load.run(puts, HTTPAnswers(records: 1)))
            reads.append(try await load.run(gets, HTTPAnswers(records: 1)))
            let bytes = [UInt8](repeating: 0x61, count: max(1, size))
            appended.append(
                try await append.run(bytes, group: clients * bytes.count, .seconds(min(1, options.seconds)))
                    / Double(bytes.count)
            )
            sizes.append(try await NIOThreadPool.singleton.runIfActive { try file.run() })
        }
        var report = report(LoadSummary(writes), LoadSummary(reads), sizes, median(appended))
        if depth > 0 { report.details["depths"] = try await depths(engine) }
        return report
    }

    private func report(
        _ writes: LoadSummary,
        _ reads: LoadSummary,
        _ sizes: [LargeObject.Times],
        _ appendsPerSecond: Double
    ) -> BenchReport {
        let bytes = Double(large) * 1_048_576
        let put = bytes / median(sizes.map(\.put))
        let get = bytes / median(sizes.map(\.get))
        let dd = bytes / median(sizes.map(\.dd))
        let cat = bytes / median(sizes.map(\.cat))
        return BenchReport(
            benchmark: "objects",
            details: [
                "clients": .integer(Int64(clients)), "size_bytes": .integer(Int64(size)),
                "puts_per_second": .rounded(writes.requestsPerSecond),
                "gets_per_second": .rounded(reads.requestsPerSecond), "get_ms": reads.latency.json,
                "large_bytes": .rounded(bytes), "large_put_bytes_per_second": .rounded(put),
                "large_get_bytes_per_second": .rounded(get),
            ],
            recordsPerSecond: writes.requestsPerSecond,
            acknowledged: writes.latency,
            references: [
                .init(name: "dd conv=fdatasync", unit: "bytes_per_second", perSecond: dd, measured: put),
                .init(name: "cat", unit: "bytes_per_second", perSecond: cat, measured: get),
                .init(
                    name: BareAppend.name,
                    unit: "records_per_second",
                    perSecond: appendsPerSecond,
                    measured: writes.requestsPerSecond
                ),
            ]
        )
    }

    /// The times at a thousand objects and at `depth`, by the number of objects.
    private func depths(_ engine: BenchEngine) async throws -> JSONValue {
        let bucket = try await BenchBucket.create("deep", on: engine)
        var result: [String: JSONValue] = [:]
        var filled = 0
        for count in [1_000, depth] {
            try await bucket.fill(filled..<count)
            filled = count
            result["\(count)"] = try await bucket.probe(count)
        }
        return .object(result)
    }
}
