import FlareModel
import FlareTestSupport
import Testing

extension EndToEnd {
    @Suite("workflows")
    struct WorkflowsTests {
        static let configuration = """
            "workflows": [
              { "binding": "FLAKY", "name": "flaky", "class_name": "Flaky" },
              { "binding": "HOPELESS", "name": "hopeless", "class_name": "Hopeless" },
              { "binding": "SLOW", "name": "slow", "class_name": "Slow" },
              { "binding": "EARLY", "name": "early", "class_name": "Early" }
            ]
            """

        static let source = """
            import { Workflow, WorkflowEntrypoint } from "cloudflare:workers";

            export class Flaky extends WorkflowEntrypoint {
              async run(event, step) {
                return await step.do(
                  "third time lucky",
                  { retries: { limit: 3, delay: 10, backoff: "constant" } },
                  async (context) => {
                    if (context.attempt < 3) throw new Error(`attempt ${context.attempt} failed`);
                    return { greeting: `Hello, ${event.payload.name}`, attempt: context.attempt };
                  },
                );
              }
            }

            export class Hopeless extends WorkflowEntrypoint {
              async run(event, step) {
                await step.do("first", async () => "done");
                await step.do("never", { retries: { limit: 1, delay: 10 } }, async () => {
                  throw new TypeError("no such thing");
                });
              }
            }

            export class Slow extends WorkflowEntrypoint {
              async run(event, step) {
                const before = await step.do("before", async () => crypto.randomUUID());
                await step.waitForEvent("a sign", { type: "go", timeout: "1 hour" });
                const after = await step.do("after", async () => crypto.randomUUID());
                return { before, after };
              }
            }

            // As announced in 2024: steps hang off this.ctx.
            export class Early extends Workflow {
              async run(event) {
                let attempts = 0;
                return await this.ctx.run(
                  "double",
                  async () => {
                    attempts += 1;
                    if (attempts < 2) throw new Error("not yet");
                    return event.messages[0].number * 2;
                  },
                  { retries: { limit: 5, delayMs: 10, backoff: "exponential" } },
                );
              }
            }

            export default {};

            """

        @Test("a step that fails twice and then succeeds completes the run, with three attempts in its history")
        func flaky() async throws {
            try await FlareFixture.with { f in
                try await f.deploy("flows", Self.configuration, source: Self.source).check()
                let run = try await f.run(
                    "workflows",
                    "run",
                    "flaky",
                    "--params",
                    #"{"name":"Ada"}"#,
                    "--wait",
                    "--json"
                ).check().json()
                #expect(run["status"]?.stringValue == "complete")
                #expect(run["output"]?["greeting"]?.stringValue == "Hello, Ada")
                #expect(run["output"]?["attempt"]?.integerValue == 3)
                let attempts = run["steps"]?.arrayValue?.first?["attempts"]?.arrayValue ?? []
                #expect(attempts.map { $0["success"] } == [.bool(false), .bool(false), .bool(true)])
                #expect(attempts.first?["error"]?["message"]?.stringValue == "attempt 1 failed")
            }
        }

        @Test("a run that fails for good makes --wait end with status 1 and tells the error")
        func hopeless() async throws {
            try await FlareFixture.with { f in
                try await f.deploy("flows", Self.configuration, source: Self.source).check()
                let run = try await f.run("workflows", "run", "hopeless", "--wait")
                #expect(run.status == 1)
                #expect(run.stdout.contains("errored"))
                #expect(run.stdout.contains("TypeError: no such thing"))

                let status = try await f.run("workflows", "status", "hopeless", "--json").check().json()
                #expect(status["status"]?.stringValue == "errored")
                let steps = status["steps"]?.arrayValue ?? []
                #expect(steps.map { $0["attempts"]?.arrayValue?.count } == [1, 2])
                #expect(try await f.run("workflows", "wait", "hopeless").status == 1)
            }
        }

        @Test("the class of the announcement runs too")
        func early() async throws {
            try await FlareFixture.with { f in
                try await f.deploy("flows", Self.configuration, source: Self.source).check()
                let run = try await f.run(
                    "workflows",
                    "run",
                    "early",
                    "--params",
                    #"{"messages":[{"number":21}]}"#,
                    "--wait",
                    "--json"
                ).check().json()
                #expect(run["output"]?.integerValue == 42)
            }
        }

        @Test("a waiting run goes on after kill -9, and its finished step does not run again")
        func resumes() async throws {
            try await FlareFixture.with { f in
                try await f.deploy("flows", Self.configuration, source: Self.source).check()
                try await f.run("workflows", "run", "slow", "--id", "patient").check()
                let before = try await eventually("the first step is done") {
                    let status = try await f.run("workflows", "status", "slow", "patient", "--json").check().json()
                    return status["status"]?.stringValue == "waiting"
                        ? status["steps"]?.arrayValue?.first?["output"] : nil
                }
                #expect(try await f.run("workflows", "wait", "slow", "patient", "--timeout", "100ms").status == 124)

                try await f.killEngine()
                try await f.run("workflows", "send-event", "slow", "patient", "--type", "go").check()
                let end = try await f.run("workflows", "wait", "slow", "patient", "--json").check().json()
                #expect(end["output"]?["before"] == before)
                #expect(end["steps"]?.arrayValue?.first?["attempts"]?.arrayValue?.count == 1)
            }
        }

        @Test("an id can be used once, and what does not exist is told")
        func ids() async throws {
            try await FlareFixture.with { f in
                try await f.deploy("flows", Self.configuration, source: Self.source).check()
                try await f.run("workflows", "run", "slow", "--id", "one").check()
                #expect(try await f.run("workflows", "run", "slow", "--id", "one").status == 73)
                #expect(try await f.run("workflows", "run", "slo").status == 66)
                #expect(try await f.run("workflows", "status", "slow", "two").status == 66)
                #expect(try await f.run("workflows", "run", "slow", "--params", "{").status == 65)
            }
        }
    }
}
