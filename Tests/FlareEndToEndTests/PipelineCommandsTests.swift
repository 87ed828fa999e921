import FlareModel
import FlareTestSupport
import Foundation
import Testing

extension EndToEnd {
    @Suite("commands around a pipeline")
    struct PipelineCommandsTests {
        @Test("a token is printed alone and once, lets records in, and is revoked by its name")
        func tokens() async throws {
            try await FlareFixture.with { f in
                try await f.createPipeline("orders", bucket: "orders")
                let created = try await f.run("pipelines", "tokens", "create", "orders", "ci").check()
                let token = try #require(created.lines.first)
                #expect(created.lines.count == 1)
                #expect(try await f.run("pipelines", "tokens", "list", "orders").check().containsRow("ci"))
                #expect(try await f.run("pipelines", "tokens", "create", "orders", "ci").status == 73)

                try await f.run("pipelines", "update", "orders", "--require-http-auth").check()
                #expect(try await f.post("[{}]", to: "orders").status == 401)
                let headers = [("Content-Type", "application/json"), ("Authorization", "Bearer \(token)")]
                #expect(try await f.post("[{}]", to: "orders", headers: headers).status == 200)

                let mistyped = try await f.run("pipelines", "tokens", "revoke", "orders", "cj")
                #expect(mistyped.status == 66)
                #expect(mistyped.stderr.contains("Did you mean \"ci\"?"))
                try await f.run("pipelines", "tokens", "revoke", "orders", "ci").check()
                #expect(try await f.post("[{}]", to: "orders", headers: headers).status == 401)
                #expect(try await f.run("pipelines", "tokens", "list", "orders", "--json").check().json() == .array([]))
            }
        }

