import FlareModel
import FlareTestSupport
import Testing

extension EndToEnd {
    @Suite("the life of workflow instances")
    struct WorkflowLifeTests {
        static let configuration = """
            "workflows": [
              { "binding": "SAGA", "name": "saga", "class_name": "Saga" },
              { "binding": "STREAM", "name": "stream", "class_name": "Stream" },
              { "binding": "KEEPER", "name": "keeper", "class_name": "Keeper" }
            ]
            """

        static let source = """
            import { WorkflowEntrypoint } from "cloudflare:workers";

            export class Saga extends WorkflowEntrypoint {
              async run(event, step) {
                const undo = { rollback: async ({ output, error, stepName }) => {
                  console.log(`undo ${stepName} ${JSON.stringify(output)} after ${error.message}`);
                } };
                await step.do("reserve", async () => ({ seat: 7 }), undo);
                await step.do("charge", async () => "paid", undo);
                if (event.payload?.waits) await step.waitForEvent("sign", { type: "go", timeout: "1 hour" });
                throw new Error("the plane is full");
              }
            }

            export class Stream extends WorkflowEntrypoint {
              async run(event, step) {
                const stream = await step.do("fetch", async () => new Response("x".repeat(700_000)).body);
                await step.sleep("a while", "6 seconds");
                return (await new Response(stream).text()).length;
              }
            }

            // Drives instances by its bindings, one method each.
            export class Keeper extends WorkflowEntrypoint {
              async run(event, step) {
                const said = async (work) => {
                  try { return await work(); } catch (error) { return error.message; }
                };
                const a = await this.env.SAGA.create({ id: "a", params: { waits: true },
                  retention: { successRetention: "1 day", errorRetention: "2 days" } });
                await a.pause();
                const paused = (await a.status()).status;
                await a.resume();
                const report = await this.env.SAGA.createBatch({ instances: [{ id: "a" }, { id: "b" }] });
                const many = (await this.env.STREAM.createBatch({ count: 2 })).created;
                const unfinished = await said(() => many[0].delete());
                await many[0].terminate();
                await many[0].delete();
                const deleted = await this.env.STREAM.deleteBatch([many[0].id, "nobody"]);
                await many[1].terminate();
                return {
                  isPaused: paused === "paused" || paused === "waitingForPause",
                  created: report.created.map((one) => one.id), taken: report.errors.map((one) => one.index),
                  count: many.length, unfinished, deleted: [deleted.deleted.length, deleted.errors[0].code],
                  again: await said(() => many[1].terminate()),
                };
              }
            }

            export default {};

            """

        @Test("an instance is paused, survives the engine's death, resumed, rolled back by request and deleted")
        func pauses() async throws {
            try await FlareFixture.with { f in
                try await f.deploy("life", Self.configuration, source: Self.source).check()
                try await f.run("workflows", "run", "saga", "--id", "one", "--params", #"{"waits":true}"#).check()
                let paused = try await f.run("workflows", "pause", "saga", "one", "--json").check().json()
                #expect(["paused", "waitingForPause"].contains(paused["status"]?.stringValue))
                try await waitUntil("the pause") { try await Self.status(f, "one") == "paused" }
                try await f.killEngine()
                #expect(try await Self.status(f, "one") == "paused")
                #expect(try await f.run("workflows", "resume", "saga").check().stdout == "saga latest is queued\n")
                try await waitUntil("the wait") {
                    try await f.run("workflows", "logs", "saga").stdout.contains("sign-1")
                }
                let undone = try await f.run("workflows", "terminate", "saga", "one", "--rollback", "--yes").check()
                #expect(undone.stdout.hasPrefix("rolling back saga one"))
                #expect(try await f.run("workflows", "wait", "saga", "one").status == 1)
                let logs = try await f.run("workflows", "logs", "saga", "one").check().stdout
                #expect(logs.contains(#"undo charge-1 "paid" after the instance was terminated"#))
                #expect(logs.contains(#"undo reserve-1 {"seat":7} after"#))
                #expect(try await f.run("workflows", "pause", "saga", "one").status == 73)
                try await f.run("workflows", "run", "saga", "--id", "left", "--params", #"{"waits":true}"#).check()
                #expect(try await f.run("workflows", "terminate", "saga", "--all", "one", "--yes").status == 64)
                let left = try await f.run("workflows", "terminate", "saga", "--all", "--yes").check()
                #expect(left.stdout == "terminated 1 instance of saga\n")
                let deleted = try await f.run("workflows", "delete", "saga", "one", "two", "--yes")
                #expect(deleted.status == 66)
                #expect(deleted.stdout == "deleted saga one\n")
                #expect(deleted.stderr.contains(#"workflow "saga" has no instance "two""#))
            }
        }

        @Test("an uncaught error rolls back and keeps its message; streams outlive the life that made them")
        func rollsBack() async throws {
            try await FlareFixture.with { f in
                try await f.deploy("life", Self.configuration, source: Self.source).check()
                try await f.run("workflows", "run", "stream", "--id", "s").check()
                let run = try await f.run("workflows", "run", "saga", "--wait", "--json")
                #expect(run.status == 1)
                let saga = try run.json()
                #expect(saga["error"]?["message"]?.stringValue == "the plane is full")
                let steps = saga["steps"]?.arrayValue ?? []
                #expect(steps.map { $0["type"]?.stringValue } == ["step", "step", "rollback", "rollback"])
                let keeper = try await f.run("workflows", "run", "keeper", "--wait", "--json").check().json()
                let output = keeper["output"]
                #expect(output?["isPaused"] == .bool(true))
                #expect(output?["created"] == .array([.string("b")]))
                #expect(output?["taken"] == .array([.integer(0)]))
                #expect(output?["unfinished"]?.stringValue?.contains("(instance.cannot_delete)") == true)
                #expect(output?["deleted"] == .array([.integer(0), .integer(10400)]))
                #expect(output?["again"]?.stringValue?.contains("(instance.cannot_terminate)") == true)
                let stream = try await f.run("workflows", "wait", "stream", "s", "--json").check().json()
                #expect(stream["output"] == .integer(700_000))
                #expect(stream["steps"]?.arrayValue?.first?["output"]?["bytes"] == .integer(700_000))
            }
        }

        private static func status(_ f: FlareFixture, _ id: String) async throws -> String? {
            try await f.run("workflows", "status", "saga", id, "--json").check().json()["status"]?.stringValue
        }
    }
}
