import FlareModel
import FlareTestSupport
import Testing

extension EndToEnd {
    @Suite("triggers")
    struct TriggersTests {
        static let source = """
            import { WorkflowEntrypoint } from "cloudflare:workers";

            export class Tick extends WorkflowEntrypoint {
              async run(event, step) {
                const { schedule, payload } = event;
                return await step.do("see", async () => {
                  if (event.messages !== payload?.messages) throw new Error("messages of two kinds");
                  return { schedule, messages: event.messages };
                });
              }
            }

            export default {
              async scheduled(controller, env, ctx) {
                if (controller.cron === "0 0 1 1 *") throw new Error("no fireworks");
                const { objects } = await env.MARKS.list({ prefix: "call-" });
                await env.MARKS.put(`call-${objects.length}`, `${controller.cron} ${controller.scheduledTime}`);
                // The first call of this one never ends.
                if (controller.cron === "59 23 31 12 *" && objects.length === 0) await new Promise(() => {});
              },
            };

            """

        static func configuration(crons: String?, schedules: String = #""0 9 * * MON-FRI""#) -> String {
            let triggers = crons.map { "\"triggers\": { \"crons\": \($0) }," } ?? ""
            return """
                \(triggers)
                "r2_buckets": [{ "binding": "MARKS", "bucket_name": "marks" }],
                "workflows": [
                  { "binding": "TICK", "name": "tick", "class_name": "Tick", "schedules": \(schedules) }
                ]
                """
        }

        /// Without a time that could come while a test runs.
        static let untimed = configuration(crons: nil, schedules: "[]")

        static let crons = #"["0 0 1 1 *", "59 23 31 12 *"]"#

        private static func triggers(_ f: FlareFixture, _ group: String, _ name: String) async throws -> [JSONValue] {
            try await f.run(group, "triggers", "list", name, "--json").check().json().arrayValue ?? []
        }

        private static func crons(_ f: FlareFixture, _ group: String, _ name: String) async throws -> [String?] {
            try await triggers(f, group, name).map { $0["cron"]?.stringValue }
        }

        @Test("a deploy sets cron triggers, leaves those of commands alone, and refuses what could never run")
        func deploys() async throws {
            try await FlareFixture.with { f in
                let configuration = Self.configuration(crons: Self.crons)
                try await f.deploy("clock", configuration, source: Self.source).check()
                #expect(try await Self.crons(f, "workers", "clock") == ["0 0 1 1 *", "59 23 31 12 *"])
                #expect(try await Self.crons(f, "workflows", "tick") == ["0 9 * * MON-FRI"])
                try await f.run("workers", "triggers", "add", "clock", "--cron", "0 12 * * *").check()
                #expect(try await f.run("workers", "triggers", "add", "clock", "--cron", "0 12 * * *").status == 73)
                try await f.run("queues", "create", "work").check()
                try await f.run("workflows", "triggers", "add", "tick", "--queue", "work", "--batch-size", "7").check()

                // Without the field they stay; an empty list removes them, but not what a command has set.
                try await f.deploy("clock", Self.configuration(crons: nil), source: Self.source).check()
                #expect(try await Self.crons(f, "workers", "clock").count == 3)
                try await f.deploy("clock", Self.configuration(crons: "[]", schedules: "[]"), source: Self.source)
                    .check()
                #expect(try await Self.crons(f, "workers", "clock") == ["0 12 * * *"])
                let rest = try await Self.triggers(f, "workflows", "tick")
                #expect(rest.map { $0["queue"]?.stringValue } == ["work"])
                #expect(rest.first?["settings"]?["batch_size"]?.integerValue == 7)

                let wrong = try await f.deploy(
                    "clock",
                    Self.configuration(crons: #"["0 0 31 2 *"]"#),
                    source: Self.source
                )
                #expect(wrong.status == 65)
                #expect(
                    wrong.stderr.contains("triggers.crons is wrong") && wrong.stderr.contains("no day that ever comes")
                )
                let none = try await f.deploy(
                    "deaf",
                    #""triggers": { "crons": ["* * * * *"] }"#,
                    source: "export default {};"
                )
                #expect(none.status == 65)
                #expect(none.stderr.contains("scheduled"))
            }
        }

