import FlareModel
import FlareWorkers
import Foundation
import NIOCore
import Testing

@Suite(.enabled(if: WorkersFixture.toolsAreHere, "Node.js and esbuild are not installed"))
struct ServiceTests {
    private static let ai = """
        import { WorkerEntrypoint } from "cloudflare:workers";
        export default class extends WorkerEntrypoint {
          own = () => "not a method";
          get title() { return `models of ${this.env.NAME}`; }
          async run(model, inputs) {
            const data = inputs.text.map((text) => [text.length]);
            return { model, data, at: new Date(7), seen: new Map([[1, new Set([2])]]) };
          }
          async fail() { throw new RangeError("out of range"); }
          async give() { return { callback() {} }; }
          async fetch(request) { return new Response(request.body, { status: 202, headers: { "x-by": "ai" } }); }
          async queue(batch) { for (const message of batch.messages) this.seen(message); }
          seen(message) { if (message.body === "later") message.retry({ delaySeconds: 9 }); }
          async scheduled(controller) { if (controller.cron === "bad") throw new Error("not at this time"); }
        }
        export class Admin extends WorkerEntrypoint {
          who() { return [this.ctx.props.user, this.env.NAME]; }
        }
        export const vectors = {
          fetch() {},
          upsert(vectors, env, ctx) { return [vectors === undefined, env.NAME, typeof ctx.waitUntil]; },
        };
        """

    private static let aiWrangler = #"{"name": "ai", "main": "index.ts", "vars": {"NAME": "ai"}}"#

    private static let front = """
        import { Ai } from "@cloudflare/ai";
        import { env as here, exports, RpcTarget, waitUntil, withEnv, WorkerEntrypoint } from "cloudflare:workers";
        let waited = 0;
        export class Inner extends WorkerEntrypoint {
          greet(name) { return `hello ${name} ${JSON.stringify(this.ctx.props)}`; }
        }
        const cases = {
          async run(request, env) {
            const { seen, at, ...rest } = await new Ai(env.AI).run("@cf/model", { text: ["a", "bb"] });
            const isAwaitable = "then" in await env.AI;
            return [rest, at instanceof Date && at.getTime(), seen.get(1).has(2), typeof env.AI.run, isAwaitable];
          },
          props: (request, env) => env.ADMIN.who(),
          async properties(request, env) {
            const told = async (value) => { try { return await value(); } catch (error) { return error.message; } };
            return [
              await env.AI.title, await told(() => env.AI.own), await told(() => env.AI.nothing),
              await told(() => env.AI.fail), await told(() => env.AI.title()),
            ];
          },
          upsert: (request, env) => env.VECTOR_INDEX.upsert(),
          async failures(request, env) {
            const calls = [
              () => env.AI.fail(), () => env.AI.give(), () => env.AI.own(), () => env.AI.constructor?.(),
              () => env.AI.run(() => {}), () => env.AI.run(new Response("x")), () => env.AI.run(new RpcTarget()),
              () => env.AI.run(env.AI), () => env.AI.run("x".repeat(33_554_433)),
            ];
            const texts = [];
            for (const call of calls) {
              try { texts.push(await call()); } catch (error) {
                texts.push(`${error.constructor.name} ${error.name}: ${error.message}`);
              }
            }
            return texts;
          },
          async exports(request, env, ctx) {
            waitUntil(Promise.resolve().then(() => waited++));
            await Promise.resolve();
            return [
              await ctx.exports.Inner.greet(1), await exports.Inner({ props: { a: 1 } }).greet(2), here.WHO,
              withEnv({ WHO: "other" }, () => here.WHO), here.WHO, waited,
            ];
          },
        };
        export default {
          async fetch(request, env, ctx) {
            const name = new URL(request.url).pathname.slice(1);
            switch (name) {
              case "service": return env.AI.fetch(request);
              case "deep": return env.SELF.fetch(request);
              case "abort": ctx.abort(new RangeError("enough"));
            }
            return Response.json((await cases[name](request, env, ctx)) ?? null);
          },
        };
        """

    private static let frontWrangler = """
        {"name": "front", "main": "index.ts", "vars": {"WHO": "front"}, "services": [
          {"binding": "AI", "service": "ai"}, {"binding": "SELF", "service": "front"},
          {"binding": "ADMIN", "service": "ai", "entrypoint": "Admin", "props": {"user": "ada"}},
          {"binding": "VECTOR_INDEX", "service": "ai", "entrypoint": "vectors"}]}
        """

    private static func with(_ body: @Sendable (WorkersFixture) async throws -> Void) async throws {
        try await WorkersFixture.with { fixture in
            try await fixture.deploy(aiWrangler, ai)
            try await fixture.deploy(frontWrangler, front)
            try await body(fixture)
        }
    }

    @Test func `methods of a service take and give structured values`() async throws {
        try await Self.with { fixture in
            let run = try await fetch(fixture, "/run", worker: "front").text()
            #expect(run == #"[{"model":"@cf/model","data":[[1],[2]]},7,true,"function",false]"#)
            #expect(try await fetch(fixture, "/props", worker: "front").text() == #"["ada","ai"]"#)
            #expect(try await fetch(fixture, "/upsert", worker: "front").text() == #"[true,"ai","function"]"#)
        }
    }

    @Test func `a property of a service is read by awaiting it`() async throws {
        try await Self.with { fixture in
            let json = try JSONValue(json: await fetch(fixture, "/properties", worker: "front").bytes())
            let texts = (json.arrayValue ?? []).compactMap(\.stringValue)
            #expect(texts.first == "models of ai")
            let missing = #"The RPC receiver does not implement the method "#
            #expect(texts.dropFirst().prefix(2) == [missing + #""own"."#, missing + #""nothing"."#])
            #expect(texts.count == 5 && texts[3].contains("fail: the results must be plain values"), "\(texts)")
            #expect(texts.last == missing + #""title"."#)
        }
    }

