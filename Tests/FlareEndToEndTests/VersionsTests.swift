import FlareModel
import FlareTestSupport
import Foundation
import Testing

extension EndToEnd {
    @Suite("versions")
    struct VersionsTests {
        /// A Worker whose workflow tells its version at the begin and, after a sign, at the end.
        private static func source(_ version: String) -> String {
            """
            import { WorkflowEntrypoint } from "cloudflare:workers";
            export class Tell extends WorkflowEntrypoint {
              async run(event, step) {
                const begin = await step.do("begin", async () => "\(version)");
                if (event.payload?.waits) await step.waitForEvent("a sign", { type: "go", timeout: "1 hour" });
                return { begin, end: "\(version)", plain: this.env.PLAIN };
              }
            }
            export default {
              async queue(batch) {
                console.log("\(version) got", batch.messages[0].body);
                if (batch.messages[0].body === "bad") throw new Error("a bad one");
              },
            };
            """
        }

        private static let configuration = """
            "workflows": [{ "binding": "W", "name": "tell", "class_name": "Tell" }]
            """
        private static let consuming = """
            \(configuration),
            "queues": { "consumers": [{ "queue": "orders", "max_batch_timeout": 0, "max_retries": 0 }] }
            """

        @Test("a rollback is current at once with its consumers, and an instance ends on the version it began with")
        func rollback() async throws {
            try await FlareFixture.with { f in
                try await f.run(
                    "deploy",
                    f.writeProject("teller", Self.consuming, source: Self.source("one")),
                    "--message",
                    "the first",
                    "--tag",
                    "v1"
                ).check()
                try await f.run("deploy", f.writeProject("teller", Self.configuration, source: Self.source("two")))
                    .check()
                #expect(try await Self.consumer(f) == nil)
                try await f.run("workflows", "run", "tell", "--id", "patient", "--params", #"{"waits":true}"#).check()
                try await waitUntil("the instance waits") {
                    let status = try await f.run("workflows", "status", "tell", "patient", "--json").check().json()
                    return status["status"]?.stringValue == "waiting"
                }
                let back = try await f.run("workers", "rollback", "teller", "--json").check().json()
                #expect(back["worker"]?["version"] != back["previous"])
                #expect(try await Self.consumer(f) == "teller")
                #expect(try await Self.tell(f)["end"]?.stringValue == "one")

                let versions =
                    try await f.run("workers", "versions", "teller", "--json").check().json().arrayValue ?? []
                #expect(versions.map { $0["current"] } == [.bool(false), .bool(true)])
                #expect(versions.map { $0["instances"] } == [.integer(1), .integer(0)])
                #expect(versions.last?["message"] == .string("the first"))
                try await f.run("workflows", "send-event", "tell", "patient", "--type", "go").check()
                let end = try await f.run("workflows", "wait", "tell", "patient", "--json").check().json()["output"]
                #expect(end?["begin"]?.stringValue == "two" && end?["end"]?.stringValue == "two")

                #expect(try await f.run("workers", "rollback", "teller").status == 66)
                #expect(try await f.run("workers", "rollback", "teller", "v1").status == 73)
                let newest = try #require(versions.first?["id"]?.stringValue)
                try await f.run("workers", "rollback", "teller", String(newest.prefix(13))).check()
                #expect(try await Self.tell(f)["end"]?.stringValue == "two")
            }
        }

        @Test("a dry run tells what would change and changes nothing")
        func dryRun() async throws {
            try await FlareFixture.with { f in
                let project = try f.writeProject("teller", Self.consuming, source: Self.source("one"))
                let dry = try await f.run("deploy", project, "--dry-run", "--outdir", f.directory + "/out", "--json")
                let changes = try dry.check().json()["changes"]?.arrayValue ?? []
                let lines = changes.map { "\($0["action"]?.stringValue ?? "") \($0["name"]?.stringValue ?? "")" }
                #expect(lines == ["create orders", "add env.W", "add queue orders", "add tell"])
                #expect(try await f.run("workers", "list", "--json").check().json() == .array([]))
                #expect(try await f.run("queues", "list", "--json").check().json() == .array([]))
                #expect(try await f.run("workflows", "list", "--json").check().json() == .array([]))
                #expect(try await f.run("/bin/ls", ["\(f.state)/workers"]).check().stdout == "")
                #expect(
                    try await f.run("/bin/ls", [f.directory + "/out"]).check().lines == ["index.mjs", "index.mjs.map"]
                )

                try await f.run("deploy", project).check()
                _ = try f.writeProject("teller", Self.configuration, source: Self.source("two"))
                let second = try await f.run("deploy", project, "--dry-run").check()
                #expect(second.stdout.contains("would remove   consumer queue orders"))
                #expect(try await Self.tell(f)["end"]?.stringValue == "one")
                #expect(try await Self.consumer(f) == "teller")
            }
        }

