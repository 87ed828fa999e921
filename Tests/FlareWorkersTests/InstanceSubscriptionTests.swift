import FlareModel
import FlareWorkers
import Testing

@Suite(.enabled(if: WorkersFixture.toolsAreHere, "Node.js and esbuild are not installed"))
struct InstanceSubscriptionTests {
    private static let wrangler = """
        {"name": "watcher", "main": "index.ts",
         "workflows": [{"binding": "FLOW", "name": "flow", "class_name": "Flow", "script_name": "other"}]}
        """

    @Test func `code reads the events of an instance one by one, until the last`() async throws {
        try await WorkersFixture.with { fixture in
            try await fixture.deploy(
                Self.wrangler,
                """
                export default { async fetch(request, env) {
                  const instance = await env.FLOW.create();
                  const events = [];
                  const whole = await instance.subscribe({ filter: ["a", "b"] });
                  for await (const { type, eventId, timestamp } of whole) events.push([type, eventId, timestamp]);
                  const given = await instance.subscribe({ cursor: 1 });
                  const both = await Promise.all([given.next(), given.next()]);
                  const left = await instance.subscribe();
                  left[Symbol.dispose ?? Symbol.for("Symbol.dispose")]();
                  return Response.json([events, both.map(({ value, done }) => value?.type ?? done), await left.next()]);
                } };
                """
            )
            let told = try JSONValue(json: await fetch(fixture, "/", worker: "watcher").bytes())
            let events = #"[["a",1,7],["b",2,8]]"#
            #expect(try told == JSONValue(json: Array(#"[\#(events),["b",true],{"done":true}]"#.utf8)))
        }
    }
}