        @Test("a wait ends when its offset is in an object, or with 124")
        func wait() async throws {
            try await FlareFixture.with { f in
                try await f.run("pipelines", "create", "slow", "--destination-bucket=slow", "--batch-timeout-secs=600")
                    .check()
                try await f.run("pipelines", "wait", "slow").check()
                try await f.run("pipelines", "send", "slow", "-", input: #"[{"n":1},{"n":2}]"#).check()

                let late = try await f.run("pipelines", "wait", "slow", "--offset", "1", "--timeout", "200ms")
                #expect(late.status == 124)
                #expect(late.stderr.contains("offset 1 of pipeline \"slow\" is not in an object yet"))
                let ahead = try await f.run("pipelines", "wait", "slow", "--offset", "2")
                #expect(ahead.status == 64)
                #expect(ahead.stderr.contains("its last one is at 1"))

                let waiting = try f.start("flare", ["pipelines", "wait", "slow", "--json"])
                try await f.run("pipelines", "wait", "slow", "--offset", "1", "--flush").check()
                let reached = try await waiting.result().check().json()
                #expect(reached["flushed"] == .bool(true))
                #expect(reached["offset"]?.integerValue == 1)
                #expect(try await f.records(of: "slow").count == 2)
            }
        }

        @Test("a schema is set, refuses with the path of the member, is shown as it was set, and cleared")
        func schema() async throws {
            try await FlareFixture.with { f in
                try await f.createPipeline("orders", bucket: "orders")
                let file = try f.write(
                    "schema.json",
                    #"{"fields": [{"name": "id", "type": "string", "required": true}, {"name": "n", "type": "int32"}]}"#
                )
                try await f.run("pipelines", "schema", "set", "orders", file).check()
                let refused = try await f.run("pipelines", "send", "orders", "-", input: #"[{"id":"a","n":"7"}]"#)
                #expect(refused.status == 65)
                #expect(refused.stdout.contains(".n"), "\(refused)")

                let shown = try await f.run("pipelines", "schema", "show", "orders").check()
                let again = try await f.run("pipelines", "schema", "set", "orders", "-", "--json", input: shown.stdout)
                #expect(try again.check().json() == shown.json())

                try await f.run("pipelines", "schema", "clear", "orders").check()
                try await f.run("pipelines", "send", "orders", "-", input: #"[{"id":"a","n":"7"}]"#).check()
                let none = try await f.run("pipelines", "schema", "show", "orders").check()
                #expect(try none.json() == .object(["fields": .array([])]))
            }
        }

        @Test(
            "a mistake in a schema file is named with its place",
            arguments: [
                ("{\"fields\": [\n  {\"name\": \"a\" \"type\": \"bool\"}\n]}", "schema.json:2:16: this is not JSON"),
                (#"[{"name":"a","type":"strng"}]"#, #".a: unknown type "strng". Did you mean "string"?"#),
                (#"{"fields":[]}"#, "the schema has no fields"),
            ]
        )
        func schemaMistakes(text: String, said: String) async throws {
            try await FlareFixture.with { f in
                let file = try f.write("schema.json", text)
                let result = try await f.run(
                    "pipelines",
                    "create",
                    "p",
                    "--destination-bucket=bucket",
                    "--schema",
                    file
                )
                #expect(result.status == 65)
                #expect(result.stderr.contains("schema.json:"))
                #expect(result.stderr.contains(said), "\(result.stderr)")
            }
        }

        @Test("settings are cleared by an empty text, none and 0s, and mistakes name what is possible")
        func settings() async throws {
            try await FlareFixture.with { f in
                try await f.run(
                    "pipelines",
                    "create",
                    "p",
                    "--destination-bucket=bucket",
                    "--cors-origins=https://shop.example",
                    "--max-latency=5s",
                    "--batch-on-json-key=.a",
                    "--prefix=x"
                ).check()
                try await f.run(
                    "pipelines",
                    "update",
                    "p",
                    "--cors-origins=none",
                    "--max-latency=0s",
                    "--batch-on-json-key",
                    "",
                    "--prefix",
                    "",
                    "--transform",
                    ""
                ).check()
                let settings = try await f.run("pipelines", "get", "p", "--json").check().json()
                #expect(settings["cors_origins"] == .array([]))
                #expect(settings["max_latency_ms"] == nil)
                #expect(settings["batch_on_json_key"] == nil)
                #expect(settings["prefix"] == .string(""))

                let format = try await f.run("pipelines", "update", "p", "--format", "parket")
                #expect(format.status == 64)
                #expect(format.stderr.contains("ndjson, json, parquet"))
                let worker = try await f.run("pipelines", "update", "p", "--transform", "nobody")
                #expect(worker.status == 66)
            }
        }

        @Test("metrics tell what came in, what went out and what waits, to people, as JSON and to Prometheus")
        func metrics() async throws {
            try await FlareFixture.with { f in
                try await f.createPipeline("orders", bucket: "orders")
                #expect(try await f.post(#"[{"n":1},17]"#, to: "orders").status == 200)
                try await f.run("pipelines", "send", "orders", "-", input: #"[{"n":2},{"n":3}]"#).check()
                try await f.run("pipelines", "flush", "orders").check()

                let metrics = try await f.run("pipelines", "metrics", "orders", "--json").check().json()
                let http = try #require(metrics["sources"]?.arrayValue?.first { $0["source"] == .string("http") })
                #expect(http["records"]?.integerValue == 1)
                #expect(http["record_bytes"]?.integerValue == 8)
                #expect(http["refused"]?.integerValue == 1)
                #expect(metrics["sinks"]?.arrayValue?.first?["records"]?.integerValue == 3)
                #expect(metrics["lag_records"]?.integerValue == 0)
                let table = try await f.run("pipelines", "metrics", "orders").check()
                #expect(table.containsRow("http", "1", "1", "8 B", "1", "0"), "\(table)")

                let port = try f.engine().controlPort
                #expect(try await httpRequest("GET", "/metrics", port: port).status == 401)
                let headers = [("Authorization", "Bearer \(try await f.createToken())")]
                let reply = try await httpRequest("GET", "/metrics", port: port, headers: headers)
                #expect(reply.header("content-type")?.hasPrefix("text/plain; version=0.0.4") == true)
                let lines = reply.text.split(separator: "\n")
                #expect(lines.contains("# TYPE flare_pipeline_records_total counter"))
                #expect(lines.contains(#"flare_pipeline_records_total{pipeline="orders",source="http"} 1"#))
                #expect(lines.contains(#"flare_pipeline_records_total{pipeline="orders",source="control"} 2"#))
                #expect(lines.contains(#"flare_pipeline_lag_records{pipeline="orders"} 0"#))
                #expect(lines.contains { $0.hasPrefix(#"flare_pipeline_objects_total{pipeline="orders",reason="#) })
            }
        }

        @Test("watched metrics come as a line for each interval until Ctrl-C")
        func watch() async throws {
            try await FlareFixture.with { f in
                try await f.createPipeline("orders", bucket: "orders")
                let options = ["--watch", "--interval", "100ms", "--jsonl"]
                let watching = try f.start("flare", ["pipelines", "metrics", "orders"] + options)
                try await waitUntil("three lines are there") {
                    try watching.outputSoFar().split(separator: "\n").count >= 3
                }
                watching.signal(SIGINT)
                let result = try await watching.result()
                #expect(result.status == 130)
                let first = try JSONValue(json: #require(result.lines.first).utf8)
                #expect(first["name"] == .string("orders"))
            }
        }
    }
}
