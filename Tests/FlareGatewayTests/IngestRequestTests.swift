import CFlareSystem
import FlareModel
import FlarePipelines
import NIOCore
import Testing

@testable import FlareGateway

/// What a request may ask for beside taking its records.
@Suite("what requests of the ingest door may ask")
struct IngestRequestTests {
    private func request(
        _ body: [UInt8],
        method: String = "POST",
        headers: [String] = []
    ) -> [UInt8] {
        let head = "\(method) /orders HTTP/1.1\r\nhost: x\r\ncontent-length: \(body.count)\r\n"
        return Array((head + headers.map { $0 + "\r\n" }.joined() + "\r\n").utf8) + body
    }

    private func send(
        _ f: IngestFixture,
        _ body: String,
        method: String = "POST",
        headers: [String] = []
    ) throws -> TestReply {
        try f.exchange(request(Array(body.utf8), method: method, headers: headers))
    }

    private func gzip(_ text: String) -> [UInt8] {
        let bytes = Array(text.utf8)
        return [UInt8](unsafeUninitializedCapacity: flare_gzip_bound(bytes.count)) { buffer, count in
            guard let base = buffer.baseAddress else { return }
            count = flare_gzip_compress(bytes, bytes.count, base, buffer.count, 6)
        }
    }

    @Test("a compressed body counts as what it holds")
    func compressed() async throws {
        try await IngestFixture.with { f in
            let reply = try f.exchange(request(gzip(#"[{"n":1},{"n":2}]"#), headers: ["content-encoding: gzip"]))
            #expect(reply.body.contains(#""committed":2,"offset":0"#))
            let cut = gzip(#"[{"n":1},{"n":2}]"#).dropLast(4)
            let refused = try f.exchange(request(Array(cut), headers: ["content-encoding: gzip"]))
            #expect(refused.status == 400)
            #expect(refused.body.contains("gzip"))
            #expect(try send(f, "[{}]", headers: ["content-encoding: br"]).status == 415)
            #expect(f.endOffset == 2)
        }
    }

    @Test("a body that would become too large is refused before it does")
    func bomb() async throws {
        try await IngestFixture.with { f in
            let bomb = gzip(String(repeating: " ", count: Limits.bodyBytesMax + 1))
            let reply = try f.exchange(request(bomb, headers: ["content-encoding: gzip"]))
            #expect(reply.status == 413)
            #expect(f.endOffset == 0)
        }
    }

    @Test("a request with the same Idempotency-Key counts once and gets the first answer again")
    func idempotent() async throws {
        try await IngestFixture.with { f in
            let key = "idempotency-key: order-1"
            let first = try send(f, #"[{"n":1},{"n":2}]"#, headers: [key])
            _ = try send(f, #"{"n":3}"#)
            let again = try send(f, #"[{"n":1},{"n":2}]"#, headers: [key])
            #expect(first.status == 200)
            #expect(again.status == 200)
            #expect(again.body == first.body)
            #expect(again.head.contains("idempotency-replayed: true"))
            #expect(!first.head.contains("idempotency-replayed"))
            #expect(f.endOffset == 3)
            let other = try send(f, #"{"n":4}"#, headers: [key])
            #expect(other.status == 422)
            #expect(other.body.contains("idempotency_key_reused"))
            #expect(try send(f, "{}", headers: ["idempotency-key: "]).status == 400)
            #expect(f.endOffset == 3)
        }
    }

    @Test("only those with a token may send where the pipeline asks for one")
    func tokens() async throws {
        try await IngestFixture.with { f in
            try await f.pipelines.update("orders", PipelineUpdateBody(settings: .init(requiresHTTPAuth: true)))
            let secret = try await f.pipelines.createToken("ci", of: "orders")
            let none = try send(f, "{}")
            #expect(none.status == 401)
            #expect(none.head.contains("www-authenticate: bearer"))
            #expect(none.body.contains("flare pipelines tokens create orders"))
            #expect(try send(f, "{}", headers: ["authorization: Bearer nonsense"]).status == 401)
            #expect(try send(f, "{}", headers: ["authorization: Bearer \(secret)"]).status == 200)
            try await f.pipelines.revokeToken("ci", of: "orders")
            #expect(try send(f, "{}", headers: ["authorization: Bearer \(secret)"]).status == 401)
            #expect(f.endOffset == 1)
        }
    }

    @Test("pages of the origins that are listed may send, others may not")
    func origins() async throws {
        try await IngestFixture.with { f in
            let origin = "origin: https://shop.example"
            #expect(try send(f, "{}", headers: [origin]).status == 403)
            let settings = PipelineSettingsBody(corsOrigins: ["https://shop.example"])
            try await f.pipelines.update("orders", PipelineUpdateBody(settings: settings))
            let preflight = try send(f, "", method: "OPTIONS", headers: [origin])
            #expect(preflight.status == 204)
            #expect(preflight.head.contains("access-control-allow-origin: https://shop.example"))
            #expect(preflight.head.contains("access-control-allow-headers: content-type"))
            let sent = try send(f, "{}", headers: [origin])
            #expect(sent.status == 200)
            #expect(sent.head.contains("access-control-allow-origin: https://shop.example"))
            #expect(try send(f, "nonsense", headers: [origin]).head.contains("access-control-allow-origin"))
            #expect(try send(f, "{}", headers: ["origin: https://evil.example"]).status == 403)
            #expect(try send(f, "{}").status == 200)
            #expect(f.endOffset == 2)
        }
    }

    @Test("records that do not fit the schema are refused with the field's path")
    func schema() async throws {
        try await IngestFixture.with { f in
            let text = #"{"fields":[{"name":"user","type":"struct","fields":[{"name":"id","type":"int64"}]}]}"#
            let schema = try FlareJSON.decode(RecordSchema.self, from: Array(text.utf8))
            try await f.pipelines.update("orders", PipelineUpdateBody(settings: .init(schema: schema)))
            let reply = try send(f, #"[{"user":{"id":1}},{"user":{"id":"x"}},{"more":true}]"#)
            #expect(reply.body.contains(#""committed":2"#))
            #expect(reply.body.contains(".user.id"))
            #expect(f.endOffset == 2)
        }
    }

    @Test("what was taken, refused and replayed is counted")
    func counted() async throws {
        try await IngestFixture.with { f in
            _ = try send(f, #"[{"n":1},2]"#, headers: ["idempotency-key: a"])
            _ = try send(f, #"[{"n":1},2]"#, headers: ["idempotency-key: a"])
            _ = try send(f, "[1,2]")
            let counts = try #require(try f.pipelines.metrics(of: "orders").sources[.http])
            #expect(counts.records == 1)
            #expect(counts.refused == 3)
            #expect(counts.requests == 2)
            #expect(counts.bytes == 8)
        }
    }
}

@Suite("the recogniser of common requests")
struct RequestRecogniserTests {
    private func head(_ text: String) -> CommonHead? {
        Array(text.utf8).withUnsafeBytes { CommonHead($0) }
    }

    private static let common = "POST /orders HTTP/1.1\r\nHost: x\r\nContent-Length: 7\r\n"

    @Test("reads what clients usually send")
    func known() throws {
        let text = Self.common + "User-Agent: curl/8\r\nAccept: */*\r\nContent-Type: application/json\r\n\r\n{\"n\":1}"
        let head = try #require(self.head(text))
        #expect(Array(text.utf8)[head.name] == Array("orders".utf8)[...])
        #expect(head.contentLength == 7)
        #expect(head.byteCount == text.utf8.count - 7)
        #expect(try #require(self.head(Self.common + "content-type: application/x-ndjson\r\n\r\n")).form == .lines)
    }

    @Test(
        "leaves everything else to the general decoder",
        arguments: [
            "GET /orders HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n", "POST /orders HTTP/1.0\r\nhost: x\r\n\r\n",
            "POST /orders?x HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n", "POST / HTTP/1.1\r\nhost: x\r\n\r\n",
            "POST /orders HTTP/1.1\r\ncontent-length: 0\r\n\r\n", "POST /orders HTTP/1.1\r\nhost: x\r\n\r\n",
            common, common + "\r", common + "Content-Length: 7\r\n\r\n", common + "Host: y\r\n\r\n",
            common + "Transfer-Encoding: chunked\r\n\r\n", common + "Expect: 100-continue\r\n\r\n",
            common + "Connection: close\r\n\r\n", common + "Content-Type: text/csv\r\n\r\n",
            common + "Content-Encoding: gzip\r\n\r\n", common + "Origin: https://a\r\n\r\n",
            common + "Accept : x\r\n\r\n", common + "Accept: a\nb\r\n\r\n", common + "Accept: a\u{0}b\r\n\r\n",
            common + " folded\r\n\r\n", common + "Accept: x\r\r\n\r\n",
            "POST /orders HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n",
            "POST /orders HTTP/1.1\r\nhost: x\r\ncontent-length: 9999999999\r\n\r\n",
            "POST /orders HTTP/1.1\r\nhost: x\r\ncontent-length: 7, 7\r\n\r\n",
        ]
    )
    func other(text: String) {
        #expect(head(text) == nil)
    }

    @Test("a body in pieces, the next request behind it, and then one of another kind are all answered")
    func mixed() async throws {
        try await IngestFixture.with { f in
            let socket = try f.connect()
            try socket.write(Self.common + "\r\n{\"n\"")
            try socket.write(":1}" + Self.common + "\r\n{\"n\":2}" + Self.common + "X-Other: 1\r\n\r\n{\"n\":3}")
            for offset in 0..<3 { #expect(try socket.reply().body.contains("\"offset\":\(offset)")) }
            try socket.write(Self.common + "\r\n{\"n\":4}")
            #expect(try socket.reply().body.contains("\"offset\":3"))
        }
    }
}
