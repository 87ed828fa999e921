import FlareModel
import FlareTestSupport
import Testing

extension EndToEnd {
    /// From the AWS command line to a finished workflow, and a poisoned message there and back.
    @Suite("the story of a file and of a poisoned message")
    struct StoreStoryTests {
        static let configuration = """
            "r2_buckets": [{ "binding": "FILES", "bucket_name": "files" }],
            "workflows": [{ "binding": "COUNT", "name": "count-words", "class_name": "Count" }],
            "queues": {
              "consumers": [
                { "queue": "new-files", "workflow": "count-words", "max_batch_size": 1, "max_batch_timeout": 0 },
                { "queue": "orders", "max_batch_size": 1, "max_batch_timeout": 0, "max_retries": 1,
                  "dead_letter_queue": "dead-orders" }
              ]
            }
            """

        /// - Parameter order: what the Worker does with the body of an order.
        static func source(order: String) -> String {
            """
            import { WorkflowEntrypoint } from "cloudflare:workers";
            export class Count extends WorkflowEntrypoint {
              async run(event, step) {
                const { key } = event.payload.messages[0].object;
                const text = await step.do("read", async () => (await this.env.FILES.get(key)).text());
                return await step.do("count", async () => text.trim().split(/\\s+/).length);
              }
            }
            const take = (body) => { \(order) };
            export default {
              async queue(batch) { for (const message of batch.messages) take(message.body); },
            };

            """
        }

        @Test(
            "a file that aws s3 cp puts starts a workflow",
            .enabled(if: preparedPython != nil, noPython)
        )
        func file() async throws {
            let python = try #require(preparedPython)
            try await FlareFixture.with { f in
                try await prepare(f)
                try f.write("poem.txt", "Tyger Tyger burning bright\n")
                // As a user would type it, with the variables that flare prints.
                let clients = python.split(separator: "/").dropLast().joined(separator: "/")
                let script = """
                    set -euo pipefail
                    export PATH="\(BuiltPrograms.directory):/\(clients):$PATH"
                    eval "$(flare env)"
                    aws s3 cp poem.txt s3://files/poems/tyger.txt
                    """
                try await f.run("/bin/bash", ["-c", script]).check()
                try await waitUntil("the instance is complete") {
                    let instances = try await f.run("workflows", "instances", "count-words", "--json").check().json()
                    return instances.arrayValue?.first?["status"]?.stringValue == "complete"
                }
                let status = try await f.run("workflows", "status", "count-words", "latest", "--json").check().json()
                #expect(status["output"]?.integerValue == 4)
                let message = status["params"]?["messages"]?.arrayValue?.first
                #expect(message?["action"]?.stringValue == "PutObject")
                #expect(message?["object"]?["key"]?.stringValue == "poems/tyger.txt")
            }
        }

        @Test("a poisoned message ends as a dead letter with its reason, and comes back by redrive")
        func poison() async throws {
            try await FlareFixture.with { f in
                try await prepare(f)
                try await f.run("queues", "send", "orders", #"{"id":1,"amount":null}"#).check()
                try await f.run("queues", "send", "orders", #"{"id":2,"amount":5}"#).check()
                try await waitUntil("the order is a dead letter") {
                    try await f.run("queues", "peek", "dead-orders", "--json").check().json().arrayValue?.count == 1
                }
                let letters = try await f.run("queues", "peek", "dead-orders", "--json").check().json()
                let letter = try #require(letters.arrayValue?.first)
                #expect(letter["body"]?.stringValue?.contains(#""id":1"#) == true, "\(letter)")
                #expect(letter["origin_queue"]?.stringValue == "orders")
                #expect(letter["reason"]?.stringValue?.contains("an order needs an amount") == true, "\(letter)")

                let mended = "if (body.amount === null) console.log(`order ${body.id} is free`);"
                try await f.deploy("shop", Self.configuration, source: Self.source(order: mended)).check()
                let dry = try await f.run("queues", "redrive", "dead-orders", "--dry-run", "--json").check().json()
                #expect(dry["count"]?.integerValue == 1, "\(dry)")
                try await f.run("queues", "redrive", "dead-orders", "--yes").check()
                for queue in ["orders", "dead-orders"] {
                    try await waitUntil("\(queue) is empty") {
                        let stats = try await f.run("queues", "info", queue, "--json").check().json()
                        return stats["backlog_count"]?.integerValue == 0
                    }
                }
            }
        }

        private func prepare(_ f: FlareFixture) async throws {
            for bucket in ["files"] { try await f.run("buckets", "create", bucket).check() }
            for queue in ["new-files", "orders"] { try await f.run("queues", "create", queue).check() }
            try await f.run(
                "buckets",
                "notify",
                "create",
                "files",
                "--queue",
                "new-files",
                "--event-type",
                "object-create"
            ).check()
            let order = #"if (typeof body.amount !== "number") throw new Error("an order needs an amount");"#
            try await f.deploy("shop", Self.configuration, source: Self.source(order: order)).check()
        }
    }
}
