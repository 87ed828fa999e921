import FlareModel
import FlareWorkers
import Testing

/// What user code may say about a step, and what it is told when it says something else.
@Suite(.enabled(if: WorkersFixture.toolsAreHere, "Node.js and esbuild are not installed"))
struct StepOptionsTests {
    private static let wrangler = """
        {"name": "demo", "main": "index.ts",
         "workflows": [{"binding": "FLOW", "name": "flow", "class_name": "Options"}]}
        """

    private static let source = """
        import { WorkflowEntrypoint } from "cloudflare:workers";

        const said = async (promise) => {
          try { return await promise; } catch (error) { return `${error.name}: ${error.message}`; }
        };

        export class Options extends WorkflowEntrypoint {
          async run(event, step) {
            const refuse = (config, undo) => said(step.do("x", config, () => 1, undo));
            return [
              await said(step.do("", () => 1)), await said(step.do("n".repeat(300), () => 1)),
              await said(step.do("line\\nbreak", () => 1)), await said(step.do("no function")),
              await refuse({ retry: {} }), await refuse({ retries: { limit: 1, delay: 1, backOff: "linear" } }),
              await refuse({ retries: { limit: -1, delay: 1 } }),
              await refuse({ retries: { limit: 1, delay: "soon" } }),
              await refuse({ retries: { limit: 1, delay: 1, backoff: "cubic" } }), await refuse({ timeout: 0 }),
              await refuse({ timeout: "2 years" }), await refuse({ timeout: "1 constructor" }),
              await refuse({ sensitive: true }),
              await refuse({}, { rollback: 1 }), await refuse({}, { rollbackConfig: {} }),
              await refuse({}, { rollback() {}, rollbackConfig: { sensitive: "output" } }),
              await said(step.sleep("nap", "a while")), await said(step.waitForEvent("sign", {})),
            ];
          }
        }

        export class Context extends WorkflowEntrypoint {
          async run(event, step) {
            const seen = [];
            const look = ({ step, attempt, config }) => void seen.push({ step, attempt, config });
            await step.do("plain", look);
            await step.do("plain", look);
            await step.do("given", { retries: { limit: Infinity, delay: "2 seconds" }, timeout: "1 minute" }, look);
            await step.do("early", look, { retries: { limit: 5, delayMs: 1000, backoff: "linear" } });
            await step.do("short", { retries: { limit: 1, delay: "50 ms" }, timeout: "1500ms" }, look);
            return seen.map(({ config, ...rest }) => (
              { ...rest, ...config, isEndless: config.retries.limit === Infinity }));
          }
        }

        export class Delays extends WorkflowEntrypoint {
          async run(event, step) {
            const fail = (limit, delay) => said(step.do("d", { retries: { limit, delay } }, () => {
              throw new Error("down");
            }));
            return [
              await fail(2, async ({ ctx, error }) => `${ctx.attempt} seconds`),
              await fail(2, () => { throw new Error("no idea"); }),
              await fail(2, () => "soon"),
            ];
          }
        }

        export class Thrown extends WorkflowEntrypoint {
          async run(event, step) {
            const results = [];
            for (const value of ["text", null, undefined, 7, { code: 5 }, Symbol("s")]) {
              results.push(await said(step.do("t", async () => { throw value; })));
            }
            return results;
          }
        }

        export class ThrowsText extends WorkflowEntrypoint {
          async run() { throw "just text"; }
        }

        class Account { constructor() { this.id = 1; } pay() {} }

        export class Values extends WorkflowEntrypoint {
          async run(event, step) {
            const account = await step.do("class", () => new Account());
            const refused = async (value) => said(step.do("v", () => [value]));
            return {
              account: [account.id, account instanceof Account, typeof account.pay],
              refused: [await refused(Promise.resolve(1)), await refused(new Response("x")), await refused(() => 1),
                        await refused(new ReadableStream())],
              bytes: (await step.do("bytes", () => new Uint8Array(1024 * 1024 - 100))).length,
              large: await said(step.do("large", () => new Uint8Array(1024 * 1024 + 100))),
            };
          }
        }

        export class Nested extends WorkflowEntrypoint {
          async run(event, step) {
            return step.do("outer", async () => {
              const parts = await Promise.all([1, 2].map((n) => step.do("inner", async () => n)));
              const refused = await said(step.do("undoable", async () => 1, { rollback() {} }));
              return { parts, refused };
            });
          }
        }
        """

    private static func run(_ fixture: WorkersFixture, _ name: String, _ engine: StepEngine) async throws -> JSONValue {
        TaggedJSON.plain(try await engine.run(fixture, className: name).body)
    }