    @Test func `what cannot be sent to a service, and what it throws, is told`() async throws {
        try await Self.with { fixture in
            let json = try JSONValue(json: await fetch(fixture, "/failures", worker: "front").bytes())
            let texts = (json.arrayValue ?? []).map { $0.stringValue ?? "" }
            let missing = #"TypeError TypeError: The RPC receiver does not implement the method "own"."#
            #expect(texts.prefix(4) == ["RangeError RangeError: out of range", texts[1], missing, ""])
            #expect(
                texts[1].contains("DataCloneError: give(): the results must be plain values: a function (callback)")
            )
            let refused = ["a function", "a Response", "a RpcTarget", "a Fetcher"]
            for (text, what) in zip(texts.dropFirst(4), refused) {
                #expect(
                    text.contains("DataCloneError: env.AI.run(): the arguments must be plain values: \(what)"),
                    "\(text)"
                )
            }
            #expect(texts.last?.contains("limited to 32 MiB, but the size of this value was 33554437 bytes") == true)
        }
    }

    @Test func `a request to a service streams both ways`() async throws {
        try await Self.with { fixture in
            let body = BodyPipe()
            let response = try await fetch(fixture, "/service", worker: "front", body: body)
            #expect(response.status == 202)
            #expect(response.headers.contains { $0.name == "x-by" && $0.value == "ai" })
            guard case .stream(let pipe) = response.body else {
                Issue.record("the response ended before the request did")
                return
            }
            for event in ["one", "two"] {
                try await body.write(ByteBuffer(string: event))
                #expect(try await pipe.next() == ByteBuffer(string: event))
            }
            let piece = ByteBuffer(repeating: 7, count: 100_000)
            async let sent: Void = {
                for _ in 0..<10 { try await body.write(piece) }
                body.finish()
            }()
            var count = 0
            for try await buffer in pipe { count += buffer.readableBytes }
            try await sent
            #expect(count == 1_000_000)
        }
    }

    @Test func `the runtime's module gives env, exports and functions around them`() async throws {
        try await Self.with { fixture in
            let text = try await fetch(fixture, "/exports", worker: "front").text()
            #expect(text == #"["hello 1 {}","hello 2 {\"a\":1}","front","other","front",1]"#)
            let aborted = await #expect(throws: FlareError.self) { try await fetch(fixture, "/abort", worker: "front") }
            #expect(aborted?.message == "RangeError: enough")
            let deep = await #expect(throws: FlareError.self) { try await fetch(fixture, "/deep", worker: "front") }
            #expect(deep?.message.contains("Subrequest depth limit exceeded") == true)
        }
    }

    @Test func `a service must exist at deploy and as long as it is needed`() async throws {
        try await Self.with { fixture in
            let wrangler = #"{"name": "other", "main": "index.ts", "services": [{"binding": "S", "service": "aii"}]}"#
            let source = "export default { fetch() {} };"
            let unknown = await #expect(throws: FlareError.self) { try await fixture.deploy(wrangler, source) }
            #expect(unknown?.code == .workerNotFound)
            #expect(unknown?.message == #"the service env.S: Worker "aii" not found. Did you mean "ai"?"#)
            let entry = wrangler.replacingOccurrences(of: #""aii""#, with: #""ai", "entrypoint": "Admn""#)
            let noEntry = await #expect(throws: FlareError.self) { try await fixture.deploy(entry, source) }
            #expect(noEntry?.hint?.hasPrefix(#"did you mean "Admin"? it has Admin, default, vectors"#) == true)

            let bound = await #expect(throws: FlareError.self) { try await fixture.service.delete("ai") }
            #expect(bound?.code == .inUse)
            #expect(bound?.message == #"the Worker "ai" is a service of "front""#)
            try await fixture.service.delete("front")
            try await fixture.service.delete("ai")
        }
    }

    @Test func `a service answers with its current version`() async throws {
        try await Self.with { fixture in
            #expect(try await fetch(fixture, "/props", worker: "front").text() == #"["ada","ai"]"#)
            try await fixture.deploy(
                Self.aiWrangler.replacingOccurrences(of: #"NAME": "ai"#, with: #"NAME": "new"#),
                Self.ai
            )
            #expect(try await fetch(fixture, "/props", worker: "front").text() == #"["ada","new"]"#)
        }
    }

    @Test func `a class handles queues and schedules`() async throws {
        try await Self.with { fixture in
            let messages = ["now", "later"].map {
                QueueBatch.Message(
                    // Alike, as of an imported copy and its original.
                    id: "twin",
                    timestamp: Timestamp(milliseconds: 0),
                    attempts: 1,
                    contentType: "text",
                    body: Array($0.utf8)
                )
            }
            let batch = QueueBatch(queue: "in", messages: messages).invocation(worker: "ai")
            let verdicts = try QueueBatch.verdicts(of: await fixture.service.invoke(batch))
            #expect(verdicts == [.acknowledge, .retry(delaySeconds: 9)])
            func scheduled(_ cron: String) -> Invocation {
                let header: JSONValue = .object(["cron": .string(cron), "scheduledTime": .integer(0)])
                return Invocation(worker: "ai", kind: .scheduled, header: header)
            }
            _ = try await fixture.service.invoke(scheduled("* * * * *"))
            let failed = try await fixture.service.invoke(scheduled("bad")).value
            #expect(failed["failure"]?["message"]?.stringValue == "not at this time")
        }
    }
}
