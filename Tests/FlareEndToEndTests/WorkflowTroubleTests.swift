import FlareModel
import FlareTestSupport
import Foundation
import Testing

extension EndToEnd {
    @Suite("trouble with workflows")
    struct WorkflowTroubleTests {
        /// The limits are those of one process; its configuration makes them small.
        static let configuration = """
            "limits": { "cpu_ms": 200, "memory_mb": 160 },
            "r2_buckets": [{ "binding": "SEEN", "bucket_name": "seen" }],
            "workflows": [
              { "binding": "TROUBLE", "name": "trouble", "class_name": "Trouble" },
              { "binding": "HELD", "name": "held", "class_name": "Held" }
            ]
            """

        /// `Trouble` does in its second step what it is told; `Held` stands in its second step until `seen` holds an
        /// object "open", and leaves the id of its process there.
        static func source(_ version: String = "one") -> String {
            """
            import { WorkflowEntrypoint } from "cloudflare:workers";

            const troubles = {
              async loop() { for (;;); },
              async memory() {
                // With pauses, in which it does not use up its processor time.
                for (const all = [];; await new Promise((done) => setTimeout(done, 5))) {
                  all.push(new Array(100_000).fill(Math.random()));
                }
              },
              async exit() { process.exit(3); },
              async reallyExit() { process.reallyExit(3); },
              async string() { throw "just a text"; },
              async large() { return "é".repeat(524_288); },
              async function() { return { callback() {} }; },
              async inner({ step }) { await step.do("x".repeat(300), async () => 1); },
              async nameless({ step }) { await step.do("", async () => 1); },
            };

            export class Trouble extends WorkflowEntrypoint {
              async run(event, step) {
                const { kind } = event.payload;
                const seen = (name) => this.env.SEEN.put(`${kind}/${name}/${crypto.randomUUID()}`, "");
                await step.do("before", async () => { await seen("before"); });
                try {
                  await step.do("trouble", { retries: { limit: 1, delay: 10, backoff: "constant" } }, async () => {
                    await seen("trouble");
                    return troubles[kind]({ step });
                  });
                } catch (error) {
                  await step.do("after", async () => { await seen("after"); });
                  throw error;
                }
              }
            }

            export class Held extends WorkflowEntrypoint {
              async run(event, step) {
                const first = await step.do("first", async () => "\(version)");
                await step.do("held", { retries: { limit: 2, delay: 10 } }, async ({ attempt }) => {
                  await this.env.SEEN.put(`held/${event.instanceId}/${attempt}`, String(process.pid));
                  while (!(await this.env.SEEN.head("open"))) await new Promise((done) => setTimeout(done, 10));
                });
                return [first, await step.do("last", async () => "\(version)")];
              }
            }

            export default {};

            """
        }

        private static func with(_ body: (FlareFixture) async throws -> Void) async throws {
            try await FlareFixture.with { f in
                try await f.run("buckets", "create", "seen").check()
                try await f.deploy("trouble", configuration, source: source()).check()
                try await body(f)
            }
        }

        /// Begins an instance of the held workflow; returns the process it stands in once its second step runs.
        private static func hold(_ f: FlareFixture, _ id: String, attempt: Int = 1) async throws -> pid_t {
            if attempt == 1 { try await f.run("workflows", "run", "held", "--id", id).check() }
            return try await eventually("attempt \(attempt) of \(id) runs") {
                let object = try await f.run("buckets", "objects", "get", "seen", "held/\(id)/\(attempt)")
                return object.status == 0 ? pid_t(object.stdout) : nil
            }
        }

        private static func open(_ f: FlareFixture) async throws {
            try await f.run("buckets", "objects", "put", "seen", "open", "-", input: "yes").check()
        }

