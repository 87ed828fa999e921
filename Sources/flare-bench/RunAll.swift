import ArgumentParser
import FlareModel
import Glibc

/// Every benchmark after the other.
struct RunAll: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "all",
        abstract: "Run every benchmark; prints one JSON array, and on a terminal a table for the README.",
        discussion: "A benchmark that fails stands in the array with its error, and the exit status is 1."
    )

    @Flag(help: "Rounds of a fraction of a second: whether it works, not how fast it is.")
    var quick = false

    func run() async throws {
        var results: [JSONValue] = []
        var rows: [[String]] = []
        var hasFailed = false
        for (title, make) in quick ? Self.quickRuns : Self.runs {
            let benchmark = try make()
            say("… \(title)\n")
            do {
                let report = try await benchmark.measure()
                results.append(.object((report.json.objectValue ?? [:]).merging(["title": .string(title)]) { $1 }))
                rows.append([title] + report.tableCells)
            } catch let error as FlareError where error.code == .toolMissing {
                results.append(.object(["title": .string(title), "skipped": .string("\(error)")]))
            } catch {
                hasFailed = true
                results.append(.object(["title": .string(title), "error": .string("\(error)")]))
            }
        }
        print(String(decoding: FlareJSON.encode(JSONValue.array(results), pretty: true), as: UTF8.self))
        say(Self.table(rows))
        if hasFailed { throw ExitCode.failure }
    }

    private typealias Run = (title: String, make: () throws -> any Benchmark)

    private static var runs: [Run] {
        [
            ("HTTP, one record in a request", { try IngestHTTP.parse([]) }),
            ("HTTP, arrays of 100", { try IngestHTTP.parse(["--batch", "100"]) }),
            ("WebSocket, one record in a message", { try IngestWebSocket.parse([]) }),
            ("Kafka, librdkafka", { try IngestKafka.parse([]) }),
            ("Kafka, prepared requests", { try IngestKafka.parse(["--raw"]) }),
            ("source to NDJSON objects, zstd", { try Roll.parse([]) }),
            ("source to Parquet objects, zstd", { try Roll.parse(["--format", "parquet"]) }),
            ("queue, batches of 100", { try Queue.parse(["--depth", "100000"]) }),
            ("queue, batches of 100, 16 clients", { try Queue.parse(["--clients", "16"]) }),
            ("queue, single messages", { try Queue.parse(["--batch", "1"]) }),
            ("queue, single messages, 16 clients", { try Queue.parse(["--batch", "1", "--clients", "16"]) }),
            (
                "queue, single sends, 16 clients",
                { try Queue.parse(["--batch", "1", "--clients", "16", "--send-only"]) }
            ),
            ("small objects over S3", { try Objects.parse(["--depth", "100000"]) }),
            ("workflow instances of three steps", { try Workflows.parse([]) }),
        ]
    }

    private static var quickRuns: [Run] {
        let short = ["--seconds", "0.2", "--rounds", "1"]
        let few = ["--records", "2000", "--rounds", "1"]
        return [
            ("HTTP, one record in a request", { try IngestHTTP.parse(short + ["--clients", "8"]) }),
            ("HTTP, arrays of 100", { try IngestHTTP.parse(short + ["--clients", "8", "--batch", "100"]) }),
            ("WebSocket, one record in a message", { try IngestWebSocket.parse(short + ["--window", "256"]) }),
            ("Kafka, librdkafka", { try IngestKafka.parse(few) }),
            ("Kafka, prepared requests", { try IngestKafka.parse(short + ["--raw", "--batch", "50"]) }),
            ("source to NDJSON objects, zstd", { try Roll.parse(few) }),
            ("source to Parquet objects, zstd", { try Roll.parse(few + ["--format", "parquet"]) }),
            ("queue, batches of 100", { try Queue.parse(short + ["--clients", "2"]) }),
            ("small objects over S3", { try Objects.parse(short + ["--keys", "50", "--large", "4"]) }),
            (
                "workflow instances of three steps",
                {
                    try Workflows.parse([
                        "--idle", "3", "--instances", "20", "--rounds", "1", "--reference-instances", "5",
                    ])
                }
            ),
        ]
    }

    private static func table(_ rows: [[String]]) -> String {
        let head = ["", "records/s", "ack ms p50 / p99", "beside, in the same run"]
        let rule = ["---", "---:", "---:", "---"]
        return ([head, rule] + rows).map { "| " + $0.joined(separator: " | ") + " |\n" }.joined()
    }

    /// Talk, when somebody watches.
    private func say(_ text: String) {
        guard isatty(2) == 1 else { return }
        _ = Array(text.utf8).withUnsafeBytes { write(2, $0.baseAddress, $0.count) }
    }
}
