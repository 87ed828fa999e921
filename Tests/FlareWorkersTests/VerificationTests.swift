import FlareModel
import FlareWorkers
import Testing

@Suite(.enabled(if: WorkersFixture.toolsAreHere, "Node.js and esbuild are not installed"))
struct VerificationTests {
    /// Each class but the first differs from it in one thing.
    private static let source = """
        import { WorkflowEntrypoint } from "cloudflare:workers";

        async function body(event, step, { swap, drop, rename, extra, sleepy, output, late } = {}) {
          const a = await step.do(rename ?? "a", () => { throw new Error("was done for real"); });
          const pair = ["b", "c"].filter((name) => name !== drop);
          if (swap) pair.reverse();
          const got = [];
          for (const name of pair) got.push(await step.do(name, () => { throw new Error("was done for real"); }));
          if (extra) await step.do("new", () => 1);
          if (sleepy) await step.do("rest", () => 1); else await step.sleep("rest", "1 hour");
          let caught;
          try { await step.do("fails", () => 1); } catch (error) { caught = [error.name, error.message]; }
          const event1 = await step.waitForEvent("sign", { type: late ? "later" : "go" });
          if (late === "throws") throw new TypeError("at once");
          return output ?? { a, got, caught, payload: event1.payload, in: Object.keys(event.payload) };
        }
        export class Same extends WorkflowEntrypoint {
          run(event, step) { return body(event, step, {}); }
        }
        export class Swapped extends WorkflowEntrypoint {
          run(event, step) { return body(event, step, { swap: true }); }
        }
        export class Missing extends WorkflowEntrypoint {
          run(event, step) { return body(event, step, { drop: "b" }); }
        }
        export class Renamed extends WorkflowEntrypoint {
          run(event, step) { return body(event, step, { rename: "A" }); }
        }
        export class Extra extends WorkflowEntrypoint {
          run(event, step) { return body(event, step, { extra: true }); }
        }
        export class Retyped extends WorkflowEntrypoint {
          run(event, step) { return body(event, step, { sleepy: true }); }
        }
        export class Other extends WorkflowEntrypoint {
          run(event, step) { return body(event, step, { output: 7 }); }
        }
        export class Event extends WorkflowEntrypoint {
          run(event, step) { return body(event, step, { late: true }); }
        }
        export class Binding extends WorkflowEntrypoint {
          async run(event, step) {
            await this.env.R2.get("key");
            return body(event, step);
          }
        }
        export class Parallel extends WorkflowEntrypoint {
          async run(event, step) {
            const race = await Promise.race([step.do("slow", () => 1), step.do("fast", () => 2)]);
            return [race, await Promise.all([step.do("x", () => 1), step.do("y", () => 2)])];
          }
        }
        export default {};
        """

    private static let wrangler = """
        {"name": "demo", "main": "index.ts", "r2_buckets": [{"binding": "R2", "bucket_name": "photos"}],
         "workflows": [{"binding": "FLOW", "name": "flow", "class_name": "Same"}]}
        """

    private static func step(_ kind: String, _ name: String, _ order: Int, _ rest: String = "") -> String {
        let time = { (second: Int) in "\"2026-01-01T00:00:0\(second).000Z\"" }
        return """
            {"kind":"\(kind)","name":"\(name)","count":1,"start_order":\(order),"finish_order":\(order),
             "started":\(time(order)),"ended":\(time(order + 1))\(rest)}
            """
    }

    private static func open(_ kind: String, _ name: String, _ order: Int) -> String {
        """
        {"kind":"\(kind)","name":"\(name)","count":1,"start_order":\(order),
         "started":"2026-01-01T00:00:0\(order).000Z"}
        """
    }

    private static let finished = [
        step("do", "a", 1, ",\"value\":{\"$\":\"Date\",\"v\":\"2020-01-01T00:00:00.000Z\"}"),
        step("do", "b", 2, ",\"value\":\"B\""), step("do", "c", 3, ",\"value\":{\"$\":\"bigint\",\"v\":\"3\"}"),
        step("sleep", "rest", 4), step("do", "fails", 5, ",\"error\":{\"name\":\"RangeError\",\"message\":\"no\"}"),
        step("wait", "sign", 6, ",\"event_type\":\"go\",\"value\":{\"payload\":5,\"type\":\"go\"}"),
    ]

    private static func history(_ steps: [String], _ rest: String) -> String {
        """
        {"format":"flare.workflow-history","version":1,"params":{"z":1,"a":2},"steps":[\(steps.joined(separator: ","))],
         \(rest)}
        """
    }

    private static let whole = history(
        finished,
        """
        "status":"complete","output":{"payload":5,"in":["z","a"],"caught":["RangeError","no"],
          "got":["B",{"$":"bigint","v":"3"}],"a":{"$":"Date","v":"2020-01-01T00:00:00.000Z"}}
        """
    )

