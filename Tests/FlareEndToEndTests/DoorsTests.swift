import FlareModel
import FlareTestSupport
import Foundation
import Testing

/// Why a test that needs the prepared Python does not run.
let noPython: Comment = "FLARE_TEST_PYTHON is not set; make test prepares a Python"

/// kcat, where it is installed.
let kcat = FlareFixture.find("kcat")

extension EndToEnd {
    @Suite("the three doors")
    struct DoorsTests {
        @Test(
            "curl, a WebSocket client and kcat use the printed endpoints as they stand, and share the objects",
            .enabled(if: preparedPython != nil, noPython),
            .enabled(if: kcat != nil, "kcat is not installed")
        )
        func printed() async throws {
            let (python, kcat) = (try #require(preparedPython), try #require(kcat))
            try await FlareFixture.with { f in
                let created = try await f.run(
                    "pipelines",
                    "create",
                    "clickstream-ingest-prod",
                    "--batch-size=1MB",
                    "--batch-timeout-secs=120",
                    "--batch-on-json-key=.merchantId",
                    "--destination-bucket=prod-cs-data"
                ).check()
                let endpoints = created.lines.suffix(3).map { $0.split(separator: " ").map(String.init) }
                let (http, webSocket, kafka) = (endpoints[0][2], endpoints[1][2], endpoints[2][2])

                let curl = try #require(FlareFixture.find("curl"))
                try await f.run(curl, ["--silent", "--fail", "-d", #"{"merchantId":"m","id":"curl"}"#, http]).check()
                try await f.run(python, [f.client("websocket_send.py"), webSocket, "3", "socket"]).check()
                let input = Array(#"{"merchantId":"m","id":"kcat"}"#.utf8)
                let arguments = ["-P", "-b", kafka, "-t", "clickstream-ingest-prod"]
                try await f.run(kcat, arguments, input: input).check()

                try await f.run("pipelines", "flush", "clickstream-ingest-prod").check()
                let keys = try await f.keys(of: "prod-cs-data").filter { $0.hasPrefix("merchantId=m/") }
                #expect(keys.count == 1)
                let ids = try await f.records(of: "prod-cs-data").compactMap { $0["id"]?.stringValue }
                #expect(ids.sorted() == ["curl", "kcat", "socket-0", "socket-1", "socket-2"])
            }
        }

        @Test(
            "all three speak TLS on the same ports, by the authority that the engine prints",
            .enabled(if: preparedPython != nil, noPython),
            .enabled(if: kcat != nil, "kcat is not installed")
        )
        func secure() async throws {
            let (python, kcat) = (try #require(preparedPython), try #require(kcat))
            try await FlareFixture.with { f in
                try await f.createPipeline("orders", bucket: "orders")
                let authority = try f.write("ca.pem", try await f.run("engine", "ca").check().stdout)
                let engine = try f.engine()
                let curl = try #require(FlareFixture.find("curl"))
                let url = "https://127.0.0.1:\(engine.ingestPort)/orders"
                try await f.run(curl, ["--silent", "--fail", "--cacert", authority, "-d", #"{"id":"curl"}"#, url])
                    .check()
                let socket = "wss://localhost:\(engine.ingestPort)/orders"
                try await f.run(python, [f.client("websocket_send.py"), socket, "1", "socket", "--ca", authority])
                    .check()
                try await f.run(
                    kcat,
                    [
                        "-P", "-b", "localhost:\(engine.kafkaPort)", "-t", "orders", "-X", "security.protocol=SSL",
                        "-X",
                        "ssl.ca.location=\(authority)",
                    ],
                    input: Array(#"{"id":"kcat"}"#.utf8)
                ).check()
                try await f.run("pipelines", "flush", "orders").check()
                let ids = try await f.records(of: "orders").compactMap { $0["id"]?.stringValue }
                #expect(ids.sorted() == ["curl", "kcat", "socket-0"])

                try await f.run("engine", "restart", "--require-tls").check()
                #expect(
                    try await f.run(curl, ["--silent", "--fail", "-d", "{}", "http" + url.dropFirst(5)]).status != 0
                )
                let shown = try await f.run("pipelines", "get", "orders", "--json").check().json()
                #expect(shown["endpoints"]?.arrayValue?.first?["url"] == .string(url))
                try await f.run(curl, ["--silent", "--fail", "--cacert", authority, "-d", #"{"id":"late"}"#, url])
                    .check()
            }
        }

        @Test(
            "Kafka clients come through over TLS with a pipeline's token, and not without it",
            .enabled(if: preparedPython != nil, noPython),
            arguments: ["kafka-python", "confluent"]
        )
        func kafkaToken(client: String) async throws {
            let python = try #require(preparedPython)
            try await FlareFixture.with { f in
                try await f.createPipeline("orders", bucket: "orders")
                try await f.run("pipelines", "update", "orders", "--require-http-auth").check()
                let token = try await f.run("pipelines", "tokens", "create", "orders", "till").check().lines[0]
                let authority = try f.write("ca.pem", try await f.run("engine", "ca").check().stdout)
                let address = "localhost:\(try f.engine().kafkaPort)"
                let arguments = [f.client("kafka_produce.py"), address, "orders", client, "gzip", "50", "0"]
                let refused = try await f.run(python, arguments + ["--tls", authority, "--seconds", "5"])
                #expect(refused.status != 0)
                try await f.run(python, arguments + ["--tls", authority, "--password", token]).check()
                try await f.run("pipelines", "flush", "orders").check()
                #expect(try await f.records(of: "orders").count == 50)
            }
        }

        @Test(
            "a Parquet pipeline's objects are read by DuckDB as they lie in the bucket",
            .enabled(if: preparedPython != nil, noPython)
        )
        func parquet() async throws {
            let python = try #require(preparedPython)
            try await FlareFixture.with { f in
                try await f.run(
                    "pipelines",
                    "create",
                    "rides",
                    "--destination-bucket=rides",
                    "--format=parquet",
                    "--batch-on-json-key=.city",
                    "--schema",
                    // Without it the types are found from each object's own records, and need not agree.
                    f.write(
                        "rides.json",
                        #"[{"name":"city","type":"string"},{"name":"fare","type":"float64"},"#
                            + #"{"name":"stops","type":"list","items":{"type":"int64"}}]"#
                    )
                ).check()
                let body = #"[{"city":"Köln","fare":12.5,"stops":[1,2]},{"city":"Bonn","fare":null,"stops":[]}]"#
                #expect(try await f.post(body, to: "rides").status == 200)
                try await f.run("pipelines", "flush", "rides").check()
                for (index, key) in try await f.keys(of: "rides").enumerated() {
                    #expect(key.hasSuffix(".parquet"))
                    try await f.run(
                        "buckets",
                        "objects",
                        "get",
                        "rides",
                        key,
                        "--output",
                        f.directory + "/\(index).parquet"
                    )
                    .check()
                }
                let query = "SELECT city, fare, stops FROM '\(f.directory)/*.parquet' ORDER BY city"
                let script = "import duckdb, sys; sys.stdout.write(str(duckdb.sql(\"\(query)\").fetchall()))"
                let rows = try await f.run(python, ["-c", script]).check().lines
                #expect(rows == ["[('Bonn', None, []), ('Köln', 12.5, [1, 2])]"])
            }
        }
    }
}

extension FlareFixture {
    /// A program of the search path; nil when it is not installed.
    static func find(_ name: String) -> String? {
        (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map { "\($0)/\(name)" }
            .first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    /// The path of a client program of the tests.
    func client(_ name: String) -> String {
        BuiltPrograms.repository + "/Tests/FlareEndToEndTests/Clients/" + name
    }
}
