import FlareModel
import FlareTestSupport
import Testing

extension EndToEnd {
    @Suite("what buckets, Workers and instances tell of")
    struct BucketRulesFlowTests {
        static let source = """
            import { WorkflowEntrypoint } from "cloudflare:workers";

            export class Work extends WorkflowEntrypoint {
              async run(event, step) {
                if (event.payload?.fails) throw new Error("as you wish");
                return await step.do("work", async () => "done");
              }
            }
            export default {};

            """

        private static let workflow = """
            "workflows": [{ "binding": "WORK", "name": "work", "class_name": "Work" }]
            """

        private static func bodies(_ queue: String, _ f: FlareFixture) async throws -> [JSONValue] {
            let messages = try await f.run("queues", "peek", queue, "--max", "100", "--json").check().json()
            return try (messages.arrayValue ?? []).compactMap { $0["body"]?.stringValue }
                .map { try JSONValue(json: $0.utf8) }
        }

        @Test("a watch goes through kills of the engine and tells of each event once, in order")
        func watch() async throws {
            try await FlareFixture.with { f in
                _ = try await f.startEngine()
                try await f.run("buckets", "create", "data").check()
                let count = 12
                let arguments = ["buckets", "watch", "data", "--prefix", "in/", "--count", "\(count)", "--jsonl"]
                let watch = try f.start("flare", arguments + ["--since", "oldest"])
                for number in 0..<count {
                    try await f.run("buckets", "objects", "put", "data", "out/\(number)", input: "x").check()
                    try await f.run("buckets", "objects", "put", "data", "in/\(number)", input: "x").check()
                    // At any moment: before the watch was told, or after.
                    if number % 3 == 1 { try await f.killEngine() }
                }
                let seen = try await watch.result().check().lines.map {
                    try JSONValue(json: $0.utf8)
                }
                #expect(seen.map { $0["object"]?["key"]?.stringValue } == (0..<count).map { "in/\($0)" })
                let cursors = seen.compactMap { $0["cursor"]?.integerValue }
                #expect(cursors == (1...count).map { $0 * 2 })
                // Afterwards, from the middle, by a cursor.
                let middle = ["--since", "\(cursors[5])", "--count", "6", "--jsonl"]
                let rest = try await f.run("flare", ["buckets", "watch", "data", "--prefix", "in/"] + middle).check()
                #expect(try rest.lines.map { try JSONValue(json: $0.utf8) } == Array(seen[6...]))
                let unknown = try await f.run("buckets", "watch", "data", "--since", "999", "--json")
                #expect(unknown.status == 65)
                #expect(unknown.stderr.contains("cursor_expired"))
                let late = try await f.run("buckets", "watch", "data", "--count", "1", "--timeout", "100ms")
                #expect(late.status == 124)
                #expect(late.stderr.contains("--since \(count * 2)"))
            }
        }

