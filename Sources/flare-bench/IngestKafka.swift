import ArgumentParser
import FlareModel
import FoundationEssentials
import NIOCore
import NIOPosix

/// Durable records a second over Kafka's protocol: through librdkafka, or with prepared requests.
struct IngestKafka: Benchmark {
    static let configuration = CommandConfiguration(
        commandName: "ingest-kafka",
        abstract: "Records a second that the Kafka door makes durable, sent by kcat or as prepared requests.",
        discussion: """
            Starts an engine on a temporary state directory, unless --url names the endpoint of a running one. Without \
            --raw, kcat (librdkafka) sends lines of a file, and its time for a single line is taken off. With --raw, \
            prepared Produce requests measure the engine alone. The same bytes appended to a file are measured in turn.
            """
    )

    @Flag(help: "Prepared Produce requests instead of kcat.")
    var raw = false

    @Option(help: "Records of each round of kcat.")
    var records = 2_000_000

    @Flag(inversion: .prefixedNo, help: "Have kcat number its batches, so that a retry counts once.")
    var idempotence = true

    @Option(help: "Compression of kcat's batches: none, gzip, snappy, lz4 or zstd.")
    var codec = "none"

    @Option(help: "With --raw: connections.")
    var clients = 1

    @Option(help: "With --raw: requests that a connection sends before the first of them is answered.")
    var window = 5

    @Option(help: "With --raw: records in a request.")
    var batch = 500

    @OptionGroup var options: RoundOptions

    @Option(help: "The Kafka endpoint of a pipeline as shown by `flare pipelines get NAME`: 'HOST:PORT (topic: NAME)'.")
    var url: String?

    func validate() throws {
        guard (1...4_096).contains(clients), (1...1_000).contains(window), (1...5_000).contains(batch),
            (2...100_000_000).contains(records)
        else {
            throw ValidationError("clients is 1 to 4096, window 1 to 1000, batch 1 to 5000, records 2 to 100000000")
        }
        guard ["none", "gzip", "snappy", "lz4", "zstd"].contains(codec) else {
            throw ValidationError("codec is none, gzip, snappy, lz4 or zstd")
        }
    }

    func measure() async throws -> BenchReport {
        if raw {
            return try await Door.with("Kafka", url: url) { door in
                try await BareAppend.with { append in try await measureRaw(door, append) }
            }
        }
        guard let kcat = ChildProgram("kcat") else {
            throw FlareError(.toolMissing, "kcat is not installed", hint: "apt install kcat, or measure with --raw")
        }
        return try await Door.with("Kafka", url: url) { door in
            try await TemporaryDirectory.with { directory in
                try await BareAppend.with { append in
                    try await measure(Producer(kcat: kcat, directory: directory, door: door, command: self), append)
                }
            }
        }
    }

    private func measureRaw(_ door: Door, _ append: BareAppend) async throws -> BenchReport {
        let lines = SampleRecords.small(batch * 4)
        let requests = PreparedMessages(
            stride(from: 0, to: lines.count, by: batch).map {
                KafkaBatch.produce(topic: door.name, records: Array(lines[$0..<$0 + batch]))
            }
        )
        func load(_ seconds: Double) async throws -> LoadSample {
            let load = Load(address: door.address, clients: clients, window: window, extent: .seconds(seconds))
            return try await load.run(requests, KafkaAnswers(topic: door.name, records: batch))
        }
        _ = try await load(min(0.3, options.seconds))
        var ingest: [LoadSample] = []
        var appended: [Double] = []
        let group = clients * window * batch * lines[0].count
        for _ in 0..<options.rounds {
            try await door.settle()
            appended.append(
                try await append.run(lines.flatMap { $0 }, group: group, .seconds(options.seconds))
            )
            ingest.append(try await load(options.seconds))
        }
        let summary = LoadSummary(ingest)
        var report = report("ingest-kafka-raw", summary.recordsPerSecond, appendedPerSecond: median(appended))
        report.requestsPerSecond = summary.requestsPerSecond
        report.acknowledged = summary.latency
        report.details.merge([
            "clients": .integer(Int64(clients)), "window": .integer(Int64(window)), "batch": .integer(Int64(batch)),
            "throttled_requests": .integer(Int64(summary.throttled)),
        ]) { $1 }
        return report
    }

