import FlareModel
import FlareTestSupport
import Foundation
import Testing

extension EndToEnd {
    @Suite("rejects and tails of a pipeline")
    struct PipelineRejectsTests {
        /// Doubles prices, and throws where one is no number.
        private static let worker = """
            export default {
              pipeline(stream) {
                return stream
                  .transform("pass", (events) => events)
                  .transform("double", (events) => events.map((e) => {
                    if (typeof e.price !== "number") throw new TypeError("price is a " + typeof e.price);
                    return { ...e, price: 2 * e.price };
                  }));
              },
            };
            """

        /// A pipeline `orders` behind the Worker, with one good record and two rejects.
        private func makeRejects(_ f: FlareFixture) async throws {
            try await f.deploy("doubler", source: Self.worker).check()
            try await f.run(
                "pipelines",
                "create",
                "orders",
                "--destination-bucket=orders",
                "--batch-timeout-secs=600",
                "--transform=doubler"
            ).check()
            let records = #"[{"id":"a","price":1},{"id":"b","price":"2"},{"id":"c","price":null}]"#
            try await f.run("pipelines", "send", "orders", "-", input: records).check()
            try await f.run("pipelines", "flush", "orders").check()
        }

        private func rejects(_ f: FlareFixture, _ options: String...) async throws -> [JSONValue] {
            let arguments = ["pipelines", "rejects", "list", "orders", "--jsonl"] + options
            return try await f.run("flare", arguments).check().lines.map { try JSONValue(json: $0.utf8) }
        }

        @Test("rejects are listed, shown, mended with jq, sent again and given up")
        func rejects() async throws {
            try await FlareFixture.with { f in
                try await makeRejects(f)
                let found = try await rejects(f)
                #expect(found.compactMap { $0["record"]?["id"]?.stringValue } == ["b", "c"])
                #expect(found.compactMap { $0["offset"]?.integerValue } == [1, 2])
                #expect(found.allSatisfy { $0["label"] == .string("double") && $0["source"] == .string("control") })
                #expect(try await rejects(f, "--label", "pass").isEmpty)
                let id = try #require(found.first?["id"]?.stringValue)
                #expect(try await rejects(f, "--cursor", id).count == 1)
                #expect(try await rejects(f, "--limit", "1").count == 1)
                let table = try await f.run("pipelines", "rejects", "list", "orders").check()
                #expect(table.stdout.contains("TypeError: price is a string"))
                let shown = try await f.run("pipelines", "rejects", "show", "orders", id).check()
                #expect(shown.lines.last == #"{"id":"b","price":"2"}"#)

                let patch = ".price |= tonumber"
                let replayed = try await f.run("pipelines", "rejects", "replay", "orders", "--all", "--patch", patch)
                #expect(replayed.status == 65)
                #expect(replayed.lines.first == "sent 1 reject again, 1 refused")
                #expect(replayed.stdout.contains("the patch failed: "), "\(replayed)")
                try await f.run("pipelines", "wait", "orders", "--flush").check()
                let prices = try await f.records(of: "orders").compactMap { $0["price"]?.integerValue }
                #expect(prices.sorted() == [2, 4])

                #expect(try await rejects(f).compactMap { $0["record"]?["id"]?.stringValue } == ["c"])
                #expect(try await f.run("pipelines", "rejects", "purge", "orders", "--all").status == 64)
                let purged = try await f.run("pipelines", "rejects", "purge", "orders", "--all", "--yes").check()
                #expect(purged.lines == ["gave up 1 reject of orders"])
                #expect(try await f.run("pipelines", "rejects", "show", "orders", id).status == 66)
            }
        }

        @Test("what is sent again unmended becomes a reject again, and is not sent twice")
        func again() async throws {
            try await FlareFixture.with { f in
                try await makeRejects(f)
                let before = try await rejects(f).compactMap { $0["id"]?.stringValue }
                let one = try await f.run("pipelines", "rejects", "replay", "orders", before[1], before[0], "--json")
                let report = try one.check().json()
                #expect(report["replayed"]?.arrayValue?.count == 2)
                try await f.run("pipelines", "wait", "orders", "--flush").check()
                let after = try await rejects(f)
                #expect(Set(after.compactMap { $0["record"]?["id"]?.stringValue }) == ["b", "c"])
                #expect(after.allSatisfy { $0["source"] == .string("replay") })

                let gone = try await f.run("pipelines", "rejects", "replay", "orders", before[0])
                #expect(gone.status == 66)
                #expect(gone.stdout.contains("has no reject"))
            }
        }

        @Test(
            "a patch that gives no single object is refused for its record, one that is no jq as a whole",
            arguments: [
                (".a, .b", 65, "gives 2 values"), ("empty", 65, "gives 0 values"),
                (".id", 65, "gives a value that is no object"), (".a |", 64, "jq cannot run the patch"),
                ("halt", 64, "the patch ended early"),
            ]
        )
        func patches(patch: String, status: Int32, said: String) async throws {
            try await FlareFixture.with { f in
                try await makeRejects(f)
                let result = try await f.run("pipelines", "rejects", "replay", "orders", "--all", "--patch", patch)
                #expect(result.status == status)
                #expect((result.stdout + result.stderr).contains(said), "\(result)")
                #expect(try await rejects(f).count == 2)
            }
        }

