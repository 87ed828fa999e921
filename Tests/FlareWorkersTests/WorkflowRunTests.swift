import FlareModel
import FlareTestSupport
import FlareWorkers
import Synchronization
import Testing

@Suite(.enabled(if: WorkersFixture.toolsAreHere, "Node.js and esbuild are not installed"))
struct WorkflowRunTests {
    private static func wrangler(_ className: String) -> String {
        """
        {"name": "demo", "main": "index.ts", "r2_buckets": [{"binding": "R2", "bucket_name": "photos"}],
         "workflows": [{"binding": "FLOW", "name": "flow", "class_name": "\(className)"}]}
        """
    }

    @Test func `the class of the announcement runs as it is printed there`() async throws {
        try await WorkersFixture.with { fixture in
            try await fixture.deploy(Self.wrangler("default"), Announcement.workflow)
            let engine = StepEngine(prepared: ["generate embeddings": "[[1],[2]]", "insert vectors": ""])
            let payload = #"{"queue":"q","messages":[{"object":{"key":"a"}},{"object":{"key":"b"}}]}"#
            let result = try await engine.run(fixture, payload: payload)
            #expect(result.body.isEmpty)
            #expect(
                engine.log == [
                    "begin read objects from R2#1", "done read objects from R2#1 [\"A\",\"B\"]",
                    "begin generate embeddings#1", "begin insert vectors#1",
                ]
            )
            #expect(fixture.bindingCalls.values.map { $0.prefix(7) } == ["R2.get ", "R2.get "])
        }
    }

    @Test func `a message that cannot be read is its bytes, and takes no other one away`() async throws {
        try await WorkersFixture.with { fixture in
            let source = """
                import { Workflow } from "cloudflare:workers";
                export default class extends Workflow {
                  async run(event, step) {
                    return event.messages.map((body) => [body instanceof Uint8Array, String(body)]);
                  }
                }
                """
            try await fixture.deploy(Self.wrangler("default"), source)
            let bodies = [("v8", "no"), ("text", "yes")].map { TaggedJSON.message(Array($1.utf8), contentType: $0) }
            let payload = String(decoding: TaggedJSON.batchPayload(queue: "q", bodies: bodies), as: UTF8.self)
            let result = try await StepEngine().run(fixture, payload: payload)
            #expect(String(decoding: result.body, as: UTF8.self) == #"[[true,"110,111"],[false,"yes"]]"#)
        }
    }

    private static let modern = """
        import { WorkflowEntrypoint } from "cloudflare:workers";
        import { NonRetryableError } from "cloudflare:workflows";

        export class Modern extends WorkflowEntrypoint {
          async run(event, step) {
            const first = await step.do("first", () => ({ at: event.timestamp, map: new Map([["k", 1n]]), n: -0 }));
            await step.sleep("rest", "5 seconds");
            const approval = await step.waitForEvent("approval", { type: "yes", timeout: "1 hour" });
            let tries = 0;
            const flaky = await step.do("flaky", async ({ attempt }) => {
              if (attempt < 3) throw new TypeError("again");
              return attempt;
            });
            let caught;
            try {
              await step.do("never", async () => { throw new NonRetryableError("no use"); });
            } catch (error) {
              caught = [error instanceof NonRetryableError, error.name, error.message];
            }
            console.log("about to end");
            return { isDate: first.at instanceof Date, map: first.map.get("k"), zero: Object.is(first.n, -0),
                     approval: approval.payload, flaky, caught, params: event.payload, id: event.instanceId };
          }
        }

        export class Parallel extends WorkflowEntrypoint {
          async run(event, step) {
            const branch = async (label, delay) => {
              await step.do("prepare " + label, async () => new Promise((done) => setTimeout(done, delay)));
              return step.do("save", async () => "saved " + label);
            };
            const all = await Promise.all([branch("A", 60), branch("B", 5)]);
            let end;
            const late = new Promise((done) => { end = done; });
            const race = await Promise.race([step.do("slow", () => late), step.do("fast", async () => "fast")]);
            end("slow");
            return { all, race };
          }
        }

        export class Careless extends WorkflowEntrypoint {
          async run(event, step) {
            step.do("outer", async () => step.do("inner", async () => 1));
            step.do("unlucky", async () => { throw new NonRetryableError("bad luck"); });
            return "done";
          }
        }

        export class Refused extends WorkflowEntrypoint {
          async run(event, step) {
            const message = async (name, value) => {
              try { await step.do(name, () => value); } catch (error) { return `${error.name}: ${error.message}`; }
            };
            const cycle = {};
            cycle.self = cycle;
            return [await message("function", { f() {} }), await message("symbol", Symbol("s")),
                    await message("cycle", cycle), await message("response", new Response("x")),
                    await message("large", "x".repeat(1024 * 1024))];
          }
        }

        export class Failing extends WorkflowEntrypoint {
          async run() {
            throw new RangeError("out of range");
          }
        }

        export class Permitted extends WorkflowEntrypoint {
          async run(event, step) {
            let isPast = false;
            const one = await step.do("one", () => 1);
            const promise = step.do("two", () => isPast ? 2 : "too early");
            isPast = true;
            const two = await promise;
            await new Promise((resolve) => setTimeout(resolve, 1));
            const three = await step.do("three", async () => 3);
            const both = await Promise.all([step.do("four", () => 4), step.do("five", () => 5)]);
            return [one, two, three, both];
          }
        }

        export class Crowded extends WorkflowEntrypoint {
          async run(event, step) {
            for (let i = 0; i < event.payload; i++) step.sleep("long", "1 hour");
            step.do("one more", () => 1);
            throw new Error("enough");
          }
        }
        """

    @Test func `today's class runs, and sees in its first life what later lives will see`() async throws {
        try await WorkersFixture.with { fixture in
            try await fixture.deploy(Self.wrangler("Modern"), Self.modern)
            let engine = StepEngine()
            let lines = Recorder<ConsoleLine>()
            let first = try await engine.run(fixture, className: "Modern", payload: #"{"x":1}"#) { lines.append($0) }
            let expected = """
                {"isDate":true,"map":{"$":"bigint","v":"1"},"zero":true,"approval":{"ok":true},"flaky":3,\
                "caught":[true,"NonRetryableError","no use"],"params":{"x":1},"id":"one"}
                """
            #expect(String(decoding: first.body, as: UTF8.self) == expected)
            #expect(lines.values.map(\.message) == ["about to end"])
            #expect(lines.values.first?.tags == ["workflow": "flow", "instance": "one"])
            let before = engine.log
            let second = try await engine.run(fixture, className: "Modern", payload: #"{"x":1}"#)
            #expect(second.body == first.body)
            #expect(engine.log == before, "a finished step ran again")
            #expect(WorkflowNote.notes(of: second).isEmpty)
        }
    }

    @Test func `parallel steps replay with the results and the winner of the first life`() async throws {
        try await WorkersFixture.with { fixture in
            try await fixture.deploy(Self.wrangler("Parallel"), Self.modern)
            let engine = StepEngine()
            let first = try await engine.run(fixture, className: "Parallel")
            #expect(String(decoding: first.body, as: UTF8.self) == #"{"all":["saved A","saved B"],"race":"fast"}"#)
            for _ in 0..<5 {
                let replay = try await engine.run(fixture, className: "Parallel")
                #expect(replay.body == first.body)
            }
        }
    }

    @Test func `with a permit a step begins at once, and a permit that is not used goes back`() async throws {
        try await WorkersFixture.with { fixture in
            try await fixture.deploy(Self.wrangler("Permitted"), Self.modern)
            let engine = StepEngine()
            let result = try await engine.run(fixture, className: "Permitted", permits: true)
            #expect(String(decoding: result.body, as: UTF8.self) == "[1,2,3,[4,5]]")
            #expect(
                Array(engine.log.prefix(7)) == [
                    "began one#1", "done one#1 1", "began two#1", "done two#1 2", "passed", "begin three#1",
                    "done three#1 3",
                ]
            )
            // One permit is for one step.
            #expect(engine.log.contains("began four#1") && engine.log.contains("begin five#1"))
        }
    }

    @Test func `that a step begins is told however many calls wait for their answers`() async throws {
        try await WorkersFixture.with { fixture in
            try await fixture.deploy(Self.wrangler("Crowded"), Self.modern)
            let start = WorkflowStart(
                workflow: "flow",
                instance: "one",
                timestamp: Timestamp(milliseconds: 1_000),
                payload: Array("\(Limits.runnerCallsMax)".utf8)
            )
            let methods = Mutex<[String: Int]>([:])
            let invocation = start.invocation(
                worker: "demo",
                version: nil,
                className: "Crowded",
                permits: { true },
                onCall: { call, _ in methods.withLock { $0[call.method, default: 0] += 1 } }
            )
            let error = await #expect(throws: FlareError.self) { _ = try await fixture.service.invoke(invocation) }
            #expect((error?.cause as? JavaScriptError)?.message == "enough")
            #expect(methods.withLock { $0 } == ["step.sleep": Limits.runnerCallsMax, "step.began": 1])
        }
    }

    @Test func `steps that nobody awaits are waited for, with a note`() async throws {
        try await WorkersFixture.with { fixture in
            try await fixture.deploy(Self.wrangler("Careless"), Self.modern)
            let engine = StepEngine()
            let result = try await engine.run(fixture, className: "Careless")
            #expect(String(decoding: result.body, as: UTF8.self) == "\"done\"")
            #expect(WorkflowNote.notes(of: result).map(\.code) == ["steps_not_awaited"])
            #expect(engine.log.contains("begin outer#1 > inner#1 in outer#1"))
            #expect(engine.log.contains("done outer#1 1"))
        }
    }

    @Test func `finished steps that are not asked for again are reported`() async throws {
        try await WorkersFixture.with { fixture in
            try await fixture.deploy(Self.wrangler("Parallel"), Self.modern)
            let gone = JournalEntry(kind: .do, name: "gone", occurrence: 1, outcome: .done([]))
            let result = try await StepEngine(journal: [gone]).run(fixture, className: "Parallel")
            #expect(WorkflowNote.notes(of: result).map(\.code).contains("non_deterministic"))
        }
    }

    @Test func `what cannot be stored fails its step without a retry`() async throws {
        try await WorkersFixture.with { fixture in
            try await fixture.deploy(Self.wrangler("Refused"), Self.modern)
            let engine = StepEngine()
            let result = try await engine.run(fixture, className: "Refused")
            let messages = TaggedJSON.plain(result.body).arrayValue?.compactMap(\.stringValue) ?? []
            #expect(messages.count == 5)
            #expect(messages.allSatisfy { $0.hasPrefix("DataCloneError: ") }, "\(messages)")
            #expect(engine.log.count { $0.hasPrefix("failed") } == 5)
        }
    }

    @Test func `an instance without params has an empty payload, and the first shape no messages`() async throws {
        let source = """
            import { Workflow, WorkflowEntrypoint } from "cloudflare:workers";
            export class Bare extends WorkflowEntrypoint {
              async run({ payload }) { return [payload, payload.name ?? "nobody"]; }
            }
            export class First extends Workflow {
              async run({ messages }) { return messages; }
            }
            """
        try await WorkersFixture.with { fixture in
            try await fixture.deploy(Self.wrangler("Bare"), source)
            for (name, payload, expected) in [
                ("Bare", "", #"[{},"nobody"]"#), ("Bare", #"{"name":"Ada"}"#, #"[{"name":"Ada"},"Ada"]"#),
                ("First", "", "[]"), ("First", "{}", "[{}]"),
            ] {
                let result = try await StepEngine().run(fixture, className: name, payload: payload)
                #expect(String(decoding: result.body, as: UTF8.self) == expected)
            }
        }
    }

    @Test func `an error of run() arrives with its name, message and the user's line`() async throws {
        try await WorkersFixture.with { fixture in
            try await fixture.deploy(Self.wrangler("Failing"), Self.modern)
            let error = await #expect(throws: FlareError.self) {
                try await StepEngine().run(fixture, className: "Failing")
            }
            #expect(error?.code == .runFailed)
            let cause = try #require(error?.cause as? JavaScriptError)
            #expect(cause.name == "RangeError")
            #expect(cause.message == "out of range")
            #expect(cause.stack?.contains("index.ts:64:11") == true, "\(cause.stack ?? "")")
        }
    }

    @Test func `a cancelled run is forgotten and can be resumed`() async throws {
        try await WorkersFixture.with { fixture in
            try await fixture.deploy(Self.wrangler("Modern"), Self.modern)
            let stuck = StepEngine(stuck: ["flaky"])
            let life = Task { try await stuck.run(fixture, className: "Modern") }
            #expect(await eventually { stuck.log.contains("failed flaky#1 TypeError: again") })
            life.cancel()
            await #expect(throws: CancellationError.self) { try await life.value }
            let resumed = StepEngine(journal: stuck.journal)
            let result = try await resumed.run(fixture, className: "Modern")
            #expect(!result.body.isEmpty)
            #expect(resumed.log.first == "begin flaky#1")
        }
    }

    @Test func `values too large for the first frame are fetched when they are needed`() async throws {
        let source = """
            import { WorkflowEntrypoint } from "cloudflare:workers";
            export class Large extends WorkflowEntrypoint {
              async run(event, step) {
                let total = 0;
                for (let i = 0; i < 12; i++) total += (await step.do("part", async () => 0)).length;
                return total;
              }
            }
            """
        try await WorkersFixture.with { fixture in
            try await fixture.deploy(Self.wrangler("Large"), source)
            let value = JSONValue.string(String(repeating: "x", count: 1_000_000)).jsonBytes
            let journal = (1...12).map { JournalEntry(kind: .do, name: "part", occurrence: $0, outcome: .done(value)) }
            let result = try await StepEngine(journal: journal).run(fixture, className: "Large")
            #expect(String(decoding: result.body, as: UTF8.self) == "12000000")
        }
    }
}
