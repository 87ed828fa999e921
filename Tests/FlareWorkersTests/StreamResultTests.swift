import FlareModel
import FlareWorkers
import Testing

/// Results of steps that are streams, and handlers that undo steps, in a real process.
@Suite(.enabled(if: WorkersFixture.toolsAreHere, "Node.js and esbuild are not installed"))
struct StreamResultTests {
    private static let wrangler = """
        {"name": "demo", "main": "index.ts",
         "workflows": [{"binding": "FLOW", "name": "flow", "class_name": "Streams"}]}
        """

    private static let source = """
        import { WorkflowEntrypoint } from "cloudflare:workers";

        const said = async (promise) => {
          try { return await promise; } catch (error) { return `${error.name}: ${error.message}`; }
        };
        const streamOf = (...chunks) => new ReadableStream({
          start(controller) { for (const chunk of chunks) controller.enqueue(chunk); controller.close(); },
        });

        export class Streams extends WorkflowEntrypoint {
          async run(event, step) {
            const bytes = Uint8Array.from({ length: 600_000 }, (_, index) => index % 251);
            const stream = await step.do("large", async () => streamOf(bytes.slice(0, 7), bytes.slice(7)));
            const read = new Uint8Array(await new Response(stream).arrayBuffer());
            const empty = await new Response(await step.do("empty", async () => streamOf())).text();
            const again = await step.do("again", async ({ attempt }) => {
              if (attempt > 1) return new Response("whole").body;
              let pulls = 0;
              return new ReadableStream({
                pull(controller) {
                  if (pulls++ > 0) throw new Error("the line broke");
                  controller.enqueue(new Uint8Array(300_000));
                },
              });
            });
            const locked = streamOf();
            locked.getReader();
            return {
              isSame: read.length === bytes.length && read.every((byte, index) => byte === bytes[index]),
              empty, again: await new Response(again).text(),
              refused: [await said(step.do("text", async () => streamOf("text"))),
                        await said(step.do("locked", async () => locked))],
            };
          }
        }

        export class Saga extends WorkflowEntrypoint {
          async run(event, step) {
            let seat = "none";
            const undo = (label) => ({
              rollback: async (given) => {
                console.log(label, JSON.stringify(given), given.error.name, given.error instanceof Error, seat);
                if (given.stepName === "first-1") console.log(await said(step.do("inside", () => 1)));
              },
            });
            await step.do("first", async () => ({ id: 1 }), undo("undo first"));
            seat = await step.do("plain", async () => "seat 2");
            const twice = () => step.do("second", { retries: { limit: 0, delay: 1 } }, async () => {
              throw new TypeError("no");
            }, { ...undo("undo second"), rollbackConfig: { retries: { limit: 1, delay: 1 }, timeout: "1 minute" } });
            await twice();
          }
        }
        """

    @Test func `a stream is stored in parts and read as a new one in every life`() async throws {
        try await WorkersFixture.with { fixture in
            try await fixture.deploy(Self.wrangler, Self.source)
            let engine = StepEngine(attemptsMax: 2)
            let first = try await engine.run(fixture, className: "Streams")
            let result = TaggedJSON.plain(first.body)
            #expect(result["isSame"] == .bool(true))
            #expect(result["empty"] == .string(""))
            let parts = engine.log.filter { $0.hasPrefix("chunk large#1") || $0.hasPrefix("streamed large") }
            #expect(
                parts == [
                    "chunk large#1 0: 262144 bytes", "chunk large#1 1: 262144 bytes", "chunk large#1 2: 75712 bytes",
                    "streamed large#1 600000 bytes",
                ]
            )
            #expect(engine.log.contains("failed again#1 Error: the line broke"))
            let refused = result["refused"]?.arrayValue?.compactMap(\.stringValue) ?? []
            #expect(
                refused.first == #"TypeError: the stream that step "text" returned must give bytes, and gave: string"#
            )
            #expect(refused.last == #"TypeError: the stream that step "locked" returned is read by others"#)
            let before = engine.log
            #expect(try await engine.run(fixture, className: "Streams").body == first.body)
            #expect(engine.log == before, "a finished step ran again")
        }
    }

    @Test func `handlers run in the order of the plan, with what their steps returned, and can begin no step`()
        async throws
    {
        try await WorkersFixture.with { fixture in
            try await fixture.deploy(Self.wrangler, Self.source)
            let engine = StepEngine(attemptsMax: 1)
            await #expect(throws: FlareError.self) { try await engine.run(fixture, className: "Saga") }
            #expect(engine.log.contains("can undo first#1") && engine.log.contains("can undo second#1"))
            #expect(!engine.log.contains("can undo plain#1"))
            func step(_ name: String) -> RollbackPlan.Step {
                RollbackPlan.Step(name: .init(name: name, occurrence: 1), attempt: 1, config: .standard)
            }
            let error = JavaScriptError(name: "TypeError", message: "no")
            let lines = Recorder<ConsoleLine>()
            let plan = RollbackPlan(steps: [step("second"), step("first")], error: error)
            let before = engine.log.count
            let result = try await engine.run(fixture, className: "Saga", rollback: plan) { lines.append($0) }
            #expect(RollbackPlan.missing(of: result) == nil)
            #expect(
                Array(engine.log[before...]) == ["undo second#1", "done second#1 ", "undo first#1", "done first#1 "]
            )
            let text = lines.values.map(\.message)
            #expect(text.count == 3)
            #expect(
                text.first?.hasPrefix(#"undo second {"ctx":{"step":{"name":"second","count":1},"attempt":1,"#) == true
            )
            #expect(text.first?.contains("output") == false)
            #expect(text.dropFirst().first?.contains(#""output":{"id":1}"#) == true)
            #expect(text.dropFirst().first?.hasSuffix("TypeError true seat 2") == true)
            #expect(
                text.last
                    == #"WorkflowError: the step "inside" cannot begin inside the rollback handler of step "first-1""#
            )
        }
    }

    @Test func `a step whose handler the code does not offer again is named`() async throws {
        try await WorkersFixture.with { fixture in
            try await fixture.deploy(Self.wrangler, Self.source)
            let engine = StepEngine(attemptsMax: 1)
            await #expect(throws: FlareError.self) { try await engine.run(fixture, className: "Saga") }
            let gone = RollbackPlan.Step(name: .init(name: "gone", occurrence: 2), attempt: 1, config: .standard)
            let plan = RollbackPlan(steps: [gone], error: JavaScriptError(message: "no"))
            let result = try await engine.run(fixture, className: "Saga", rollback: plan)
            #expect(RollbackPlan.missing(of: result) == "gone-2")
        }
    }
}