        @Test("the scheduled handler is called from the shell, and its failure is the exit status")
        func byHand() async throws {
            try await FlareFixture.with { f in
                try await f.deploy("clock", Self.configuration(crons: Self.crons), source: Self.source).check()
                let time = "2026-03-01T05:00:00Z"
                try await f.run("workers", "trigger-scheduled", "clock", "--cron", "0 5 * * *", "--time", time).check()
                let mark = try await f.run("buckets", "objects", "get", "marks", "call-0").check()
                #expect(mark.stdout == "0 5 * * * 1772341200000")
                let failed = try await f.run("workers", "trigger-scheduled", "clock", "--cron", "0 0 1 1 *")
                #expect(failed.status == 1)
                #expect(failed.stdout.contains("Error: no fireworks"))
                #expect(failed.stdout.contains("index.ts:15"))
                let which = try await f.run("workers", "trigger-scheduled", "clock")
                #expect(which.status == 64)
                #expect(which.stderr.contains("2 cron triggers"))
                let runs = try await f.run("workers", "triggers", "runs", "clock").check()
                #expect(runs.containsRow("command", "failed"))
                #expect(try await f.run("workers", "trigger-scheduled", "clok").status == 66)
            }
        }

        @Test("a scheduled handler that kill -9 of the engine cuts off is called again")
        func killedHandler() async throws {
            try await FlareFixture.with { f in
                try await f.deploy("clock", Self.configuration(crons: Self.crons), source: Self.source).check()
                _ = try f.start("flare", ["workers", "trigger-scheduled", "clock", "--cron", "59 23 31 12 *"])
                try await waitUntil("the handler runs") { try await f.keys(of: "marks").count == 1 }
                try await f.killEngine()
                try await waitUntil("it has been called again") {
                    let runs = try await f.run("workers", "triggers", "runs", "clock", "--json").check().json()
                    return runs.arrayValue?.first?["status"]?.stringValue == "succeeded"
                }
                #expect(try await f.keys(of: "marks").sorted() == ["call-0", "call-1"])
            }
        }

        @Test("a backfill that kill -9 cuts off is done again and begins each time once")
        func killedBackfill() async throws {
            try await FlareFixture.with { f in
                try await f.deploy("clock", Self.untimed, source: Self.source).check()
                let words = [
                    "workflows", "backfill", "tick", "--from", "2026-01-01", "--to", "2026-01-02", "--cron",
                    "*/10 * * * *",
                ]
                let plan = try await f.run("flare", words + ["--dry-run", "--json"]).check().json().arrayValue ?? []
                #expect(plan.count == 144)
                let first = try f.start("flare", words + ["--rate", "20"])
                try await waitUntil("some have begun") { try await Self.instances(f).count >= 20 }
                try await f.killEngine()
                _ = try await first.result()
                try await f.run("flare", words).check()
                let again = try await f.run("flare", words + ["--json"]).check().json().arrayValue ?? []
                #expect(again.allSatisfy { $0["outcome"]?.stringValue == "exists" })
                let ids = try await Self.instances(f).compactMap { $0["id"]?.stringValue }
                #expect(ids.sorted() == plan.compactMap { $0["instance"]?.stringValue }.sorted())
                try await waitUntil("all are complete") {
                    try await Self.instances(f).allSatisfy { $0["status"]?.stringValue == "complete" }
                }
                let id = try #require(plan.first?["instance"]?.stringValue)
                let status = try await f.run("workflows", "status", "tick", id, "--json").check().json()
                #expect(status["output"]?["schedule"]?["cron"]?.stringValue == "*/10 * * * *")
                #expect(status["output"]?["schedule"]?["scheduledTime"]?.integerValue == 1_767_225_600_000)
            }
        }

        private static func instances(_ f: FlareFixture) async throws -> [JSONValue] {
            try await f.run("workflows", "instances", "tick", "--limit", "1000", "--json").check().json().arrayValue
                ?? []
        }