    @Test func `mistakes in steps are told by name, and no engine is asked`() async throws {
        try await WorkersFixture.with { fixture in
            try await fixture.deploy(Self.wrangler, Self.source)
            let engine = StepEngine()
            let said = try await Self.run(fixture, "Options", engine).arrayValue?.compactMap(\.stringValue) ?? []
            #expect(
                said == [
                    #"TypeError: a step needs a name: step.do("charge the card", async () => { … })"#,
                    "TypeError: a step's name has at most 256 characters; this one has 300",
                    #"TypeError: the step name "line\nbreak" has a control character"#,
                    #"TypeError: the step "no function" has no function to run"#,
                    #"TypeError: the configuration of step "x" has no "retry"; "#
                        + "it can have retries, timeout, sensitive",
                    #"TypeError: the retries of step "x" has no "backOff"; it can have limit, delay, delayMs, backoff"#,
                    #"TypeError: retries.limit of step "x" must be a number that is not negative"#,
                    #"TypeError: the delay of a retry must be milliseconds or a text such as "5 seconds", not "soon""#,
                    #"TypeError: retries.backoff of step "x" is constant, linear, exponential, not "cubic""#,
                    #"TypeError: the timeout of step "x" must not be 0"#,
                    #"RangeError: the timeout of a step must be at most 365 days, not "2 years""#,
                    #"TypeError: the timeout of a step must be milliseconds or a text such as "5 seconds", "#
                        + #"not "1 constructor""#,
                    #"TypeError: sensitive of step "x" can only be "output""#,
                    #"TypeError: the rollback of step "x" must be a function"#,
                    #"TypeError: step "x" has a rollbackConfig and no rollback"#,
                    #"TypeError: the rollbackConfig of step "x" has no "sensitive"; it can have retries, timeout"#,
                    #"TypeError: the length of a sleep must be milliseconds or a text such as "5 seconds", "#
                        + #"not "a while""#,
                    #"TypeError: waitForEvent "sign" needs the type of the event: { type: "approved" }"#,
                ]
            )
            #expect(engine.log.isEmpty)
        }
    }

    @Test func `a callback is told its step, its attempt and its whole configuration`() async throws {
        try await WorkersFixture.with { fixture in
            try await fixture.deploy(Self.wrangler, Self.source)
            let seen = try await Self.run(fixture, "Context", StepEngine()).arrayValue ?? []
            let names = seen.map { $0["step"]?["name"]?.stringValue }
            #expect(names == ["plain", "plain", "given", "early", "short"])
            #expect(seen.map { $0["step"]?["count"]?.integerValue } == [1, 2, 1, 1, 1])
            #expect(seen.map { $0["attempt"]?.integerValue } == [1, 1, 1, 1, 1])
            #expect(seen.map { $0["timeout"]?.integerValue } == [600_000, 600_000, 60_000, 600_000, 1_500])
            #expect(seen.map { $0["retries"]?["delay"]?.integerValue } == [1_000, 1_000, 2_000, 1_000, 50])
            #expect(seen.map { $0["isEndless"] } == [false, false, true, false, false].map { .bool($0) })
            #expect(seen.dropLast().last?["retries"]?["backoff"] == .string("linear"))
        }
    }

    @Test func `a delay is computed by the user's function, and its failure is told`() async throws {
        try await WorkersFixture.with { fixture in
            try await fixture.deploy(Self.wrangler, Self.source)
            let engine = StepEngine(attemptsMax: 2)
            _ = try await Self.run(fixture, "Delays", engine)
            let delays = engine.log.filter { $0.hasPrefix("delay") }
            #expect(delays.prefix(2) == ["delay d#1 computed(1.0 seconds)", "delay d#1 computed(2.0 seconds)"])
            let failures = delays.dropFirst(2)
            #expect(failures.count == 4)
            #expect(failures.prefix(2).allSatisfy { $0.contains("failed: no idea; the attempt had failed with: down") })
            #expect(failures.suffix(2).allSatisfy { $0.contains("NonRetryableDelayError") && $0.contains("down") })
        }
    }

    @Test func `whatever is thrown arrives as an error that says what it was`() async throws {
        try await WorkersFixture.with { fixture in
            try await fixture.deploy(Self.wrangler, Self.source)
            let engine = StepEngine(attemptsMax: 1)
            let first = try await Self.run(fixture, "Thrown", engine)
            #expect(
                first.arrayValue?.compactMap(\.stringValue) == [
                    "Error: text", "Error: null was thrown", "Error: undefined was thrown", "Error: 7 was thrown",
                    #"Error: {"code":5} was thrown"#, "Error: Symbol(s) was thrown",
                ]
            )
            #expect(try await Self.run(fixture, "Thrown", engine) == first)
            let error = await #expect(throws: FlareError.self) {
                try await engine.run(fixture, className: "ThrowsText")
            }
            #expect(error?.message == "Error: just text")
        }
    }

    @Test func `values keep their data, and what cannot be stored is named with what to do instead`() async throws {
        try await WorkersFixture.with { fixture in
            try await fixture.deploy(Self.wrangler, Self.source)
            let result = try await Self.run(fixture, "Values", StepEngine())
            #expect(result["account"] == .array([.integer(1), .bool(false), .string("undefined")]))
            let refused = result["refused"]?.arrayValue?.compactMap(\.stringValue) ?? []
            let what = ["a Promise cannot", "a Response cannot", "a function cannot", "a ReadableStream cannot"]
            #expect(refused.count == 4)
            for (text, start) in zip(refused, what) { #expect(text.hasPrefix("DataCloneError: \(start) be stored")) }
            #expect(refused.first?.hasSuffix("await it") == true)
            #expect(result["bytes"] == .integer(1024 * 1024 - 100))
            #expect(result["large"]?.stringValue?.contains("too large: 104") == true)
        }
    }

    @Test func `a step inside another counts within it, and cannot have a rollback`() async throws {
        try await WorkersFixture.with { fixture in
            try await fixture.deploy(Self.wrangler, Self.source)
            let engine = StepEngine()
            let result = try await Self.run(fixture, "Nested", engine)
            #expect(result["parts"] == .array([.integer(1), .integer(2)]))
            let refused = "TypeError: a step inside another cannot have a rollback; give it to the step \"outer\""
            #expect(result["refused"] == .string(refused))
            let inner = engine.log.filter { $0.hasPrefix("begin outer#1 > inner") }
            // Those that are begun at once come over in any order.
            #expect(inner.sorted() == (1...2).map { "begin outer#1 > inner#\($0) in outer#1" })
        }
    }
}
