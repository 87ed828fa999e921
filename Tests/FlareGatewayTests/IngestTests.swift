import FlareModel
import Testing

@testable import FlareGateway

@Suite("the ingest door")
struct IngestTests {
    @Test("an array, an object and lines are committed, and the answer says how many and where")
    func forms() async throws {
        try await IngestFixture.with { f in
            let first = try f.post("[{\"n\":1},{\"n\":2}]")
            #expect(first.status == 200)
            #expect(first.body == #"{"success":true,"result":{"committed":2,"offset":0,"refused":[]}}"#)
            #expect(first.head.contains("content-type: application/json"))
            #expect(try f.post("{\"n\":3}", type: nil).body.contains(#""committed":1,"offset":2"#))
            #expect(
                try f.post("{\"n\":4}\n{\"n\":5}\n", type: "application/x-ndjson").body.contains(
                    #""committed":2,"offset":3"#
                )
            )
            #expect(try f.post("{\"n\":6}\n{\"n\":7}\n", to: "/orders/?x=1", type: "text/plain").status == 200)
            #expect(try f.post("[]").body == #"{"result":{"committed":0,"refused":[]},"success":true}"#)
            #expect(f.endOffset == 7)
        }
    }

    @Test("refused records are named, the others committed")
    func refused() async throws {
        try await IngestFixture.with { f in
            let reply = try f.post("[{\"n\":1},2,{\"n\":3}]")
            #expect(reply.status == 200)
            let result = try reply.json()["result"]
            #expect(result?["committed"] == .integer(2))
            #expect(result?["offset"] == .integer(0))
            #expect(result?["refused"]?.arrayValue?.first?["index"] == .integer(1))
            let none = try f.post("[1,2]")
            #expect(none.status == 400)
            #expect(try none.json()["success"] == .bool(false))
            #expect(try none.json()["errors"]?.arrayValue?.first?["meta"]?["code"] == .string("invalid_data"))
            #expect(try none.json()["result"]?["refused"]?.arrayValue?.count == 2)
            #expect(f.endOffset == 2)
        }
    }

    @Test(
        "a body that cannot be used is 400 and commits nothing",
        arguments: [
            "", "  ", "hello", "{\"n\":", "[{\"n\":1}", "[{\"n\":1},]", "{\"n\":1}}", "{\"n\":1} {\"n\":2}",
            "[{\"a\":tru}]",
        ]
    )
    func unusable(body: String) async throws {
        try await IngestFixture.with { f in
            let reply = try f.post(body)
            #expect(reply.status == 400)
            #expect(try reply.json()["success"] == .bool(false))
            #expect(try reply.json()["errors"]?.arrayValue?.first?["message"]?.stringValue?.isEmpty == false)
            #expect(f.endOffset == 0)
        }
    }

    @Test("a body that is not UTF-8 is 400")
    func notUTF8() async throws {
        try await IngestFixture.with { f in
            let reply = try f.post(Array("[{\"n\":\"".utf8) + [0xFF] + Array("\"}]".utf8), to: "/orders", type: nil)
            #expect(reply.status == 400)
            #expect(reply.body.contains("not UTF-8 at byte 7"))
        }
    }

    @Test("wrong paths, methods and types each have their status and a hint")
    func misses() async throws {
        try await IngestFixture.with { f in
            let unknown = try f.post("[{}]", to: "/order")
            #expect(unknown.status == 404)
            #expect(unknown.body.contains(#"Did you mean \"orders\"?"#))
            #expect(try f.post("[{}]", to: "/").status == 404)
            #expect(try f.post("[{}]", to: "/orders/x").status == 404)
            let method = try f.post("", method: "GET")
            #expect(method.status == 405)
            #expect(method.head.contains("allow: post"))
            #expect(try f.post("", method: "HEAD").status == 405)
            let type = try f.post("[{}]", type: "image/png")
            #expect(type.status == 415)
            #expect(type.body.contains("application/x-ndjson"))
            #expect(f.endOffset == 0)
        }
    }

    @Test("a connection serves many requests, whole and in pieces")
    func keepAlive() async throws {
        try await IngestFixture.with { f in
            let socket = try f.connect()
            for n in 0..<3 {
                for byte in "POST /orders HTTP/1.1\r\nhost: x\r\ncontent-length: 7\r\n\r\n{\"n\":\(n)}".utf8 {
                    try socket.write([byte])
                }
                #expect(try socket.reply().body.contains("\"offset\":\(n)"))
            }
        }
    }

    @Test("requests sent without waiting are answered in their order")
    func pipelined() async throws {
        try await IngestFixture.with { f in
            let socket = try f.connect()
            var text = ""
            for n in 0..<300 {
                let path = n % 3 == 2 ? "/nowhere" : "/orders"
                text += "POST \(path) HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n{\"n\":\(100 + n)}"
            }
            try socket.write(text)
            var offset = 0
            for n in 0..<300 {
                let reply = try socket.reply()
                #expect(reply.status == (n % 3 == 2 ? 404 : 200))
                guard reply.status == 200 else { continue }
                #expect(reply.body.contains("\"offset\":\(offset),"))
                offset += 1
            }
        }
    }

    @Test("chunked bodies are read")
    func chunked() async throws {
        try await IngestFixture.with { f in
            let socket = try f.connect()
            try socket.write("POST /orders HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n")
            for chunk in ["[{\"n\":", "1},", "{\"n\":2}", "]"] {
                try socket.write("\(String(chunk.utf8.count, radix: 16))\r\n\(chunk)\r\n")
            }
            try socket.write("0\r\n\r\n")
            #expect(try socket.reply().body.contains(#""committed":2"#))
        }
    }

    @Test("a client that asks first is told to go on, or why not")
    func expectation() async throws {
        try await IngestFixture.with { f in
            let socket = try f.connect()
            try socket.write("POST /orders HTTP/1.1\r\nhost: x\r\ncontent-length: 7\r\nexpect: 100-continue\r\n\r\n")
            #expect(try socket.reply().status == 100)
            try socket.write("{\"n\":1}")
            #expect(try socket.reply().status == 200)
            try socket.write("POST /nowhere HTTP/1.1\r\nhost: x\r\ncontent-length: 7\r\nexpect: 100-continue\r\n\r\n")
            let refused = try socket.reply()
            #expect(refused.status == 404)
            #expect(refused.head.contains("connection: close"))
            #expect(socket.isClosedByServer())
        }
    }

    @Test("a body over the limit is refused before it is sent")
    func tooLarge() async throws {
        try await IngestFixture.with { f in
            let socket = try f.connect()
            try socket.write("POST /orders HTTP/1.1\r\nhost: x\r\ncontent-length: 100000001\r\n\r\n")
            let reply = try socket.reply()
            #expect(reply.status == 413)
            #expect(reply.body.contains("100000000 bytes"))
            #expect(socket.isClosedByServer())
        }
    }

    @Test("what is not HTTP is 400 and the end")
    func notHTTP() async throws {
        try await IngestFixture.with { f in
            let socket = try f.connect()
            try socket.write("hello there\r\n\r\n")
            #expect(try socket.reply().status == 400)
            #expect(socket.isClosedByServer())
        }
    }

    @Test(
        "a client that wants to close is served and closed",
        arguments: [
            "POST /orders HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 7\r\n\r\n{\"n\":1}",
            "POST /orders HTTP/1.0\r\ncontent-length: 7\r\n\r\n{\"n\":1}",
        ]
    )
    func closing(request: String) async throws {
        try await IngestFixture.with { f in
            let socket = try f.connect()
            try socket.write(request)
            #expect(try socket.reply().status == 200)
            #expect(socket.isClosedByServer())
        }
    }

    @Test("a client that ends its side after a request still gets its answer")
    func halfClosed() async throws {
        try await IngestFixture.with { f in
            let socket = try f.connect()
            try socket.write("POST /orders HTTP/1.1\r\nhost: x\r\ncontent-length: 7\r\n\r\n{\"n\":1}")
            socket.endWriting()
            #expect(try socket.reply().status == 200)
            #expect(socket.isClosedByServer())
        }
    }

    @Test(
        "a request that breaks off is refused, and its connection ends",
        arguments: ["content-length: 100\r\n\r\n{\"n\":1}", "transfer-encoding: chunked\r\n\r\n5\r\n{\"n\":\r\n"]
    )
    func cutOff(_ rest: String) async throws {
        try await IngestFixture.with { f in
            let socket = try f.connect()
            try socket.write("POST /orders HTTP/1.1\r\nhost: x\r\n" + rest)
            socket.endWriting()
            let reply = try socket.reply()
            #expect(reply.status == 400)
            #expect(reply.body.contains("cut off"))
            #expect(socket.isClosedByServer())
            #expect(f.endOffset == 0)
        }
    }

    @Test("a client that ends its side is let go when a later answer was ready before an earlier one")
    func halfClosedOutOfOrder() async throws {
        try await IngestFixture.with { f in
            let socket = try f.connect()
            let begun = ContinuousClock.now
            try socket.write(
                "POST /orders HTTP/1.1\r\nhost: x\r\ncontent-length: 7\r\n\r\n{\"n\":1}"
                    + "GET / HTTP/1.1\r\nhost: x\r\n\r\n"
            )
            socket.endWriting()
            #expect(try socket.reply().status == 200)
            #expect(try socket.reply().status == 200)
            #expect(socket.isClosedByServer())
            #expect(ContinuousClock.now - begun < .seconds(20), "the connection was left open")
        }
    }

    @Test("what follows a last request is not taken for a request")
    func afterTheLast() async throws {
        try await IngestFixture.with { f in
            let socket = try f.connect()
            let head = "POST /orders HTTP/1.1\r\nhost: x\r\ncontent-length: 7\r\n"
            try socket.write(head + "connection: close\r\n\r\n{\"n\":1}" + head + "\r\n{\"n\":2}")
            #expect(try socket.reply().status == 200)
            #expect(socket.isClosedByServer())
            #expect(f.endOffset == 1)
        }
    }

    @Test("the door greets, and reads past a body that comes with the request")
    func greeting() async throws {
        try await IngestFixture.with { f in
            let reply = try f.post("{\"n\":1}", to: "/", method: "GET")
            #expect(reply.status == 200)
            #expect(reply.body.contains("ingest"))
            #expect(f.endOffset == 0)
        }
    }

    @Test("a large body is committed whole, with consecutive offsets")
    func large() async throws {
        try await IngestFixture.with { f in
            let record = "{\"text\":\"" + String(repeating: "x", count: 90_000) + "\"}"
            let body = "[" + Array(repeating: record, count: 100).joined(separator: ",") + "]"
            let reply = try f.post(body)
            #expect(reply.body.contains(#""committed":100,"offset":0"#))
            #expect(f.endOffset == 100)
        }
    }

    @Test("a taken port is named")
    func portTaken() async throws {
        try await IngestFixture.with { f in
            let error = await #expect(throws: FlareError.self) {
                _ = try await f.server.start(host: "127.0.0.1", port: f.port)
            }
            #expect(error?.code == .inUse)
            #expect(error?.message.contains("\(f.port)") == true)
        }
    }

    @Test("stopping closes idle connections and refuses new ones")
    func stop() async throws {
        try await IngestFixture.with { f in
            let socket = try f.connect()
            try socket.write("POST /orders HTTP/1.1\r\nhost: x\r\ncontent-length: 7\r\n\r\n{\"n\":1}")
            #expect(try socket.reply().status == 200)
            await f.server.stop()
            #expect(socket.isClosedByServer())
            #expect(throws: (any Error).self) { try f.connect() }
        }
    }
}