    private func measure(_ producer: Producer, _ append: BareAppend) async throws -> BenchReport {
        try producer.writeLines()
        _ = try await producer.run(.one)
        var wall: [Double] = []
        var startUp: [Double] = []
        var appended: [Double] = []
        let line = SampleRecords.small(1)[0]
        for _ in 0..<options.rounds {
            try await producer.door.settle()
            // A batch of librdkafka holds at most a million bytes.
            appended.append(try await append.run(line, group: 1_000_000, .bytes(records * line.count)))
            startUp.append(try await producer.run(.one))
            wall.append(try await producer.run(.all))
        }
        let sending = max(0.001, median(wall) - median(startUp))
        var report = report("ingest-kafka", Double(records - 1) / sending, appendedPerSecond: median(appended))
        report.details.merge([
            "records": .integer(Int64(records)), "client": .string("kcat"), "codec": .string(codec),
            "idempotence": .bool(idempotence), "start_up_seconds": .rounded(median(startUp), digits: 3),
            "wall_seconds": .rounded(median(wall), digits: 3),
        ]) { $1 }
        return report
    }

    private func report(_ name: String, _ perSecond: Double, appendedPerSecond: Double) -> BenchReport {
        let recordBytes = SampleRecords.small(1)[0].count
        return BenchReport(
            benchmark: name,
            details: ["record_bytes": .integer(Int64(recordBytes))],
            recordsPerSecond: perSecond,
            bytesPerSecond: perSecond * Double(recordBytes),
            references: [
                BenchReport.Reference(
                    name: BareAppend.name,
                    unit: "records_per_second",
                    perSecond: appendedPerSecond / Double(recordBytes),
                    measured: perSecond
                )
            ]
        )
    }
}

/// kcat with files of lines to send.
private struct Producer: Sendable {
    enum Lines: String {
        case one, all
    }

    let kcat: ChildProgram
    let directory: String
    let door: Door
    let command: IngestKafka

    func writeLines() throws {
        let lines = SampleRecords.small(min(command.records, 10_000)).flatMap { $0 + [UInt8(ascii: "\n")] }
        let lineBytes = SampleRecords.small(1)[0].count + 1
        try Data(lines.prefix(lineBytes)).write(to: URL(filePath: path(.one)))
        guard let file = fopen(path(.all), "w") else {
            throw FlareError(.storeFailed, "\(path(.all)) cannot be written")
        }
        defer { fclose(file) }
        var left = command.records * lineBytes
        while left > 0 {
            let count = min(left, lines.count)
            guard fwrite(lines, 1, count, file) == count else {
                throw FlareError(.diskFull, "\(path(.all)) cannot be written")
            }
            left -= count
        }
    }

    /// The seconds that kcat took.
    func run(_ lines: Lines) async throws -> Double {
        let arguments = [
            "-P", "-b", "\(door.address.host):\(door.address.port)", "-t", door.name, "-l", path(lines),
            "-z", command.codec, "-X", "acks=all", "-X", "enable.idempotence=\(command.idempotence)",
            "-X", "queue.buffering.max.messages=1000000", "-X", "queue.buffering.max.kbytes=1048576",
            "-X", "batch.num.messages=10000",
        ]
        return try await NIOThreadPool.singleton.runIfActive {
            let begun = NIODeadline.now()
            try kcat.run(arguments, output: directory + "/output")
            return Double((NIODeadline.now() - begun).nanoseconds) / 1e9
        }
    }

    private func path(_ lines: Lines) -> String { directory + "/" + lines.rawValue }
}
