import ArgumentParser
import FlareModel
import Testing

@testable import FlareCLI

@Suite("messages on the command line")
struct QueueTextTests {
    @Test(
        "a body without a content type is JSON when it is one JSON value, else text, else bytes",
        arguments: [
            (#"{"a":1}"#, "json"), ("42", "json"), (#" [1, 2] "#, "json"), ("hello", "text"), ("", "text"),
            (#"{"a":1}{"a":2}"#, "text"), ("{n}", "text"),
        ]
    )
    func detection(body: String, expected: String) {
        #expect(ContentType(of: Array(body.utf8)).name == expected)
    }

    @Test("a consumer that was added and cannot be looked at is warned of, whatever the reason")
    func consumers() {
        let missing = FlareError(.workerNotFound, "Worker \"shop\" not found")
        let stopping = FlareError(.engineUnavailable, "the engine is stopping")
        #expect(
            QueueConsumerOptions.warning(of: missing) == "messages wait until it is deployed: Worker \"shop\" not found"
        )
        #expect(
            QueueConsumerOptions.warning(of: stopping)
                == "the consumer could not be looked at: the engine is stopping"
        )
    }

    @Test("bytes that are no UTF-8 are bytes")
    func bytes() {
        #expect(ContentType(of: [0xFF, 0x00]) == .bytes)
    }