        /// What code does in a step, and what becomes of it: the error's name, a part of its message, its attempts.
        static let troubles: [(kind: String, name: String, message: String, attempts: Int)] = [
            ("loop", "CPULimitExceeded", #"the Worker "trouble" exceeded the CPU limit of 0.2 s"#, 2),
            ("memory", "MemoryLimitExceeded", #"the Worker "trouble" exceeded its memory limit of 160"#, 2),
            ("exit", "Error", "process.exit() is not available in a Worker", 2),
            ("reallyExit", "ProcessEnded", #"the process of the Worker "trouble" ended with status 3"#, 2),
            ("string", "Error", "just a text", 2),
            ("large", "DataCloneError", "is too large: 1048578 bytes, at most 1048576 can be stored", 1),
            ("function", "DataCloneError", "a function (callback) cannot be stored (at value.callback)", 1),
            ("inner", "TypeError", "a step's name has at most 256 characters", 1),
            ("nameless", "TypeError", "a step needs a name", 1),
        ]

        @Test("what code does to its process or to a result fails its step, with a reason, and nothing else")
        func troubles() async throws {
            try await Self.with { f in
                for trouble in Self.troubles {
                    let run = try await f.run(
                        "flare",
                        ["workflows", "run", "trouble", "--wait", "--json"]
                            + ["--id", trouble.kind, "--params", "{\"kind\":\"\(trouble.kind)\"}"]
                    )
                    #expect(run.status == 1)
                    let end = try run.json()
                    #expect(end["error"]?["name"]?.stringValue == trouble.name, "\(trouble.kind)")
                    let message = end["error"]?["message"]?.stringValue ?? ""
                    #expect(message.contains(trouble.message), "\(trouble.kind): \(message)")
                    let steps = end["steps"]?.arrayValue ?? []
                    let outer = steps.filter { ["before-1", "trouble-1", "after-1"].contains($0["name"]?.stringValue) }
                    #expect(outer.map { $0["success"] } == [.bool(true), .bool(false), .bool(true)], "\(trouble.kind)")
                    let attempts = outer.map { $0["attempts"]?.arrayValue ?? [] }
                    #expect(attempts.map(\.count) == [1, trouble.attempts, 1], "\(trouble.kind)")
                    #expect(attempts.last?.first?["success"] == .bool(true))
                    for attempt in attempts.dropFirst().first ?? [] {
                        #expect(attempt["error"]?["name"]?.stringValue == trouble.name, "\(trouble.kind)")
                    }
                }
                // As often as the status says, and no more: what was done outside is counted too.
                let keys = try await f.keys(of: "seen")
                for trouble in Self.troubles {
                    let ran = ["before", "trouble", "after"].map { name in
                        keys.count { $0.hasPrefix("\(trouble.kind)/\(name)/") }
                    }
                    #expect(ran == [1, trouble.attempts, 1], "\(trouble.kind)")
                }
            }
        }

        @Test("Node killed in the middle of a step: the attempt failed, the next one runs, and the step before is kept")
        func nodeKilled() async throws {
            try await Self.with { f in
                let first = try await Self.hold(f, "one")
                kill(first, SIGKILL)
                let second = try await Self.hold(f, "one", attempt: 2)
                #expect(second != first)
                try await Self.open(f)
                let end = try await f.run("workflows", "wait", "held", "one", "--json").check().json()
                #expect(end["status"]?.stringValue == "complete")
                let attempts = (end["steps"]?.arrayValue ?? []).map { $0["attempts"]?.arrayValue ?? [] }
                #expect(attempts.map(\.count) == [1, 2, 1])
                #expect(attempts[1].map { $0["success"] } == [.bool(false), .bool(true)])
                #expect(attempts[1].first?["error"]?["name"]?.stringValue == "Interrupted")
            }
        }

        @Test("a deploy during a run changes what begins later, and neither workflow nor Worker goes from under it")
        func deployed() async throws {
            try await Self.with { f in
                _ = try await Self.hold(f, "old")
                try await f.deploy("trouble", Self.configuration, source: Self.source("two")).check()
                let refused = try await f.run("workflows", "delete", "held", "--yes")
                #expect(refused.status == 73)
                #expect(refused.stderr.contains(#"workflow "held" has an unfinished instance and cannot be deleted"#))
                #expect(try await f.run("workers", "delete", "trouble", "--yes").status == 73)

                // The old version is started anew for its instance, where the engine has lost it.
                try await f.killEngine()
                _ = try await Self.hold(f, "old", attempt: 2)
                _ = try await Self.hold(f, "new")
                try await Self.open(f)
                for (id, version) in [("old", "one"), ("new", "two")] {
                    let end = try await f.run("workflows", "wait", "held", id, "--json").check().json()
                    #expect(end["output"] == .array([.string(version), .string(version)]))
                }
                try await f.run("workflows", "delete", "held", "--yes").check()
                #expect(try await f.run("workflows", "status", "held", "old").status == 66)
            }
        }

        @Test("an instance that has ended takes no events, and its id is not given again")
        func ended() async throws {
            try await Self.with { f in
                try await Self.open(f)
                try await f.run("workflows", "run", "held", "--id", "one", "--wait").check()
                let sent = try await f.run("workflows", "send-event", "held", "one", "--type", "go")
                #expect(sent.status == 73)
                #expect(sent.stderr.contains(#"instance "one" is complete and takes no more events"#))
                let reply = try await httpRequest(
                    "POST",
                    "/client/v4/accounts/local/workflows/held/instances/one/events/go",
                    port: try f.engine().controlPort,
                    headers: [("Authorization", "Bearer \(try await f.createToken())")],
                    body: Array("{}".utf8)
                )
                #expect(reply.status == 409)

                let again = try await f.run("workflows", "run", "held", "--id", "one")
                #expect(again.status == 73)
                let words = ["workflows", "run", "held", "--id", "one", "--if-not-exists", "--wait", "--json"]
                let shown = try await f.run("flare", words).check().json()
                #expect(shown["run"]?.integerValue == 1)
                #expect(shown["output"] == .array([.string("one"), .string("one")]))
            }
        }
    }
}