        @Test("each batch of a queue begins one instance, whenever the engine is killed")
        func killedBatches() async throws {
            try await FlareFixture.with { f in
                try await f.deploy("clock", Self.untimed, source: Self.source).check()
                let queue = try await f.run("queues", "create", "work", "--json").check().json()
                let id = try #require(queue["queue_id"]?.stringValue)
                let options = ["--queue", "work", "--batch-size", "2", "--batch-timeout", "1s"]
                try await f.run("flare", ["workflows", "triggers", "add", "tick"] + options).check()
                let other = try await f.run("workflows", "triggers", "add", "tick", "--queue", "work")
                #expect(other.status == 73)
                #expect(other.stderr.contains("workflow \"tick\""))

                let token = try await f.createToken()
                for round in 0..<3 {
                    let messages = (0..<20).map { JSONValue.object(["body": .integer(Int64(round * 20 + $0))]) }
                    let path = "/client/v4/accounts/local/queues/\(id)/messages/batch"
                    _ = try await f.api("POST", path, token: token, body: .object(["messages": .array(messages)]))
                    try await pause(atMost: .milliseconds(60))
                    try await f.killEngine()
                    try await f.startEngine()
                }
                try await waitUntil("the queue is empty and all instances are complete") {
                    let info = try await f.run("queues", "info", "work", "--json").check().json()
                    let instances = try await Self.instances(f)
                    return info["backlog_count"]?.integerValue == 0
                        && instances.allSatisfy { $0["status"]?.stringValue == "complete" }
                }
                var seen: [Int] = []
                for instance in try await Self.instances(f) {
                    let id = try #require(instance["id"]?.stringValue)
                    let status = try await f.run("workflows", "status", "tick", id, "--json").check().json()
                    #expect(status["trigger"]?["source"]?.stringValue == "queue")
                    seen += (status["output"]?["messages"]?.arrayValue ?? []).compactMap(\.integerValue)
                }
                #expect(seen.sorted() == Array(0..<60))

                // With the workflow go its triggers, and what waits in the queue goes on waiting.
                try await f.run("workflows", "delete", "tick", "--yes").check()
                let info = try await f.run("queues", "info", "work", "--json").check().json()
                #expect(info["queue"]?["consumers"]?.arrayValue?.isEmpty == true)
            }
        }

        @Test("an id that exists is shown or waited for with --if-not-exists, and refused without")
        func ifNotExists() async throws {
            try await FlareFixture.with { f in
                try await f.deploy("clock", Self.untimed, source: Self.source).check()
                let words = ["workflows", "run", "tick", "--id", "once", "--if-not-exists", "--json"]
                let first = try await f.run("flare", words).check().json()
                let second = try await f.run("flare", words).check().json()
                #expect(second["id"] == first["id"] && second["created_on"] == first["created_on"])
                let waited = try await f.run("flare", words + ["--wait"]).check().json()
                #expect(waited["status"]?.stringValue == "complete")
                #expect(try await f.run("workflows", "run", "tick", "--id", "once").status == 73)
                #expect(try await f.run("workflows", "run", "tick", "--if-not-exists").status == 64)
            }
        }

        @Test("the API speaks of cron triggers as Cloudflare's does")
        func api() async throws {
            try await FlareFixture.with { f in
                try await f.deploy("clock", Self.configuration(crons: Self.crons), source: Self.source).check()
                let token = try await f.createToken()
                let base = "/client/v4/accounts/local"
                let schedules = base + "/workers/scripts/clock/schedules"
                func crons(_ result: JSONValue) -> [String] {
                    (result["schedules"]?.arrayValue ?? []).compactMap { $0["cron"]?.stringValue }
                }
                #expect(crons(try await f.api("GET", schedules, token: token)) == ["0 0 1 1 *", "59 23 31 12 *"])
                let body = JSONValue.array([.object(["cron": .string("*/30 * * * *")])])
                #expect(crons(try await f.api("PUT", schedules, token: token, body: body)) == ["*/30 * * * *"])
                #expect(crons(try await f.api("GET", schedules, token: token)) == ["*/30 * * * *"])

                let workflow = base + "/workflows/tick"
                let definition = JSONValue.object([
                    "script_name": .string("clock"), "class_name": .string("Tick"), "schedules": body,
                ])
                for result in [
                    try await f.api("PUT", workflow, token: token, body: definition),
                    try await f.api("GET", workflow, token: token),
                ] {
                    let schedule = try #require(result["schedules"]?.arrayValue?.first)
                    #expect(schedule["cron"]?.stringValue == "*/30 * * * *")
                    #expect(Timestamp(try #require(schedule["next_instance"]?.stringValue)) != nil)
                }
            }
        }
    }
}