        @Test("without jq a patch says what is missing")
        func noJQ() async throws {
            try await FlareFixture.with { f in
                try await f.createPipeline("orders", bucket: "orders")
                let result = try await f.run(
                    "pipelines",
                    "rejects",
                    "replay",
                    "orders",
                    "--all",
                    "--patch",
                    ".",
                    environment: ["PATH": "/nowhere"]
                )
                #expect(result.status == 69)
                #expect(result.stderr.contains("--patch needs jq"))
            }
        }

        @Test("transforms are counted by their labels, in their order")
        func labels() async throws {
            try await FlareFixture.with { f in
                try await makeRejects(f)
                let metrics = try await f.run("pipelines", "metrics", "orders", "--json").check().json()
                let transforms = try #require(metrics["transforms"]?.arrayValue)
                #expect(transforms.compactMap { $0["label"]?.stringValue } == ["pass", "double"])
                #expect(transforms.allSatisfy { ($0["runs"]?.integerValue ?? 0) > 0 })
                #expect((transforms.last?["errors"]?.integerValue ?? 0) > 0)
                #expect(metrics["rejects"]?.integerValue == 2)
                #expect(metrics["sinks"]?.arrayValue?.first?["rejected"]?.integerValue == 2)

                let token = try await f.createToken()
                let headers = [("Authorization", "Bearer \(token)")]
                let reply = try await httpRequest("GET", "/metrics", port: f.engine().controlPort, headers: headers)
                let bucket =
                    #"flare_pipeline_transform_duration_seconds_bucket{pipeline="orders",label="pass",le="+Inf"}"#
                #expect(reply.text.contains(bucket))
                #expect(reply.text.contains(#"flare_pipeline_rejects{pipeline="orders"} 2"#))
            }
        }

        @Test("a tail shows records before and after the transforms, chosen by their members, and changes nothing")
        func tail() async throws {
            try await FlareFixture.with { f in
                try await f.deploy("doubler", source: Self.worker).check()
                try await f.run(
                    "pipelines",
                    "create",
                    "orders",
                    "--destination-bucket=orders",
                    "--batch-max-rows=3",
                    "--transform=doubler"
                ).check()
                let tail = ["pipelines", "tail", "orders"]
                let before = try f.start("flare", tail + ["--where", ".id!=a", "--where", ".price=2", "--count", "1"])
                let whole = try f.start("flare", tail + ["--jsonl", "--count", "1"])
                let after = try f.start("flare", tail + ["--stage", "after", "--where", ".id=b", "--count", "1"])
                // They begin when they are there; until then records pass unseen.
                try await waitUntil("every tail has shown its record") {
                    let records = #"[{"id":"a","price":2},{"id":"b","price":2.0},{"id":"b", "price":2}]"#
                    try await f.run("pipelines", "send", "orders", "-", input: records).check()
                    return try [before, whole, after].allSatisfy { try !$0.outputSoFar().isEmpty }
                }
                #expect(try await before.result().check().lines == [#"{"id":"b", "price":2}"#])
                let line = try await whole.result().check().json()
                #expect(line["source"] == .string("control"))
                #expect(line["record"]?["price"]?.integerValue == 2)
                #expect(line["offset"]?.integerValue != nil && line["time"]?.stringValue != nil)
                #expect(try await after.result().check().lines == [#"{"id":"b","price":4}"#])

                let mistake = try await f.run("flare", tail + ["--where", "id"])
                #expect(mistake.status == 64)
                #expect(mistake.stderr.contains("PATH=VALUE"))
                #expect(try await f.run("pipelines", "tail", "order").status == 66)
            }
        }

        @Test(
            "a tail ends with 130 at Ctrl-C, and with 66 when its pipeline is deleted",
            arguments: ["before", "after"]
        )
        func tailEnds(stage: String) async throws {
            try await FlareFixture.with { f in
                try await f.createPipeline("orders", bucket: "orders")
                let tail = ["pipelines", "tail", "orders", "--stage", stage]
                let interrupted = try f.start("flare", tail)
                let deleted = try f.start("flare", tail)
                try await waitUntil("both tails show records") {
                    try await f.run("pipelines", "send", "orders", "-", input: "[{}]").check()
                    try await f.run("pipelines", "flush", "orders").check()
                    return try [interrupted, deleted].allSatisfy { try !$0.outputSoFar().isEmpty }
                }
                interrupted.signal(SIGINT)
                #expect(try await interrupted.result().status == 130)
                try await f.run("pipelines", "delete", "orders", "--yes").check()
                let result = try await deleted.result()
                #expect(result.status == 66)
                #expect(result.stderr.contains("has been deleted"))
            }
        }
    }
}
