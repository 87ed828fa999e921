import FlareModel
import FlareTestSupport
import Foundation
import Testing

extension EndToEnd {
    /// Tiny runs: that the benchmarks work, not how fast anything is.
    @Suite("the benchmarks")
    struct BenchTests {
        static let short = ["--seconds", "0.5", "--rounds", "1"]

        static func isInstalled(_ program: String) -> Bool {
            let path = (ProcessInfo.processInfo.environment["PATH"] ?? "") + ":/usr/sbin:/usr/local/sbin"
            return path.split(separator: ":").contains {
                FileManager.default.isExecutableFile(atPath: "\($0)/\(program)")
            }
        }

        /// Runs a benchmark and checks the shape that all reports share.
        private func report(_ f: FlareFixture, _ arguments: [String]) async throws -> JSONValue {
            let report = try await f.run("flare-bench", arguments).check().json()
            try check(report)
            return report
        }

        private func check(_ report: JSONValue) throws {
            #expect((report["records_per_second"]?.integerValue ?? 0) > 0, "\(report)")
            #expect(report["reference"]?["name"]?.stringValue != nil)
            #expect(report["ratio"] != nil)
            #expect((report["machine"]?["cores"]?.integerValue ?? 0) > 0)
            let append = try #require(report["references"]?.arrayValue?.last)
            #expect(append["name"]?.stringValue == "bare append")
        }

        @Test("a tiny run measures durable records and the static reply beside them")
        func ingest() async throws {
            try await FlareFixture.with { f in
                let report = try await report(
                    f,
                    ["ingest-http", "--clients", "2", "--batch", "5"] + Self.short
                )
                #expect((report["events_per_second"]?.integerValue ?? 0) > 0)
                #expect((report["static_requests_per_second"]?.integerValue ?? 0) > 0)
                #expect(report["ratio_to_static"] != nil)
                #expect(report["acknowledged_ms"]?["p50"] != nil)
                #expect(report["acknowledged_ms"]?["p99"] != nil)
            }
        }

        @Test("single records go to a pipeline of a running engine, which has them all afterwards")
        func runningEngine() async throws {
            try await FlareFixture.with { f in
                try await f.run("buckets", "create", "measured").check()
                try await f.run("pipelines", "create", "measured", "--destination-bucket", "measured").check()
                let pipeline = try await f.run("pipelines", "get", "measured", "--json").check().json()
                let endpoint = pipeline["endpoints"]?.arrayValue?.first { $0["type"]?.stringValue == "HTTP" }
                let url = try #require(endpoint?["url"]?.stringValue)
                let report = try await report(f, ["ingest-http", "--clients", "3", "--url", url] + Self.short)
                let after = try await f.run("pipelines", "get", "measured", "--json").check().json()
                let accepted = after["progress"]?["end_offset"]?.integerValue ?? 0
                #expect(Double(accepted) >= Double(report["events_per_second"]?.integerValue ?? 0) * 0.5)
            }
        }

        @Test("nginx answers beside the engine", .enabled(if: isInstalled("nginx"), "nginx is not installed"))
        func nginx() async throws {
            try await FlareFixture.with { f in
                let report = try await report(f, ["ingest-http", "--clients", "2"] + Self.short)
                #expect(report["reference"]?["name"]?.stringValue == "nginx return 200")
                #expect((report["reference"]?["requests_per_second"]?.integerValue ?? 0) > 0)
            }
        }

        @Test("a window of messages on a WebSocket is acknowledged")
        func webSocket() async throws {
            try await FlareFixture.with { f in
                let report = try await report(
                    f,
                    ["ingest-ws", "--clients", "2", "--window", "64"] + Self.short
                )
                #expect(report["acknowledged_ms"]?["p99"] != nil)
            }
        }

        @Test("prepared Produce requests are acknowledged")
        func kafkaRaw() async throws {
            try await FlareFixture.with { f in
                let report = try await report(f, ["ingest-kafka", "--raw", "--batch", "20"] + Self.short)
                #expect(report["acknowledged_ms"]?["p99"] != nil)
            }
        }

        @Test("kcat's records are timed without its start", .enabled(if: isInstalled("kcat"), "kcat is not installed"))
        func kafka() async throws {
            try await FlareFixture.with { f in
                let report = try await report(f, ["ingest-kafka", "--records", "2000", "--rounds", "1"])
                #expect(report["start_up_seconds"] != nil)
                #expect(report["wall_seconds"] != nil)
            }
        }

        @Test("records are timed from the source to their objects")
        func roll() async throws {
            try await FlareFixture.with { f in
                let arguments = ["--records", "2000", "--batch", "100", "--keys", "3", "--rounds", "1"]
                let report = try await report(f, ["roll"] + arguments)
                #expect(report["records"]?.integerValue == 2_000)
                #expect(report["objects"]?.integerValue == 3)
                #expect((report["engine_peak_bytes"]?.integerValue ?? 0) > 1_000_000)
            }
        }

        @Test("messages are sent, leased and acknowledged, and a deep queue is timed")
        func queue() async throws {
            try await FlareFixture.with { f in
                let report = try await report(f, ["queue", "--clients", "2", "--depth", "2000"] + Self.short)
                #expect(report["acknowledged_ms"]?["p99"] != nil)
                for depth in ["1000", "2000"] {
                    for call in ["lease_ms", "peek_ms", "stats_ms"] {
                        #expect(report["depths"]?[depth]?[call] != nil, "\(depth) \(call)")
                    }
                }
            }
        }

        @Test("small and large objects go in and out over S3, and a page of a deep listing is timed")
        func objects() async throws {
            try await FlareFixture.with { f in
                // Objects that an answer's first piece does not hold, some in rows and some in files.
                for size in ["1024", "40000"] {
                    let arguments = ["--clients", "3", "--keys", "20", "--size", size, "--large", "3"]
                    let report = try await report(f, ["objects", "--depth", "1200"] + arguments + Self.short)
                    #expect(report["acknowledged_ms"]?["p99"] != nil)
                    #expect((report["gets_per_second"]?.integerValue ?? 0) > 0)
                    #expect((report["large_put_bytes_per_second"]?.integerValue ?? 0) > 0)
                    #expect((report["large_get_bytes_per_second"]?.integerValue ?? 0) > 0)
                    #expect(report["references"]?.arrayValue?.count == 3)
                    for depth in ["1000", "1200"] {
                        for call in ["page_ms", "prefixes_ms"] {
                            #expect(report["depths"]?[depth]?[call] != nil, "\(depth) \(call)")
                        }
                    }
                }
            }
        }

        @Test("all of them run in one go, one report each")
        func all() async throws {
            try await FlareFixture.with { f in
                let reports = try await f.run("flare-bench", ["all", "--quick"]).check().json().arrayValue ?? []
                #expect(reports.count == 10)
                for report in reports where report["skipped"] == nil { try check(report) }
            }
        }
    }
}
