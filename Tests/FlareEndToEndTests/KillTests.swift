import FlareModel
import FlareTestSupport
import Testing

extension EndToEnd {
    @Suite("kill -9")
    struct KillTests {
        static let kills = 50
        static let shops = ["a", "b", "c"]

        /// Reads each object that the queue tells of, in two steps.
        static let workflow = """
            import { WorkflowEntrypoint } from "cloudflare:workers";
            export class Count extends WorkflowEntrypoint {
              async run(event, step) {
                let count = 0;
                for (const { object } of event.payload.messages) {
                  const lines = await step.do(`read ${object.key}`, async () => {
                    const text = await (await this.env.ORDERS.get(object.key)).text();
                    return text.trimEnd().split("\\n").length;
                  });
                  count += await step.do(`note ${object.key}`, async () => {
                    await this.env.COUNTS.put(object.key, String(lines));
                    return lines;
                  });
                }
                return count;
              }
            }
            export default {};

            """

        static let configuration = """
            "r2_buckets": [
              { "binding": "ORDERS", "bucket_name": "orders" }, { "binding": "COUNTS", "bucket_name": "counts" }
            ],
            "workflows": [{ "binding": "COUNT", "name": "count-orders", "class_name": "Count" }],
            "queues": {
              "consumers": [
                { "queue": "new-orders", "workflow": "count-orders", "max_batch_size": 3, "max_batch_timeout": 1 }
              ]
            }
            """

        @Test(
            "at fifty random moments, and nothing that was acknowledged is lost, doubled or stuck",
            .timeLimit(.minutes(10))
        )
        func killed() async throws {
            try await FlareFixture.with { f in
                try await f.createPipeline("orders", bucket: "orders")
                try await f.run("buckets", "create", "counts").check()
                try await f.run("queues", "create", "new-orders").check()
                try await f.run(
                    "buckets",
                    "notify",
                    "create",
                    "orders",
                    "--queue",
                    "new-orders",
                    "--event-type",
                    "object-create"
                ).check()
                try await f.deploy("counter", Self.configuration, source: Self.workflow).check()

                let sender = OrderSender(fixture: f, shops: Self.shops)
                async let sent: Void = sender.sendUntilStopped()
                do {
                    for _ in 0..<Self.kills {
                        try await f.startEngine()
                        try await pause(atMost: .milliseconds(600))
                        try await f.killEngine()
                    }
                    try await f.startEngine()
                    // The sender sees the last engine too, before it is told to end.
                    let before = sender.acknowledged.count
                    try await waitUntil("records are taken again") { sender.acknowledged.count > before }
                } catch {
                    sender.stop()
                    throw error
                }
                sender.stop()
                await sent

                try await f.run("pipelines", "flush", "orders").check()
                try await checkRecords(f, sender)
                try await checkWorkflows(f)
            }
        }

        /// Every acknowledged record is in exactly one object; those without an answer are in one at most.
        private func checkRecords(_ f: FlareFixture, _ sender: OrderSender) async throws {
            var places: [String: Int] = [:]
            for record in try await f.records(of: "orders") {
                places[try #require(record["id"]?.stringValue), default: 0] += 1
            }
            let acknowledged = sender.acknowledged
            #expect(acknowledged.count > Self.kills)
            let lost = acknowledged.filter { places[$0] == nil }
            #expect(lost.isEmpty, "\(lost.count) of \(acknowledged.count) acknowledged records are in no object")
            let doubled = places.filter { $0.value > 1 }.keys
            #expect(doubled.isEmpty, "\(doubled.count) records are in more than one object")
            #expect(Set(places.keys).isSubset(of: sender.sent))
        }

        /// Every object was told of exactly once, every run has ended, and every step succeeded exactly once.
        private func checkWorkflows(_ f: FlareFixture) async throws {
            let keys = try await f.keys(of: "orders")
            let token = try await f.createToken()
            let path = "/client/v4/accounts/local/workflows/count-orders/instances"
            try await waitUntil("every object has its count", within: .seconds(120)) {
                try await f.keys(of: "counts").count == keys.count
            }
            try await waitUntil("every run has ended", within: .seconds(120)) {
                try await f.apiPages(path, token: token).allSatisfy { $0["status"]?.stringValue == "complete" }
            }

            var told: [String] = []
            for instance in try await f.apiPages(path, token: token) {
                let id = try #require(instance["id"]?.stringValue)
                let detail = try await f.api("GET", "\(path)/\(id)", token: token)
                let messages = detail["params"]?["messages"]?.arrayValue ?? []
                told += messages.compactMap { $0["object"]?["key"]?.stringValue }
                let steps = detail["steps"]?.arrayValue ?? []
                #expect(steps.count == messages.count * 2, "run \(id)")
                for step in steps {
                    let attempts = step["attempts"]?.arrayValue ?? []
                    let successes = attempts.count { $0["success"] == .bool(true) }
                    #expect(successes == 1, "run \(id), step \(step["name"]?.stringValue ?? "?")")
                }
            }
            #expect(told.sorted() == keys.sorted(), "notifications and objects differ")
        }
    }
}