        @Test("an environment is a Worker of its own, with its own values alone")
        func environments() async throws {
            try await FlareFixture.with { f in
                let environments = """
                    "vars": { "PLAIN": "top" }, "workflows": [],
                    "env": { "staging": { "vars": { "PLAIN": "stage" }, \(Self.configuration) }, "bare": {} }
                    """
                let project = try f.writeProject("teller", environments, source: Self.source("one"))
                try await f.run("deploy", project, "--env", "staging").check()
                #expect(try await Self.tell(f)["plain"]?.stringValue == "stage")
                try await f.run("deploy", project, environment: ["CLOUDFLARE_ENV": "staging"]).check()
                try await f.run("deploy", project, "--env", "staging", "--var", "PLAIN:a:b").check()
                #expect(try await Self.tell(f)["plain"]?.stringValue == "a:b")
                let bare = try await f.run("deploy", project, "--env", "bare", "--name", "own").check()
                #expect(bare.stderr.contains("vars is set at the top level only"))
                let workers = try await f.run("workers", "list", "--json").check().json().arrayValue ?? []
                #expect(workers.map { $0["name"] } == [.string("own"), .string("teller-staging")])
                #expect(workers.first?["vars"] == .array([]))
                let wrong = try await f.run("deploy", project, "--env", "stagin")
                #expect(wrong.status == 64)
                #expect(wrong.stderr.contains("did you mean \"staging\"?"))
            }
        }

        @Test("a tail shows each call with its lines and errors, by filter, and goes on after a restart")
        func tail() async throws {
            try await FlareFixture.with { f in
                try await f.deploy("teller", Self.consuming, source: Self.source("one")).check()
                let all = try f.start("flare", ["tail"])
                let errors = try f.start("flare", ["tail", "teller", "--format", "pretty", "--status", "error"])
                let none = try f.start("flare", ["tail", "teller", "--search", "nobody says this"])
                // Following begins at some time: what is sent is sent until it is seen.
                try await waitUntil("good and bad are seen") {
                    try await f.run("queues", "send", "orders", "good").check()
                    try await f.run("queues", "send", "orders", "bad").check()
                    return try errors.outputSoFar().contains("a bad one") && all.outputSoFar().contains("got good")
                }
                #expect(try errors.outputSoFar().contains("teller  queue orders, 1 message - Error"))
                #expect(try !errors.outputSoFar().contains("got good"))
                try await f.run("engine", "restart").check()
                let before = try all.outputSoFar().utf8.count
                try await waitUntil("something is seen after the restart") {
                    try await f.run("queues", "send", "orders", "good").check()
                    return try all.outputSoFar().utf8.count > before
                }
                let (ended, silent) = (try await Self.end(all), try await Self.end(none))
                #expect(ended.status == 130)
                #expect(ended.stderr.contains("the engine runs again"))
                #expect(silent.stdout == "")
                let events = try ended.lines.map { try JSONValue(json: $0.utf8) }
                let good = try #require(events.first { $0["outcome"] == .string("ok") })
                #expect(good["scriptName"] == .string("teller") && good["kind"] == .string("queue"))
                #expect(good["event"] == .object(["queue": .string("orders"), "batchSize": .integer(1)]))
                #expect(good["logs"]?.arrayValue?.first?["message"] == .array([.string("one got good")]))
                let bad = try #require(events.first { $0["outcome"] == .string("exception") })
                #expect(bad["exceptions"]?.arrayValue?.first?["message"] == .string("a bad one"))
                #expect(try await f.run("tail", "telle").status == 66)
            }
        }

        @Test("dev deploys again after each edit, keeps the last version that works, and shows what it does")
        func development() async throws {
            try await FlareFixture.with { f in
                let project = try f.writeProject("teller", Self.configuration, source: Self.source("one"))
                try f.write("teller/.dev.vars", "PLAIN=dev-only-value\n")
                let dev = try f.start("flare", ["dev", project, "--json"])
                let deployments = {
                    try dev.outputSoFar().split(separator: "\n").filter { $0.hasPrefix("{\"deployment\"") }
                }
                try await waitUntil("it is deployed") { try deployments().count == 1 }
                #expect(try await Self.tell(f) == Self.told("one"))
                let worker = try await f.run("workers", "get", "teller").check()
                #expect(worker.stdout.contains("secret     env.PLAIN  by flare dev, in this version only"))
                _ = try f.writeProject("teller", Self.configuration, source: Self.source("two"))
                try await waitUntil("the edit is deployed") { try await Self.tell(f)["end"]?.stringValue == "two" }
                _ = try f.writeProject("teller", Self.configuration, source: "export default {")
                try await waitUntil("the mistake is told") { try dev.outputSoFar().contains("\"build_failed\"") }
                #expect(try await Self.tell(f) == Self.told("two"))
                _ = try f.writeProject("teller", Self.configuration, source: Self.source("three"))
                try await waitUntil("it is mended") { try await Self.tell(f)["end"]?.stringValue == "three" }
                try await waitUntil("the calls are shown") {
                    try dev.outputSoFar().contains("\"workflowName\":\"tell\"")
                }
                let end = try await Self.end(dev)
                #expect(end.status == 130)
                #expect(!end.stdout.contains("dev-only-value"))
            }
        }

        private static func told(_ version: String) -> JSONValue {
            .object(["begin": .string(version), "end": .string(version), "plain": .string("dev-only-value")])
        }

        private static func end(_ command: RunningCommand) async throws -> CommandResult {
            command.signal(SIGTERM)
            return try await command.result()
        }

        private static func tell(_ f: FlareFixture) async throws -> JSONValue {
            let run = try await f.run("workflows", "run", "tell", "--wait", "--json").check().json()
            return run["output"] ?? .null
        }

        /// The Worker that consumes the queue.
        private static func consumer(_ f: FlareFixture) async throws -> String? {
            let queue = try await f.run("queues", "info", "orders", "--json").check().json()
            return queue["queue"]?["consumers"]?.arrayValue?.first?["script_name"]?.stringValue
        }
    }
}