    @Test(
        "a body in a table is one line of which a terminal obeys nothing",
        arguments: [
            (#"a\b"#, #"a\b"#), ("a\nb\\", #"a\nb\\"#), ("a\r\n\tb", #"a\r\n\tb"#),
            ("\u{1B}[2J\0\u{9B}", #"\u{1b}[2J\u{0}\u{9b}"#),
        ]
    )
    func oneLine(body: String, expected: String) {
        #expect(SafePath.oneLine(body) == expected)
    }

    @Test(
        "a tail shows the body on a narrow terminal too",
        arguments: [(nil, 200), (40, 60), (80, 60), (267, 200), (167, 100)]
    )
    func tailLine(columns: Int?, shown: Int) {
        let message = QueueMessageBody(
            id: "00112233445566770000000000000001",
            cursor: 12_345,
            timestamp: Timestamp(milliseconds: 0),
            attempts: 0,
            contentType: "text",
            encoding: "utf8",
            body: String(repeating: "x", count: 200)
        )
        let line = message.tailLine(columns: columns)
        #expect(line.hasPrefix("1970-01-01T00:00:00.000Z  12345  00112233445566770000000000000001  xxx"))
        #expect(line.count - 67 == shown)
    }

    @Test("a tail of new messages that was interrupted before the first one misses none")
    func tailAgain() throws {
        let began = Timestamp(milliseconds: 0)
        let new = try #require(try Flare.parseAsRoot(["queues", "tail", "orders", "--new"]) as? QueuesTail)
        let first = try #require(new.again(after: nil, began: began))
        #expect(first.0 == "since" && first.1 == "1970-01-01T00:00:00.000Z")
        let later = try #require(new.again(after: 7, began: began))
        #expect(later.0 == "cursor" && later.1 == "7")
        let whole = try #require(try Flare.parseAsRoot(["queues", "tail", "orders"]) as? QueuesTail)
        #expect(whole.again(after: nil, began: began) == nil)
    }

    @Test("words of the command line keep bytes that are no UTF-8, in their order")
    func wordBytes() {
        let given: [[UInt8]] = [[0x71], [0xFF], [0x61], [0xFE], [0xEF, 0xBF, 0xBD]]
        #expect(
            WordBytes.of(["\u{FFFD}", "a", "\u{FFFD}", "\u{FFFD}"], in: given) == [[0xFF], [0x61], [0xFE], given[4]]
        )
        #expect(WordBytes.of(["x\u{FFFD}"], in: given) == [Array("x\u{FFFD}".utf8)])
    }

    @Test("a wrong content type names the nearest one")
    func nearestContentType() {
        let error = #expect(throws: FlareError.self) { try ContentType(named: "jso") }
        #expect(error?.message.contains(#"Did you mean "json""#) == true)
    }

    @Test("the body of an envelope goes on byte for byte")
    func envelope() throws {
        let message = try OutgoingMessage(
            envelope: Array(#"{ "body": {"n": 12345678901234567890, "a":[ ]} , "delay_seconds": 7 }"#.utf8),
            delaySeconds: 1
        )
        #expect(String(decoding: message.body, as: UTF8.self) == #"{"n": 12345678901234567890, "a":[ ]}"#)
        #expect(message.contentType == .json)
        #expect(message.delaySeconds == 7)
    }

    @Test(
        "bodies of envelopes are read by their content type and encoding",
        arguments: [
            (#"{"body":"a\nb","content_type":"text"}"#, Array("a\nb".utf8)),
            (#"{"body":"/wA=","content_type":"bytes"}"#, [0xFF, 0x00]),
            (#"{"body":"plain","content_type":"bytes","encoding":"utf8"}"#, Array("plain".utf8)),
            (#"{"body":"{\"a\":1}","content_type":"json","encoding":"utf8"}"#, Array(#"{"a":1}"#.utf8)),
            (#"{"body":"a string"}"#, Array(#""a string""#.utf8)), (#"{"body":null}"#, Array("null".utf8)),
        ]
    )
    func encodings(line: String, body: [UInt8]) throws {
        #expect(try OutgoingMessage(envelope: Array(line.utf8), delaySeconds: nil).body == body)
    }

    @Test(
        "an envelope that is none says what is wrong with it",
        arguments: [
            ("{", "not valid JSON"), ("[1]", "no JSON object"), (#"{"content_type":"json"}"#, #"no "body""#),
            (#"{"body":1,"content_type":"text"}"#, "no string"),
            (#"{"body":"x","content_type":"bytes"}"#, "base64"),
            (#"{"body":"{","content_type":"json","encoding":"utf8"}"#, "not valid JSON"),
            (#"{"body":1,"delay_seconds":-1}"#, "delay_seconds"), (#"{"body":1,"content_type":"xml"}"#, "xml"),
            (#"{"body":"x","encoding":"hex"}"#, "hex"),
        ]
    )
    func badEnvelopes(line: String, text: String) {
        let error = #expect(throws: FlareError.self) {
            try OutgoingMessage(envelope: Array(line.utf8), delaySeconds: nil)
        }
        #expect(error?.message.contains(text) == true, "\(error?.message ?? "")")
    }

    @Test("a line of an export is imported as it is; one by hand gets an id and an encoding")
    func importLines() throws {
        let exported =
            #"{"id":"00112233445566778899aabbccddeeff","encoding":"base64","body":"/wA=","content_type":"bytes"}"#
        #expect(try ImportRun.identified(Array(exported.utf8)) == Array(exported.utf8))

        let made = try JSONValue(json: ImportRun.identified(Array(#"{"body":{"n":1.0},"reason":"x"}"#.utf8)))
        #expect(made["id"]?.stringValue?.count == 32)
        #expect(made["body"]?.stringValue == #"{"n":1.0}"#)
        #expect(made["encoding"]?.stringValue == "utf8")
        #expect(made["reason"]?.stringValue == "x")
        #expect(throws: FlareError.self) { try ImportRun.identified(Array(#"{"body":1,"id":"short"}"#.utf8)) }
    }

    @Test(
        "rates are messages a second",
        arguments: [
            ("100", 100), ("100/s", 100), ("120/m", 2), ("15/m", 0.25), ("900/h", 0.25),
            ("9223372036854775807/s", 9_223_372_036_854_775_808),
        ]
    )
    func rates(text: String, perSecond: Double) throws {
        #expect(try parseRate(text) == perSecond)
    }

    @Test("what is no rate is refused", arguments: ["", "fast", "0", "-1/s", "5/d", "5/s/s"])
    func badRates(text: String) {
        #expect(throws: FlareError.self) { try parseRate(text) }
    }

    @Test(
        "the last line of stderr that says something is the reason",
        arguments: [
            ("one\ntwo\n\n", "two"), ("no end", "no end"), ("\u{1B}[31mred\u{1B}[0m\r\n", "[31mred[0m"),
            ("progress\rlast\n", "last"),
        ]
    )
    func lastLine(output: String, expected: String) {
        #expect(MessageCommand.lastLine(Array(output.utf8)) == expected)
    }

    @Test("no output is no reason, and a long one is cut")
    func lastLines() {
        #expect(MessageCommand.lastLine([]) == nil)
        #expect(MessageCommand.lastLine(Array(" \n\n".utf8)) == nil)
        #expect(MessageCommand.lastLine([UInt8](repeating: 0x61, count: 4_000))?.count == 300)
        #expect(
            MessageCommand.Result(end: .exited(3), lastErrorLine: "no such order").reason
                == "the command ended with status 3: no such order"
        )
        #expect(MessageCommand.Result(end: .signalled(9), lastErrorLine: nil).reason.hasSuffix("by signal 9"))
    }

    @Test("rates are shown in as many digits as they are worth")
    func shownRates() {
        #expect(
            [0, 0.04, 0.25, 1, 9.96, 12.4, 4_500].map(QueueStatsText.rate) == [
                "0", "<0.1", "0.3", "1", "10", "12", "4500",
            ]
        )
    }
}
