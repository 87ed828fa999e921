import FlareModel
import FlareWorkers
import Foundation
import NIOCore
import Testing

@Suite(.enabled(if: WorkersFixture.toolsAreHere, "Node.js and esbuild are not installed"))
struct FetchTests {
    private static let wrangler = #"{"name": "web", "main": "index.ts"}"#

    private static let source = """
        let aborted = 0;
        let waited = 0;
        let finish;
        export default {
          async fetch(request, env, ctx): Promise<Response> {
            switch (new URL(request.url).pathname) {
              case "/about": {
                const { method, url, cf } = request;
                return Response.json({ method, url, cf, two: request.headers.get("x-two"), aborted, waited });
              }
              case "/echo": return new Response(request.body, { status: 201 });
              case "/cookies": {
                const headers = new Headers({ "x-one": "1" });
                headers.append("set-cookie", "a=1; Path=/");
                headers.append("set-cookie", "b=2");
                return new Response(null, { status: 404, headers });
              }
              case "/throw": throw new TypeError("no such thing");
              case "/nothing": return;
              case "/odd": throw new Proxy({}, { get() { throw new Error("a trap"); } });
              case "/revoked": { const { proxy, revoke } = Proxy.revocable({}, {}); revoke(); throw proxy; }
              case "/text-stream":
                return new Response(new ReadableStream({ start(c) { c.enqueue("text"); c.close(); } }));
              case "/gzip": return new Response("plain", { headers: { "content-encoding": "gzip" } });
              case "/gzip-by-hand":
                return new Response("bytes", { headers: { "content-encoding": "gzip" }, encodeBody: "manual" });
              case "/stream":
                request.signal.addEventListener("abort", () => aborted++);
                return new Response(new ReadableStream({ pull: (c) => c.enqueue(new Uint8Array(1000)) }));
              case "/hang":
                request.signal.addEventListener("abort", () => aborted++);
                await new Promise(() => {});
              case "/loop": for (;;);
              case "/wait":
                ctx.waitUntil(new Promise((resolve) => { finish = resolve; }).then(() => waited++));
                return new Response("soon");
              case "/finish": finish(); return new Response("finished");
              case "/broken":
                return new Response(new ReadableStream({
                  async pull(c) {
                    await scheduler.wait(10);
                    c.error(new RangeError("broke"));
                  },
                }));
              case "/forward": {
                const copy = new Request("https://example.com/", { method: "POST", body: request.body });
                return new Response(`${copy.method} ${await copy.text()}`);
              }
            }
          },
        };
        """

    @Test func `a handler sees the request and its response comes back whole`() async throws {
        try await WorkersFixture.with { fixture in
            try await fixture.deploy(Self.wrangler, Self.source)
            let about = try await fetch(fixture, "/about?q=1", headers: [("x-two", "a"), ("x-two", "b")])
            let seen = try JSONValue(json: await about.bytes())
            #expect(seen["url"]?.stringValue == "http://web.test/about?q=1")
            #expect(seen["method"]?.stringValue == "GET")
            #expect(seen["two"]?.stringValue == "a, b")
            #expect(seen["cf"] == .object([:]))

            let cookies = try await fetch(fixture, "/cookies")
            #expect(cookies.status == 404)
            #expect(cookies.headers.filter { $0.name == "set-cookie" }.map(\.value) == ["a=1; Path=/", "b=2"])
            #expect(cookies.headers.contains { $0.name == "x-one" && $0.value == "1" })

            let encoded = try await fetch(fixture, "/gzip")
            #expect(!encoded.headers.contains { $0.name == "content-encoding" })
            let byHand = try await fetch(fixture, "/gzip-by-hand")
            #expect(byHand.headers.contains { $0.name == "content-encoding" })

            let forwarded = try await fetch(fixture, "/forward", body: try await .of("payload"))
            #expect(try await forwarded.text() == "POST payload")
        }
    }

