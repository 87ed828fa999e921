import FlareModel
import FlareTestSupport
import Testing

extension EndToEnd {
    @Suite("pipelines")
    struct PipelinesTests {
        @Test("the announced command makes a pipeline, its bucket and an endpoint that works")
        func announced() async throws {
            try await FlareFixture.with { f in
                let result = try await f.run(
                    "pipelines",
                    "create",
                    "clickstream-ingest-prod",
                    "--batch-size=1MB",
                    "--batch-timeout-secs=120",
                    "--batch-on-json-key=.merchantId",
                    "--destination-bucket=prod-cs-data"
                ).check()
                let engine = try f.engine()
                let place = "127.0.0.1:\(engine.ingestPort)/clickstream-ingest-prod"
                #expect(
                    result.lines == [
                        "✅ Successfully created new pipeline \"clickstream-ingest-prod\"",
                        "📥 Created endpoints:",
                        "➡ HTTP: http://\(place)",
                        "➡ WebSocket: ws://\(place)",
                        "➡ Kafka: 127.0.0.1:\(engine.kafkaPort) (topic: clickstream-ingest-prod)",
                    ]
                )
                try await f.run("buckets", "info", "prod-cs-data").check()

                let reply = try await f.post(
                    #"[{"merchantId":"m1"},{"merchantId":"m2"}]"#,
                    to: "clickstream-ingest-prod"
                )
                #expect(reply.status == 200)
                #expect(try reply.json()["result"]?["committed"]?.integerValue == 2)
            }
        }

        @Test("records become objects by key; refused ones are named and do no harm to the others")
        func refused() async throws {
            try await FlareFixture.with { f in
                try await f.createPipeline("orders", bucket: "orders")
                let reply = try await f.post(#"[{"shop":"a","n":1},17,{"shop":"b","n":2},{"n":3}]"#, to: "orders")
                let result = try #require(try reply.json()["result"])
                #expect(result["committed"]?.integerValue == 3)
                #expect(result["refused"]?.arrayValue?.compactMap { $0["index"]?.integerValue } == [1])

                try await f.run("pipelines", "flush", "orders").check()
                let keys = try await f.keys(of: "orders")
                #expect(keys.count == 3)
                for shop in ["shop=a/", "shop=b/", "shop=__none__/"] {
                    #expect(keys.contains { $0.contains(shop) }, "no object of \(shop) in \(keys)")
                }
                let numbers = try await f.records(of: "orders").compactMap { $0["n"]?.integerValue }
                #expect(numbers.sorted() == [1, 2, 3])
            }
        }

        @Test("NDJSON comes from a file, from stdin and over HTTP, and becomes objects when its time is up")
        func lines() async throws {
            try await FlareFixture.with { f in
                try await f.createPipeline("events", bucket: "events")
                let file = try f.write("events.ndjson", "{\"n\":1}\n{\"n\":2}\n")
                try await f.run("pipelines", "send", "events", file).check()
                try await f.run("pipelines", "send", "events", "-", input: "{\"n\":3}\n").check()
                let reply = try await f.post(
                    "{\"n\":4}\n{\"n\":5}",
                    to: "events",
                    headers: [("Content-Type", "application/x-ndjson")]
                )
                #expect(reply.status == 200)
                try await f.waitUntilFlushed("events")
                let numbers = try await f.records(of: "events").compactMap { $0["n"]?.integerValue }
                #expect(numbers.sorted() == [1, 2, 3, 4, 5])
            }
        }

        @Test(
            "bodies that cannot be used are refused as a whole, with a reason",
            arguments: [
                ("{\"n\":", "application/json", 400), ("[{\"n\":1}", "application/json", 400),
                ("{\"n\":1}", "image/png", 415),
            ]
        )
        func unusable(body: String, type: String, status: Int) async throws {
            try await FlareFixture.with { f in
                try await f.createPipeline("events", bucket: "events")
                let reply = try await f.post(body, to: "events", headers: [("Content-Type", type)])
                #expect(reply.status == status)
                let answer = try reply.json()
                #expect(answer["success"] == .bool(false))
                #expect(answer["errors"]?.arrayValue?.first?["message"]?.stringValue?.isEmpty == false)
                let pipeline = try await f.run("pipelines", "get", "events", "--json").check().json()
                #expect(pipeline["progress"]?["end_offset"]?.integerValue == 0)
            }
        }

        @Test("an unknown pipeline is 404 over HTTP and 66 on the command line, with the nearest name")
        func unknown() async throws {
            try await FlareFixture.with { f in
                try await f.createPipeline("orders", bucket: "orders")
                let reply = try await f.post("[{}]", to: "order")
                #expect(reply.status == 404)
                let result = try await f.run("pipelines", "get", "order")
                #expect(result.status == 66)
                #expect(result.stderr.contains("Did you mean \"orders\"?"))
            }
        }
    }
}

extension FlareFixture {
    /// A pipeline keyed by `.shop` whose batches become objects after a second.
    func createPipeline(_ name: String, bucket: String) async throws {
        try await run(
            "pipelines",
            "create",
            name,
            "--batch-timeout-secs=1",
            "--batch-on-json-key=.shop",
            "--destination-bucket=\(bucket)"
        ).check()
    }
}
