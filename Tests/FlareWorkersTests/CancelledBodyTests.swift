import FlareModel
import FlareWorkers
import Testing

@Suite(.enabled(if: WorkersFixture.toolsAreHere, "Node.js and esbuild are not installed"))
struct CancelledBodyTests {
    private static let giver = """
        let release;
        export default {
          async fetch(request, env) {
            switch (new URL(request.url).pathname) {
              case "/hold":
                await new Promise((resolve) => { release = resolve; });
                return new Response("held");
              case "/isHeld": return Response.json(release !== undefined);
              case "/release": release();
            }
            const texts = [];
            for (let count = 0; count < 20; count++) {
              const endless = {
                pull(controller) {
                  controller.enqueue(new Uint8Array(9));
                  return new Promise(() => {});
                },
              };
              const init = { method: "POST", body: new ReadableStream(endless), duplex: "half" };
              texts.push(await (await env.TAKER.fetch("http://taker/", init)).text());
            }
            return Response.json(texts.length);
          },
        };
        """

    private static let giverWrangler =
        #"{"name": "giver", "main": "index.ts", "services": [{"binding": "TAKER", "service": "taker"}]}"#

    @Test func `a body that a service does not read cancels no other request of the Worker that sends it`()
        async throws
    {
        try await WorkersFixture.with { fixture in
            let taker = #"export default { fetch() { return new Response("taken"); } };"#
            try await fixture.deploy(#"{"name": "taker", "main": "index.ts"}"#, taker)
            try await fixture.deploy(Self.giverWrangler, Self.giver)
            // The numbers of calls and of invocations both begin at 1, so that one of the calls has that of this one.
            let held = try fixture.service.begin(request("/hold", worker: "giver"))
            #expect(
                try await eventually { try await fetch(fixture, "/isHeld", worker: "giver").text() == "true" }
            )
            #expect(try await fetch(fixture, "/give", worker: "giver").text() == "20")
            _ = try await fetch(fixture, "/release", worker: "giver").text()
            #expect(try await held.fetched().text() == "held")
        }
    }
}