    private func verify(_ fixture: WorkersFixture, _ className: String, _ history: String) async throws -> JSONValue {
        let start = WorkflowStart(
            workflow: "flow",
            instance: "one",
            timestamp: Timestamp(milliseconds: 1_000),
            payload: []
        )
        var invocation = start.invocation(
            worker: "demo",
            version: nil,
            className: className,
            onCall: { call, reply in
                Issue.record("the code called \(call.method)")
                reply(.failure(JavaScriptError(message: "no")))
            }
        )
        invocation.header = .object(
            (invocation.header.objectValue ?? [:]).merging(["isVerification": .bool(true)]) { $1 }
        )
        invocation.body = Array(history.utf8)
        return try await fixture.service.invoke(invocation).value["verification"] ?? .null
    }

    @Test func `code that does the same matches, and each change is found where it is`() async throws {
        try await WorkersFixture.with { fixture in
            try await fixture.deploy(Self.wrangler, Self.source)
            let same = try await verify(fixture, "Same", Self.whole)
            #expect(same["difference"] == nil, "\(same)")
            #expect(same["verified"]?.integerValue == 6)
            #expect(same["isWhole"]?.boolValue == true)
            let expected: [(String, String, line: Int?)] = [
                ("Swapped", "out_of_order", 8), ("Missing", "missing", 8), ("Renamed", "renamed", 4),
                ("Extra", "extra", 9), ("Retyped", "changed_type", 10), ("Other", "output", nil),
                ("Event", "changed_type", 13), ("Binding", "threw", 43),
            ]
            for (name, kind, line) in expected {
                let found = try await verify(fixture, name, Self.whole)["difference"]
                let isKind =
                    found?["kind"]?.stringValue == kind || (kind == "extra" && found?["kind"]?.stringValue == "renamed")
                #expect(isKind, "\(name): \(found ?? .null)")
                let source = found?["source"]?.stringValue
                if let line { #expect(source?.contains("index.ts:\(line):") == true, "\(name): \(found ?? .null)") }
            }
            #expect(fixture.bindingCalls.values.isEmpty, "a verification calls no binding")
        }
    }

    @Test func `a history that is not over is verified up to its end`() async throws {
        try await WorkersFixture.with { fixture in
            try await fixture.deploy(Self.wrangler, Self.source)
            let waiting = Self.history(
                Array(Self.finished.prefix(3)) + [Self.open("sleep", "rest", 4)],
                "\"status\":\"waiting\""
            )
            let same = try await verify(fixture, "Same", waiting)
            #expect(same["difference"] == nil, "\(same)")
            #expect([same["verified"], same["recorded"]] == [.integer(4), .integer(4)])
            #expect(same["isWhole"]?.boolValue == false)
            let swapped = try await verify(fixture, "Swapped", waiting)
            #expect(swapped["difference"]?["kind"]?.stringValue == "out_of_order", "\(swapped)")
            let retyped = try await verify(fixture, "Retyped", waiting)
            #expect(retyped["difference"]?["kind"]?.stringValue == "changed_type", "\(retyped)")

            let running = Self.history(Array(Self.finished.prefix(2)), "\"status\":\"running\"")
            #expect(try await verify(fixture, "Same", running)["difference"] == nil)
            let failed = Self.history(
                Self.finished,
                "\"status\":\"errored\",\"error\":{\"name\":\"TypeError\",\"message\":\"at once\"}"
            )
            #expect(try await verify(fixture, "Same", failed)["difference"]?["kind"]?.stringValue == "returned")
            let withheld = Self.history(
                [Self.finished[0], Self.step("do", "b", 2, ",\"withheld\":true")] + Self.finished.dropFirst(2),
                "\"status\":\"complete\",\"output\":1"
            )
            let gap = try await verify(fixture, "Same", withheld)
            #expect(gap["difference"] == nil, "\(gap)")
            #expect([gap["verified"], gap["recorded"]] == [.integer(2), .integer(2)])
        }
    }

    @Test func `parallel steps settle in their recorded order, and a race keeps its winner`() async throws {
        try await WorkersFixture.with { fixture in
            try await fixture.deploy(Self.wrangler, Self.source)
            func step(_ name: String, _ start: Int, _ finish: Int, _ value: Int) -> String {
                """
                {"kind":"do","name":"\(name)","count":1,"start_order":\(start),"finish_order":\(finish),
                 "started":"2026-01-01T00:00:0\(start / 3).000Z","ended":"2026-01-01T00:00:0\(finish).000Z",
                 "value":\(value)}
                """
            }
            let steps = [step("fast", 2, 1, 2), step("y", 4, 2, 22), step("slow", 1, 3, 1), step("x", 3, 4, 11)]
            let history = Self.history(steps, "\"status\":\"complete\",\"output\":[2,[11,22]]")
            let found = try await verify(fixture, "Parallel", history)
            #expect(found["difference"] == nil, "\(found)")
            #expect(found["verified"]?.integerValue == 4)
        }
    }
}
