import FlareModel
import NIOCore
import NIOHTTP1
import Testing

@testable import FlareGateway

@Suite("WebSocket handshakes")
struct WebSocketHandshakeTests {
    static let headers: [(String, String)] = [
        ("host", "x"), ("upgrade", "websocket"), ("connection", "keep-alive, Upgrade"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="), ("sec-websocket-version", "13"),
    ]

    /// The reply to a request with these headers changed; nil removes one.
    private func reply(
        uri: String = "/orders",
        _ changes: [(String, String?)] = [],
        method: HTTPMethod = .GET,
        version: HTTPVersion = .http1_1,
        rules: WebSocketHandshake.Rules = .init()
    ) -> (reply: String, producer: String?) {
        var headers = HTTPHeaders(Self.headers)
        for (name, value) in changes {
            headers.remove(name: name)
            if let value { headers.add(name: name, value: value) }
        }
        let head = HTTPRequestHead(version: version, method: method, uri: uri, headers: headers)
        switch WebSocketHandshake.answer(head, rules: rules, accepts: { $0 == "good" }) {
        case .success(let acceptance): return (String(buffer: acceptance.reply), acceptance.producer)
        case .failure(let refusal): return (String(buffer: refusal.reply), nil)
        }
    }

    @Test("the key of RFC 6455 is answered as there")
    func accepted() {
        let reply = reply().reply
        #expect(reply.hasPrefix("HTTP/1.1 101 Switching Protocols\r\n"))
        #expect(reply.contains("\r\nsec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"))
        #expect(reply.contains("\r\nupgrade: websocket\r\nconnection: Upgrade\r\n"))
        #expect(!reply.contains("sec-websocket-extensions") && !reply.contains("sec-websocket-protocol"))
        #expect(reply.hasSuffix("\r\n\r\n"))
        let offered = self.reply([("sec-websocket-extensions", "permessage-deflate; client_max_window_bits")]).reply
        #expect(offered == reply)
    }

    @Test(
        "a handshake that breaks a rule is refused",
        arguments: [
            ("connection", nil), ("connection", "keep-alive"), ("upgrade", nil), ("upgrade", "h2c"), ("host", nil),
            ("sec-websocket-key", nil), ("sec-websocket-key", ""), ("sec-websocket-key", "dGhlIHNhbXBsZSBub25j"),
            ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ"), ("sec-websocket-key", "!GhlIHNhbXBsZSBub25jZQ=="),
            ("content-length", "5"), ("transfer-encoding", "chunked"),
        ] as [(String, String?)]
    )
    func refused(name: String, value: String?) {
        #expect(reply([(name, value)]).reply.hasPrefix("HTTP/1.1 400 Bad Request\r\n"))
        #expect(reply([(name, value)]).reply.contains("\r\nconnection: close\r\n"))
    }

    @Test("another method or an older HTTP is refused")
    func methods() {
        #expect(reply(method: .POST).reply.hasPrefix("HTTP/1.1 400 "))
        #expect(reply(version: .http1_0).reply.hasPrefix("HTTP/1.1 400 "))
    }

    @Test("another version is told which one is spoken", arguments: ["8", "14", "", "x"])
    func versions(version: String) {
        let reply = reply([("sec-websocket-version", version)]).reply
        #expect(reply.hasPrefix("HTTP/1.1 426 Upgrade Required\r\n"))
        #expect(reply.contains("\r\nsec-websocket-version: 13\r\n"))
    }

    @Test("a token is taken from the header, the query or the subprotocols, and nothing else will do")
    func tokens() {
        let rules = WebSocketHandshake.Rules(requiresToken: true)
        #expect(reply([("authorization", "Bearer good")], rules: rules).reply.hasPrefix("HTTP/1.1 101 "))
        #expect(reply([("authorization", "bearer  good ")], rules: rules).reply.hasPrefix("HTTP/1.1 101 "))
        #expect(reply(uri: "/orders?a=b&token=g%6Fod", rules: rules).reply.hasPrefix("HTTP/1.1 101 "))
        let protocols = reply([("sec-websocket-protocol", "flare, bearer.good")], rules: rules).reply
        #expect(protocols.hasPrefix("HTTP/1.1 101 "))
        #expect(protocols.contains("\r\nsec-websocket-protocol: flare\r\n"))
        #expect(!protocols.contains("good"))
        for changes: [(String, String?)] in [
            [], [("authorization", "Bearer bad")], [("authorization", "Basic good")], [("authorization", "good")],
            [("sec-websocket-protocol", "flare, bearer.bad")], [("sec-websocket-protocol", "flare")],
        ] {
            let reply = reply(changes, rules: rules).reply
            #expect(reply.hasPrefix("HTTP/1.1 401 Unauthorized\r\n"))
            #expect(reply.contains("\r\nwww-authenticate: Bearer\r\n"))
        }
        #expect(reply(uri: "/orders?token=bad", rules: rules).reply.hasPrefix("HTTP/1.1 401 "))
        #expect(reply(uri: "/orders?token=%6", rules: rules).reply.hasPrefix("HTTP/1.1 401 "))
    }

    @Test("pages may send only from the origins that are listed; programs, which name none, always")
    func origins() {
        let listed = WebSocketHandshake.Rules(corsOrigins: ["https://shop.example", "https://b.example"])
        #expect(reply([("origin", "https://shop.example")], rules: listed).reply.hasPrefix("HTTP/1.1 101 "))
        #expect(reply([("origin", "https://evil.example")], rules: listed).reply.hasPrefix("HTTP/1.1 403 "))
        #expect(reply(rules: listed).reply.hasPrefix("HTTP/1.1 101 "))
        let any = WebSocketHandshake.Rules(corsOrigins: ["*"])
        #expect(reply([("origin", "https://evil.example")], rules: any).reply.hasPrefix("HTTP/1.1 101 "))
        #expect(reply([("origin", "https://evil.example")]).reply.hasPrefix("HTTP/1.1 403 "))
    }

    @Test("a producer's name is printable ASCII")
    func producers() {
        #expect(reply(uri: "/orders?producer=till-7").producer == "till-7")
        #expect(reply(uri: "/orders?x=1&producer=a%2Fb").producer == "a/b")
        #expect(reply(uri: "/orders").producer == nil)
        let longest = String(repeating: "p", count: 128)
        #expect(reply(uri: "/orders?producer=\(longest)").producer == longest)
        for bad in ["", "a%20b", "%C3%A4", "%00", longest + "p", "%4"] {
            #expect(reply(uri: "/orders?producer=\(bad)").reply.hasPrefix("HTTP/1.1 400 "), "\(bad)")
        }
    }
}