        @Test("subscribers hear of buckets, deploys and instances, across a kill, in the documented envelopes")
        func subscriptions() async throws {
            try await FlareFixture.with { f in
                for queue in ["buckets", "workers", "runs"] { try await f.run("queues", "create", queue).check() }
                func subscribe(_ queue: String, _ source: String, _ events: String, _ more: String...) async throws {
                    let words = ["queues", "subscriptions", "create", queue, "--source", source, "--events", events]
                    try await f.run("flare", words + more).check()
                }
                try await subscribe("buckets", "r2", "bucket.created,bucket.deleted")
                try await subscribe(
                    "workers",
                    "workers.script",
                    "worker.created,worker.updated,worker.deleted,version.created,version.deleted,deployment.created"
                )
                let ends = "instance.queued,instance.started,instance.completed,instance.errored"
                try await subscribe("runs", "workflows.workflow", ends, "--workflow-name", "work")
                try await f.run("buckets", "create", "data").check()
                try await f.killEngine()
                _ = try await f.deploy("app", Self.workflow, source: Self.source).check()
                try await f.run("workflows", "run", "work", "--id", "good", "--wait").check()
                try await f.killEngine()
                let bad = try await f.run(
                    "workflows",
                    "run",
                    "work",
                    "--id",
                    "bad",
                    "--params",
                    #"{"fails":true}"#,
                    "--wait"
                )
                #expect(bad.status == 1)
                try await f.run("workers", "secret", "put", "app", "KEY", input: "value").check()
                try await f.run("buckets", "delete", "data", "--yes").check()
                try await f.run("workers", "delete", "app", "--yes").check()

                let buckets = try await Self.bodies("buckets", f)
                #expect(
                    buckets.map { $0["type"]?.stringValue } == ["cf.r2.bucket.created", "cf.r2.bucket.deleted"]
                )
                #expect(buckets[0]["payload"]?["name"] == .string("data"))
                #expect(buckets[0]["metadata"]?["eventSchemaVersion"] == .integer(1))
                let workers = try await Self.bodies("workers", f)
                #expect(
                    workers.map { $0["type"]?.stringValue?.replacing("cf.workers.script.", with: "") } == [
                        "worker.created", "version.created", "deployment.created", "worker.updated",
                        "version.deleted", "worker.deleted",
                    ]
                )
                #expect(workers.allSatisfy { $0["source"]?["id"] == .string("app") })
                let version = workers[1]["payload"]?["id"]
                #expect(version != nil && workers[4]["payload"]?["id"] == version)
                let added: JSONValue = .object(["added": .array([.string("KEY")])])
                #expect(workers[3]["payload"]?["changed"] == .object(["secrets": added]))
                let runs = try await Self.bodies("runs", f)
                func events(_ id: String) -> [String?] {
                    runs.filter { $0["payload"]?["instanceId"] == .string(id) }
                        .map { $0["type"]?.stringValue?.replacing("cf.workflows.workflow.instance.", with: "") }
                }
                #expect(events("good") == ["queued", "started", "completed"])
                #expect(events("bad") == ["queued", "started", "errored"])
                #expect(runs.allSatisfy { $0["source"]?["workflowName"] == .string("work") })
            }
        }

        @Test("a deploy sets the notification rules of its configuration, and takes back those that are gone from it")
        func deployed() async throws {
            try await FlareFixture.with { f in
                try await f.run("queues", "create", "by-hand").check()
                try await f.run("buckets", "create", "data").check()
                let hand = ["buckets", "notify", "create", "data", "--queue", "by-hand", "--prefix", "hand/"]
                try await f.run("flare", hand + ["--event-type", "object-create"]).check()
                func rules(_ entries: String) -> String { "\"event_notifications\": [\(entries)]" }
                let entry = #"{ "bucket_name": "data", "queue": "new", "event_types": ["object-create"], "prefix": "#
                let dry = try f.writeProject("app", rules(entry + #""a/" }"#), source: Self.source)
                let planned = try await f.run("deploy", dry, "--dry-run").check()
                #expect(planned.stdout.contains("data/a/…"))
                #expect(!(try await f.run("queues", "list").check().stdout.contains("new")))
                let deployed = try await f.run("deploy", dry).check()
                #expect(!deployed.stderr.contains("unknown key"))
                #expect(deployed.lines.contains("notify     data/a/… object-create  to queue new"))
                let list = try await f.run("buckets", "notify", "list", "data").check()
                #expect(list.containsRow("object-create", "a/", "worker app"))
                #expect(list.containsRow("object-create", "hand/", "command"))
                let info = try await f.run("queues", "info", "new", "--json").check().json()
                let producer: JSONValue = .object(["type": .string("r2_bucket"), "bucket_name": .string("data")])
                #expect(info["queue"]?["producers"] == .array([producer]))
                try await f.run("buckets", "objects", "put", "data", "a/1", input: "x").check()
                #expect(try await Self.bodies("new", f).map { $0["object"]?["key"] } == [.string("a/1")])
                // What is in the way is named, and nothing of the deploy stays.
                let conflict = try await f.deploy("app", rules(entry + #""hand/x" }"#), source: Self.source)
                #expect(conflict.status == 73)
                #expect(conflict.stderr.contains("\"by-hand\""))
                #expect(try await f.run("buckets", "notify", "list", "data").check().containsRow("a/", "worker app"))
                let wrong = try await f.deploy("app", rules(#"{ "bucket_name": "data", "queue": "new" }"#), source: "")
                #expect(wrong.status == 65)
                #expect(wrong.stderr.contains("event_notifications[0].event_types"))
                let without = try await f.deploy("app", source: Self.source).check()
                #expect(without.lines.contains("removed    notification data/a/… object-create  to queue new"))
                let left = try await f.run("buckets", "notify", "list", "data", "--json").check().json()
                #expect(left.arrayValue?.map { $0["prefix"] } == [.string("hand/")])

                let delete = ["buckets", "notify", "delete", "data", "--queue", "new", "--yes"]
                for words in [delete, delete + ["--rule", "none"]] {
                    let refused = try await f.run("flare", words)
                    #expect(refused.status == 66)
                    #expect(refused.stderr.contains("bucket \"data\" has no notification rule"))
                }
            }
        }
    }
}
