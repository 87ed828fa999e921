import FlareModel
import NIOCore
import Testing

@testable import FlarePipelines

@Suite("tails of pipelines")
struct PipelineTailTests {
    private func accepts(_ conditions: [String], _ record: String) throws -> Bool {
        let payload = ByteBuffer(string: record)
        return try RecordFilter(conditions).accepts(payload, at: 0..<payload.readableBytes)
    }

    @Test(
        "conditions compare the text of a value",
        arguments: [
            (#".a=x"#, #"{"a":"x"}"#, true), (#"a=x"#, #"{"a":"x"}"#, true), (#".a=x"#, #"{"a":"y"}"#, false),
            (#".a=1"#, #"{"a":1}"#, true), (#".a=1"#, #"{"a":1.0}"#, false), (#".a=true"#, #"{"a":true}"#, true),
            (#".a=null"#, #"{"a":null}"#, true), (#".a="#, #"{"a":""}"#, true), (#".a="#, #"{}"#, false),
            (#".a.b=x=y"#, #"{"a":{"b":"x=y"}}"#, true), (#".a={}"#, #"{"a":{}}"#, false),
            (#".a!=x"#, #"{"a":"x"}"#, false), (#".a!=x"#, #"{}"#, true), (#".a=__none__"#, #"{}"#, false),
            (#"."a=b"=c"#, #"{"a=b":"c"}"#, true), (#".a=ä"#, #"{"a":"\u00e4"}"#, true),
        ]
    )
    func condition(_ condition: String, _ record: String, _ isAccepted: Bool) throws {
        #expect(try accepts([condition], record) == isAccepted)
    }

    @Test("all conditions must hold, and long texts are compared in full")
    func several() throws {
        #expect(try accepts([".a=1", ".b!=2"], #"{"a":1,"b":3}"#))
        #expect(try !accepts([".a=1", ".b!=2"], #"{"a":1,"b":2}"#))
        let long = String(repeating: "x", count: 500)
        #expect(try accepts([".a=\(long)"], #"{"a":"\#(long)"}"#))
        #expect(try !accepts([".a=\(long)"], #"{"a":"\#(long)x"}"#))
        for mistake in ["", "a", ".a", "=x", ".a[0]=x"] {
            #expect(throws: FlareError.self) { try RecordFilter([mistake]) }
        }
    }

    @Test("a slow follower gets the newest records and how many it missed; others get all")
    func slow() async throws {
        let tail = RecordTail(bytesMax: 12)
        let slow = tail.follow()
        for _ in 0..<3 { tail.publish(ByteBuffer(string: "{}\n{}\n")) }
        let quick = tail.follow()
        tail.publish(ByteBuffer(string: "{}\n"))
        let contents = try #require(await slow.next())
        #expect(contents.pieces.map { String(buffer: $0) } == ["{}\n{}\n", "{}\n"])
        #expect(contents.missed == 4)
        #expect(await quick.next()?.pieces == [ByteBuffer(string: "{}\n")])
        tail.finish()
        #expect(await slow.next()?.isOver == true)
        #expect(await tail.follow().next()?.isOver == true)
    }
}
