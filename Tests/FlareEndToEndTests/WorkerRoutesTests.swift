import FlareModel
import FlareTestSupport
import Foundation
import Testing

extension EndToEnd {
    @Suite("requests to Workers")
    struct WorkerRoutesTests {
        static let hello = """
            export default {
              async fetch(request, env, ctx): Promise<Response> {
                return new Response("Hello World!");
              },
            } satisfies ExportedHandler<Env>;
            """

        static let web = """
            let aborted = 0;
            let next = () => {};
            export default {
              async fetch(request) {
                const url = new URL(request.url);
                switch (url.pathname) {
                  case "/about":
                    return Response.json({ url: request.url, host: request.headers.get("host"), aborted });
                  case "/count": {
                    let bytes = 0;
                    for await (const chunk of request.body) bytes += chunk.byteLength;
                    return Response.json({ bytes });
                  }
                  case "/give": {
                    let left = Number(url.searchParams.get("bytes"));
                    return new Response(new ReadableStream({
                      pull(controller) {
                        const count = Math.min(left, 65536);
                        if (count === 0) return controller.close();
                        left -= count;
                        controller.enqueue(new Uint8Array(count));
                      },
                    }));
                  }
                  case "/events": {
                    request.signal.addEventListener("abort", () => aborted++);
                    let events = 0;
                    const body = new ReadableStream({
                      async pull(controller) {
                        await new Promise((resolve) => { next = resolve; });
                        controller.enqueue(new TextEncoder().encode(`data: event ${++events}\\n\\n`));
                      },
                    });
                    return new Response(body, { headers: { "content-type": "text/event-stream" } });
                  }
                  case "/next": next(); return new Response(null, { status: 204 });
                  case "/redirect": return Response.redirect("https://example.com/there", 302);
                  case "/throw": throw new TypeError("no such thing");
                  case "/die": process.kill(process.pid, "SIGKILL"); await new Promise(() => {});
                }
                return new Response("nothing here", { status: 404 });
              },
            };
            """

        @Test("a Worker answers under its path and its host name, without a token")
        func addresses() async throws {
            try await FlareFixture.with { f in
                try await f.deploy("hello", source: Self.hello).check()
                try await f.deploy("web", source: Self.web).check()
                let port = try f.engine().controlPort
                let reply = try await httpRequest("GET", "/workers/hello", port: port)
                #expect(reply.status == 200)
                #expect(reply.text == "Hello World!")

                let about = try await httpRequest("GET", "/workers/web/about?a=%20b", port: port).json()
                #expect(about["url"]?.stringValue == "http://127.0.0.1:\(port)/about?a=%20b")
                #expect(about["host"]?.stringValue == "127.0.0.1:\(port)")
                let byHost = try await raw("GET /about", host: "web.localhost:\(port)", port: port)
                #expect(byHost.contains(#""url":"http://web.localhost:\#(port)/about""#), "\(byHost)")

                let redirect = try await httpRequest("GET", "/workers/web/redirect", port: port)
                #expect(redirect.status == 302)
                #expect(redirect.header("location") == "https://example.com/there")
                let head = try await raw("HEAD /workers/hello/", host: "localhost", port: port)
                #expect(head.hasPrefix("HTTP/1.1 200 OK\r\n"))
                #expect(head.lowercased().contains("content-length: 12\r\n"))
                #expect(head.hasSuffix("\r\n\r\n"))
                #expect(try await httpRequest("GET", "/flare/v1/workers", port: port).status == 401)
            }
        }

        @Test("large bodies pass through without being held in the engine's memory")
        func large() async throws {
            try await FlareFixture.with { f in
                try await f.deploy("web", source: Self.web).check()
                let engine = try f.engine()
                _ = try await httpRequest("GET", "/workers/web/about", port: engine.controlPort)
                let before = try memoryPeakBytes(of: engine.pid)
                let bytes = [UInt8](repeating: 7, count: 48_000_000)
                let up = try await httpRequest("POST", "/workers/web/count", port: engine.controlPort, body: bytes)
                #expect(try up.json()["bytes"]?.integerValue == bytes.count)
                let down = try await httpRequest(
                    "GET",
                    "/workers/web/give?bytes=\(bytes.count)",
                    port: engine.controlPort
                )
                #expect(down.body.count == bytes.count)
                #expect(try memoryPeakBytes(of: engine.pid) - before < 24_000_000)
            }
        }

