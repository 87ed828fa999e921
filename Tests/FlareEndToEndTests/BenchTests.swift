import FlareModel
import FlareTestSupport
import Testing

extension EndToEnd {
    @Suite("the benchmark")
    struct BenchTests {
        @Test("a tiny run measures durable records and the static reply beside them")
        func ingest() async throws {
            try await FlareFixture.with { f in
                let report = try await f.run(
                    "flare-bench",
                    ["ingest-http", "--clients", "2", "--seconds", "0.2", "--rounds", "1", "--batch", "5"]
                ).check().json()
                #expect((report["events_per_second"]?.integerValue ?? 0) > 0)
                #expect((report["static_requests_per_second"]?.integerValue ?? 0) > 0)
                #expect(report["ratio_to_static"] != nil)
                #expect(report["acknowledged_ms"]?["p50"] != nil)
                #expect(report["acknowledged_ms"]?["p99"] != nil)
            }
        }
    }
}