    @Test func `bodies larger than any window go both ways at once`() async throws {
        try await WorkersFixture.with { fixture in
            try await fixture.deploy(Self.wrangler, Self.source)
            let piece = ByteBuffer(bytes: (0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 31) })
            let body = BodyPipe()
            async let sent: Void = {
                for _ in 0..<30 { try await body.write(piece) }
                body.finish()
            }()
            let response = try await fetch(fixture, "/echo", body: body)
            #expect(response.status == 201)
            let bytes = try await response.bytes()
            try await sent
            #expect(bytes.count == 3_000_000)
            #expect(bytes == (0..<30).flatMap { _ in Array(piece.readableBytesView) })
        }
    }

    @Test func `each piece of a body is seen when it is sent`() async throws {
        try await WorkersFixture.with { fixture in
            try await fixture.deploy(Self.wrangler, Self.source)
            let body = BodyPipe()
            let response = try await fetch(fixture, "/echo", body: body)
            guard case .stream(let pipe) = response.body else {
                Issue.record("the response ended before the request did")
                return
            }
            for event in ["one", "two", "three"] {
                try await body.write(ByteBuffer(string: event))
                #expect(try await pipe.next() == ByteBuffer(string: event))
            }
            body.finish()
            #expect(try await pipe.next() == nil)
        }
    }

    @Test(arguments: ["/stream", "/hang"])
    func `a client that goes away aborts the signal of its request`(path: String) async throws {
        try await WorkersFixture.with { fixture in
            try await fixture.deploy(Self.wrangler, Self.source)
            _ = try await fetch(fixture, "/about")
            let call = try fixture.service.begin(request(path))
            if path == "/stream" { _ = try await call.fetched() }
            // The handler must have begun: frames of one process keep their order.
            _ = try await fetch(fixture, "/about")
            call.cancel()
            if path == "/hang" {
                let error = await #expect(throws: FlareError.self) { try await call.fetched() }
                #expect(error?.code == .interrupted)
            }
            #expect(try await eventually { try await count("aborted", fixture) == 1 })
        }
    }

    @Test func `what is left to waitUntil goes on after the answer`() async throws {
        try await WorkersFixture.with { fixture in
            try await fixture.deploy(Self.wrangler, Self.source)
            #expect(try await fetch(fixture, "/wait").text() == "soon")
            #expect(try await count("waited", fixture) == 0)
            #expect(try await fetch(fixture, "/finish").text() == "finished")
            #expect(try await eventually { try await count("waited", fixture) == 1 })
        }
    }

    @Test func `what a handler does wrong is told with its line`() async throws {
        try await WorkersFixture.with { fixture in
            try await fixture.deploy(Self.wrangler, Self.source)
            let thrown = await #expect(throws: FlareError.self) { try await fetch(fixture, "/throw") }
            #expect(thrown?.message == "TypeError: no such thing")
            #expect((thrown?.cause as? JavaScriptError)?.stack?.contains("index.ts:18") == true)
            for path in ["/odd", "/revoked"] {
                let odd = await #expect(throws: FlareError.self) { try await fetch(fixture, path) }
                #expect(odd?.message == "Error: a value that cannot be read was thrown")
            }
            let nothing = await #expect(throws: FlareError.self) { try await fetch(fixture, "/nothing") }
            #expect(nothing?.message == "TypeError: fetch() must return a Response, not undefined")
            let text = await #expect(throws: FlareError.self) { try await fetch(fixture, "/text-stream") }
            #expect(text?.message.contains("must give bytes, not a string") == true)
            let broken = try await fetch(fixture, "/broken")
            let error = await #expect(throws: FlareError.self) { try await broken.bytes() }
            #expect(error?.message == "RangeError: broke")

            try await fixture.deploy(#"{"name": "mute", "main": "index.ts"}"#, "export default { queue() {} };")
            let mute = await #expect(throws: FlareError.self) { try await fetch(fixture, "/", worker: "mute") }
            #expect(mute?.cause is MissingHandler)
            #expect(mute?.message == "the default export has no handler fetch()")
            let unknown = await #expect(throws: FlareError.self) { try await fetch(fixture, "/", worker: "webb") }
            #expect(unknown?.code == .workerNotFound)
        }
    }

    @Test func `a handler that does not answer in time is told so`() async throws {
        try await WorkersFixture.with({ $0.answerTimeout = .seconds(1) }) { fixture in
            try await fixture.deploy(Self.wrangler, Self.source)
            let slow = await #expect(throws: FlareError.self) { try await fetch(fixture, "/hang") }
            #expect(slow?.code == .deadlineExceeded)
            #expect(await eventually { (try? await count("aborted", fixture)) == 1 })
        }
    }

    @Test func `a handler that does not answer in time and cannot listen is killed`() async throws {
        try await WorkersFixture.with({
            $0.answerTimeout = .seconds(1)
            $0.drainTimeout = .milliseconds(100)
            $0.restartDelayMin = .milliseconds(10)
        }) { fixture in
            try await fixture.deploy(Self.wrangler, Self.source)
            let stuck = await #expect(throws: FlareError.self) { try await fetch(fixture, "/loop") }
            #expect(stuck?.code == .deadlineExceeded)
            // A new process, which has counted nothing.
            #expect(await eventually { (try? await count("aborted", fixture)) == 0 })
        }
    }

    private func count(_ what: String, _ fixture: WorkersFixture) async throws -> Int? {
        try JSONValue(json: await fetch(fixture, "/about").bytes())[what]?.integerValue
    }
}

func request(
    _ path: String,
    worker: String = "web",
    headers: [(name: String, value: String)] = [],
    body: BodyPipe? = nil
) -> WorkerRequest {
    let method = body == nil ? "GET" : "POST"
    return WorkerRequest(
        worker: worker,
        method: method,
        url: "http://\(worker).test\(path)",
        headers: headers,
        body: body
    )
}

func fetch(
    _ fixture: WorkersFixture,
    _ path: String,
    worker: String = "web",
    headers: [(name: String, value: String)] = [],
    body: BodyPipe? = nil
) async throws -> WorkerResponse {
    try await fixture.service.fetch(request(path, worker: worker, headers: headers, body: body))
}

extension BodyPipe {
    /// A short body that is there already.
    static func of(_ text: String) async throws -> BodyPipe {
        let pipe = BodyPipe()
        try await pipe.write(ByteBuffer(string: text))
        pipe.finish()
        return pipe
    }
}

extension WorkerResponse {
    func bytes() async throws -> [UInt8] {
        switch body {
        case .whole(let buffer): return Array(buffer.readableBytesView)
        case .stream(let pipe):
            var bytes: [UInt8] = []
            for try await buffer in pipe { bytes += buffer.readableBytesView }
            return bytes
        }
    }

    func text() async throws -> String { String(decoding: try await bytes(), as: UTF8.self) }
}