        @Test("events are seen one by one, and a reader that leaves aborts its request")
        func events() async throws {
            try await FlareFixture.with { f in
                try await f.deploy("web", source: Self.web).check()
                let port = try f.engine().controlPort
                let script = """
                    exec 3<>/dev/tcp/127.0.0.1/\(port)
                    printf 'GET /workers/web/events HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n' >&3
                    exec cat <&3
                    """
                let reader = try f.start("/bin/bash", ["-c", script])
                try await waitUntil("the head came") { try reader.outputSoFar().contains("text/event-stream") }
                for event in 1...3 {
                    _ = try await httpRequest("GET", "/workers/web/next", port: port)
                    try await waitUntil("event \(event) came") {
                        try reader.outputSoFar().contains("data: event \(event)\n")
                    }
                    #expect(try !reader.outputSoFar().contains("data: event \(event + 1)\n"))
                }
                reader.signal(SIGKILL)
                try await waitUntil("the request was aborted") {
                    try await httpRequest("GET", "/workers/web/about", port: port).json()["aborted"]?.integerValue == 1
                }
                _ = try await reader.result()
            }
        }

        @Test("a client is told why a Worker did not answer")
        func failures() async throws {
            try await FlareFixture.with { f in
                try await f.deploy("web", source: Self.web).check()
                try await f.deploy("mute", source: "export default {};").check()
                let port = try f.engine().controlPort
                let unknown = try await httpRequest("GET", "/workers/webb/", port: port)
                #expect(unknown.status == 404)
                #expect(unknown.text.contains("Did you mean \"web\"?"))
                let mute = try await httpRequest("GET", "/workers/mute/", port: port)
                #expect(mute.status == 501)
                #expect(mute.text.contains("the default export has no handler fetch()"))
                let thrown = try await httpRequest("GET", "/workers/web/throw", port: port)
                #expect(thrown.status == 500)
                #expect(thrown.text.contains("TypeError: no such thing\n    at "))
                #expect(thrown.text.contains("src/index.ts:"))
                let forwarded = try await httpRequest(
                    "GET",
                    "/workers/web/throw",
                    port: port,
                    headers: [("X-Forwarded-For", "192.0.2.1")]
                )
                #expect(forwarded.status == 500)
                #expect(!forwarded.text.contains("index.ts"))
                let dead = try await httpRequest("GET", "/workers/web/die", port: port)
                #expect(dead.status == 502)
                #expect(dead.text.contains("was killed by signal 9"))
                try await waitUntil("another process answers") {
                    try await httpRequest("GET", "/workers/web/about", port: port).status == 200
                }
            }
        }

        @Test("a Worker in front of two services, which cannot be deleted under it")
        func services() async throws {
            try await FlareFixture.with { f in
                let ai = """
                    import { WorkerEntrypoint } from "cloudflare:workers";
                    export default class extends WorkerEntrypoint {
                      run(model, { text }) { return { data: text.map((each) => [each.length]) }; }
                    }
                    """
                let vectors = "export default { upsert(list) { return { count: list?.length ?? 0 }; } };"
                let front = """
                    import { Ai } from "@cloudflare/ai";
                    export default {
                      async fetch(request, env) {
                        const { data } = await new Ai(env.AI).run("@cf/baai/bge-base-en-v1.5", { text: ["a", "bcd"] });
                        const counts = [await env.VECTOR_INDEX.upsert(data), await env.VECTOR_INDEX.upsert()];
                        return Response.json([data, ...counts]);
                      },
                    };
                    """
                let bindings = """
                    "services": [
                      { "binding": "AI", "service": "ai" }, { "binding": "VECTOR_INDEX", "service": "vectors" }
                    ]
                    """
                let early = try await f.deploy("front", bindings, source: front)
                #expect(early.status == 66)
                #expect(early.stderr.contains("Worker \"ai\" not found"))
                try await f.deploy("ai", source: ai).check()
                try await f.deploy("vectors", source: vectors).check()
                try await f.deploy("front", bindings, source: front).check()
                let port = try f.engine().controlPort
                let reply = try await httpRequest("GET", "/workers/front/", port: port)
                #expect(reply.text == #"[[[1],[3]],{"count":2},{"count":0}]"#)

                let refused = try await f.run("workers", "delete", "ai", "--yes")
                #expect(refused.status == 73)
                #expect(refused.stderr.contains("is a service of \"front\""))
            }
        }

        /// One request as it stands, and all that came back.
        private func raw(_ request: String, host: String, port: Int) async throws -> String {
            let text = "\(request) HTTP/1.1\r\nHost: \(host)\r\nConnection: close\r\n\r\n"
            return String(decoding: try await exchange(Array(text.utf8), port: port), as: UTF8.self)
        }

        private func memoryPeakBytes(of pid: Int32) throws -> Int {
            let status = try String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)
            let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") })
            return try #require(line.split(separator: " ").dropFirst().first.flatMap { Int($0) }) * 1024
        }
    }
}
