import FlareModel
import FlareTestSupport
import Testing

extension EndToEnd {
    @Suite("transforms")
    struct TransformsTests {
        /// The announcement's handler, its ellipses filled in.
        static let announced = """
            const somePrefix = "clean";
            export default {
               // Pipeline handler is invoked when batch criteria are met
               async pipeline(stream, env, ctx) {
                  return stream
                     .transform("human readable label", (events) => {
                        return events.map((e) => ({ ...e, seen: true }))
                     })
                     .transform("another transform", (events) => {
                        return events.filter((e) => e.n !== 2).map((e) => ({ ...e, ms: e.text.length }))
                     })
                     .writeToR2({
                        format: "json",
                        bucket: "MY_BUCKET_NAME",
                        prefix: somePrefix,
                        batchSize: "10MB"
                     })
               }
            }

            """

        @Test("the announced sample writes where it says, counts both its labels, and leaves what it cannot take aside")
        func announced() async throws {
            try await FlareFixture.with { f in
                let bucket = #""r2_buckets": [{ "binding": "MY_BUCKET_NAME", "bucket_name": "clean-data" }]"#
                try await f.deploy("cleaner", bucket, source: Self.announced).check()
                try await f.run(
                    "pipelines",
                    "create",
                    "orders",
                    "--destination-bucket=raw-data",
                    "--transform=cleaner"
                ).check()
                let body = #"[{"n":1,"text":"abc"},{"n":2,"text":"x"},{"n":3,"text":null},{"n":4,"text":""}]"#
                #expect(try await f.post(body, to: "orders").status == 200)
                try await f.run("pipelines", "flush", "orders").check()

                let keys = try await f.keys(of: "clean-data")
                #expect(keys.count == 1)
                let key = try #require(keys.first)
                #expect(key.hasPrefix("clean/event_date="))
                #expect(key.hasSuffix(".json"))
                let written = try await f.run("buckets", "objects", "get", "clean-data", key).check().json()
                #expect(written.arrayValue?.compactMap { $0["ms"]?.integerValue } == [3, 0])
                #expect(try await f.keys(of: "raw-data").isEmpty)

                let metrics = try await f.run("pipelines", "metrics", "orders", "--json").check().json()
                let labels = metrics["transforms"]?.arrayValue?.compactMap { $0["label"]?.stringValue }
                #expect(labels == ["human readable label", "another transform"])
                let rejects = try await f.run("pipelines", "rejects", "list", "orders", "--json").check().json()
                #expect(rejects.arrayValue?.count == 1)
                #expect(rejects.arrayValue?.first?["label"] == .string("another transform"))
                #expect(rejects.arrayValue?.first?["record"]?["n"] == .integer(3))

                try await f.run("pipelines", "rejects", "replay", "orders", "--all", "--patch", #".text = "four""#)
                    .check()
                try await f.run("pipelines", "flush", "orders").check()
                #expect(try await f.keys(of: "clean-data").count == 2)
            }
        }

        @Test("a Worker that transforms a pipeline can neither be deleted nor lose its handler")
        func needed() async throws {
            try await FlareFixture.with { f in
                let source = "export default { async pipeline(stream) { return stream } };\n"
                try await f.deploy("cleaner", source: source).check()
                try await f.run("pipelines", "create", "orders", "--destination-bucket=orders", "--transform=cleaner")
                    .check()
                let deploy = try await f.deploy("cleaner", source: "export default { async queue() {} };\n")
                #expect(deploy.status == 73)
                #expect(deploy.stderr.contains("pipeline \"orders\" transforms its batches with this Worker"))
                let delete = try await f.run("workers", "delete", "cleaner", "--yes")
                #expect(delete.status == 73)
                #expect(delete.stderr.contains("--transform \"\""))
                try await f.run("pipelines", "update", "orders", "--transform", "").check()
                try await f.run("workers", "delete", "cleaner", "--yes").check()
            }
        }

        @Test("an engine that is killed while batches are transformed writes each record exactly once")
        func killed() async throws {
            try await FlareFixture.with { f in
                let source = """
                    export default {
                      async pipeline(stream) {
                        return stream.transform("slow", async (events) => {
                          await new Promise((done) => setTimeout(done, 30));
                          return events;
                        });
                      },
                    };

                    """
                try await f.deploy("slow", source: source).check()
                try await f.run(
                    "pipelines",
                    "create",
                    "orders",
                    "--destination-bucket=orders",
                    "--transform=slow",
                    "--batch-on-json-key=.shop",
                    "--batch-max-rows=50",
                    "--batch-timeout-secs=1"
                ).check()
                let sender = OrderSender(fixture: f, shops: ["a", "b", "c"])
                async let sent: Void = sender.sendUntilStopped()
                do {
                    for _ in 0..<10 {
                        try await f.startEngine()
                        try await pause(atMost: .milliseconds(800))
                        try await f.killEngine()
                    }
                    try await f.startEngine()
                    let before = sender.acknowledged.count
                    try await waitUntil("records are taken again") { sender.acknowledged.count > before }
                } catch {
                    sender.stop()
                    throw error
                }
                sender.stop()
                await sent
                try await f.run("pipelines", "flush", "orders").check()

                var places: [String: Int] = [:]
                for record in try await f.records(of: "orders") {
                    places[try #require(record["id"]?.stringValue), default: 0] += 1
                }
                #expect(sender.acknowledged.allSatisfy { places[$0] == 1 })
                #expect(places.values.allSatisfy { $0 == 1 })
                #expect(Set(places.keys).isSubset(of: sender.sent))
                #expect(
                    try await f.run("pipelines", "rejects", "list", "orders", "--json").check().json() == .array([])
                )
            }
        }
    }
}
