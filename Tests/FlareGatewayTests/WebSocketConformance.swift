import Testing

/// One case of the table: what a client sends, and what must come of it.
///
/// In the order of the sections of the Autobahn test suite (https://github.com/crossbario/autobahn-testsuite).
struct WebSocketCase: Sendable, CustomTestStringConvertible {
    enum Outcome: Sendable, Equatable {
        case message(bytes: Int)
        case pong([UInt8])
        case close(Int)
    }

    let id: String
    let what: String
    let bytes: [UInt8]
    let outcomes: [Outcome]

    init(_ id: String, _ what: String, _ frames: [[UInt8]], _ outcomes: [Outcome]) {
        self.id = id
        self.what = what
        bytes = frames.flatMap { $0 }
        self.outcomes = outcomes
    }

    var testDescription: String { "\(id) \(what)" }

    static let all =
        framing + pings + reservedBits + opcodes + fragmentation + validUTF8 + invalidUTF8 + cutUTF8 + closes
        + invalidCloses + limits

    private static func stars(_ count: Int) -> [UInt8] { [UInt8](repeating: UInt8(ascii: "*"), count: count) }

    /// Section 1: lengths at every boundary, as text and as binary.
    static let framing: [WebSocketCase] = [0, 1, 125, 126, 127, 128, 65_535, 65_536].flatMap { count in
        [
            WebSocketCase("1.1", "text of \(count)", [webSocketFrame(1, stars(count))], [.message(bytes: count)]),
            WebSocketCase(
                "1.2",
                "binary of \(count)",
                [webSocketFrame(2, [UInt8](repeating: 0xFE, count: count))],
                [.message(bytes: count)]
            ),
        ]
    }

    /// Section 2: pings and pongs.
    static let pings: [WebSocketCase] = [
        WebSocketCase("2.1", "ping without payload", [webSocketFrame(9)], [.pong([])]),
        WebSocketCase("2.2", "ping with text", [webSocketFrame(9, Array("Hello".utf8))], [.pong(Array("Hello".utf8))]),
        WebSocketCase("2.3", "ping with bytes", [webSocketFrame(9, [0, 0xFF, 0xFE])], [.pong([0, 0xFF, 0xFE])]),
        WebSocketCase("2.4", "ping of 125", [webSocketFrame(9, stars(125))], [.pong(stars(125))]),
        WebSocketCase("2.5", "ping of 126", [webSocketFrame(9, stars(126))], [.close(1002)]),
        WebSocketCase("2.7", "pong unasked", [webSocketFrame(10)], []),
        WebSocketCase("2.8", "pong with payload unasked", [webSocketFrame(10, [1, 2])], []),
        WebSocketCase("2.9", "pong, then ping", [webSocketFrame(10, [1]), webSocketFrame(9, [2])], [.pong([2])]),
        WebSocketCase("2.10", "ten pings", (0..<10).map { webSocketFrame(9, [$0]) }, (0..<10).map { .pong([$0]) }),
        WebSocketCase("2.12", "pong of 126", [webSocketFrame(10, stars(126))], [.close(1002)]),
    ]

    /// Section 3: reserved bits, alone and between good frames.
    static let reservedBits: [WebSocketCase] =
        (1...7).flatMap { bits in
            [1, 2, 9, 10, 8].map { opcode in
                WebSocketCase(
                    "3.\(bits)",
                    "reserved \(bits), opcode \(opcode)",
                    [webSocketFrame(opcode, [], reserved: UInt8(bits))],
                    [.close(1002)]
                )
            }
        } + [
            WebSocketCase(
                "3.8",
                "reserved bit after a good message and before a ping",
                [webSocketFrame(1, stars(9)), webSocketFrame(1, stars(9), reserved: 4), webSocketFrame(9)],
                [.message(bytes: 9), .close(1002)]
            )
        ]

    /// Section 4: opcodes that mean nothing.
    static let opcodes: [WebSocketCase] = [3, 4, 5, 6, 7, 11, 12, 13, 14, 15].flatMap { opcode in
        [
            WebSocketCase("4.1", "opcode \(opcode)", [webSocketFrame(opcode)], [.close(1002)]),
            WebSocketCase(
                "4.2",
                "opcode \(opcode) with payload after a message",
                [webSocketFrame(1, stars(3)), webSocketFrame(opcode, stars(5)), webSocketFrame(9)],
                [.message(bytes: 3), .close(1002)]
            ),
        ]
    }

    /// Section 5: messages in pieces, and what may stand between them.
    static let fragmentation: [WebSocketCase] = [
        WebSocketCase("5.1", "ping in pieces", [webSocketFrame(9, [1], isFinal: false)], [.close(1002)]),
        WebSocketCase("5.2", "pong in pieces", [webSocketFrame(10, [1], isFinal: false)], [.close(1002)]),
        WebSocketCase("5.2", "close in pieces", [webSocketFrame(8, [], isFinal: false)], [.close(1002)]),
        WebSocketCase(
            "5.3",
            "text in two",
            [webSocketFrame(1, stars(3), isFinal: false), webSocketFrame(0, stars(4))],
            [.message(bytes: 7)]
        ),
        WebSocketCase(
            "5.6",
            "ping between two pieces",
            [webSocketFrame(1, stars(3), isFinal: false), webSocketFrame(9, [7]), webSocketFrame(0, stars(4))],
            [.pong([7]), .message(bytes: 7)]
        ),
        WebSocketCase("5.9", "continuation of nothing", [webSocketFrame(0, stars(3))], [.close(1002)]),
        WebSocketCase(
            "5.10",
            "continuation after a whole message",
            [webSocketFrame(1, stars(2)), webSocketFrame(0, stars(3), isFinal: false)],
            [.message(bytes: 2), .close(1002)]
        ),
        WebSocketCase(
            "5.15",
            "continuation after a message in pieces",
            [
                webSocketFrame(1, stars(1), isFinal: false), webSocketFrame(0, stars(1)),
                webSocketFrame(0, stars(1), isFinal: false), webSocketFrame(1, stars(1)),
            ],
            [.message(bytes: 2), .close(1002)]
        ),
        WebSocketCase(
            "5.18",
            "text inside of text",
            [webSocketFrame(1, stars(3), isFinal: false), webSocketFrame(1, stars(3))],
            [.close(1002)]
        ),
        WebSocketCase(
            "5.18",
            "binary inside of text",
            [webSocketFrame(1, stars(3), isFinal: false), webSocketFrame(2, stars(3), isFinal: false)],
            [.close(1002)]
        ),
        WebSocketCase(
            "5.19",
            "five pieces with pings and pongs among them",
            [
                webSocketFrame(2, stars(1), isFinal: false), webSocketFrame(0, stars(2), isFinal: false),
                webSocketFrame(9, [1]), webSocketFrame(0, stars(3), isFinal: false), webSocketFrame(10, [5]),
                webSocketFrame(0, [], isFinal: false), webSocketFrame(9, [2]), webSocketFrame(0, stars(5)),
                webSocketFrame(1, stars(4)),
            ],
            [.pong([1]), .pong([2]), .message(bytes: 11), .message(bytes: 4)]
        ),
        WebSocketCase(
            "5.20",
            "a close between two pieces ends the connection",
            [webSocketFrame(1, stars(3), isFinal: false), webSocketClose(1000), webSocketFrame(0, stars(4))],
            [.close(1000)]
        ),
        WebSocketCase(
            "5.21",
            "empty pieces",
            [webSocketFrame(1, [], isFinal: false), webSocketFrame(0, [], isFinal: false), webSocketFrame(0)],
            [.message(bytes: 0)]
        ),
    ]

    /// Section 7: the end.
    static let closes: [WebSocketCase] =
        [
            WebSocketCase(
                "7.1.1",
                "a message, then close",
                [webSocketFrame(1, stars(5)), webSocketClose(1000)],
                [.message(bytes: 5), .close(1000)]
            ),
            WebSocketCase("7.1.2", "close twice", [webSocketClose(1000), webSocketClose(1000)], [.close(1000)]),
            WebSocketCase("7.1.3", "ping after close", [webSocketClose(1000), webSocketFrame(9)], [.close(1000)]),
            WebSocketCase(
                "7.1.4",
                "text after close",
                [webSocketClose(1000), webSocketFrame(1, stars(5))],
                [.close(1000)]
            ),
            WebSocketCase("7.3.1", "close without payload", [webSocketFrame(8)], [.close(0)]),
            WebSocketCase("7.3.4", "close with reason", [webSocketClose(1000, "Hello World!")], [.close(1000)]),
            WebSocketCase(
                "7.3.5",
                "close with the longest reason",
                [webSocketClose(1000, String(repeating: "*", count: 123))],
                [.close(1000)]
            ),
        ]
        + [1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999].map {
            (code: UInt16) in
            WebSocketCase("7.7", "close code \(code)", [webSocketClose(code)], [.close(Int(code))])
        }

    static let invalidCloses: [WebSocketCase] =
        [
            WebSocketCase("7.3.2", "close with one byte", [webSocketFrame(8, [3])], [.close(1002)]),
            WebSocketCase("7.3.6", "close of 126", [webSocketFrame(8, [3, 232] + stars(124))], [.close(1002)]),
            WebSocketCase(
                "7.5.1",
                "close with a reason that is not UTF-8",
                [webSocketFrame(8, [3, 232, 0xCE, 0xBA, 0xED, 0xA0, 0x80])],
                [.close(1007)]
            ),
        ]
        + [0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535].map { (code: UInt16) in
            WebSocketCase("7.9", "close code \(code)", [webSocketClose(code)], [.close(1002)])
        }

    /// Section 9 and what the protocol asks of frames beside it: lengths, masks, the limit.
    static let limits: [WebSocketCase] = [
        WebSocketCase(
            "9.0",
            "length 125 in two bytes",
            [webSocketFrame(1, stars(125), lengthBytes: 2)],
            [.close(1002)]
        ),
        WebSocketCase("9.0", "length 0 in two bytes", [webSocketFrame(1, [], lengthBytes: 2)], [.close(1002)]),
        WebSocketCase(
            "9.0",
            "length 65535 in eight bytes",
            [webSocketFrame(2, stars(65_535), lengthBytes: 8)],
            [.close(1002)]
        ),
        WebSocketCase(
            "9.0",
            "length with its highest bit",
            [[0x82, 0xFF, 0x80, 0, 0, 0, 0, 1, 0, 0, 1, 2, 3, 4]],
            [.close(1002)]
        ),
        WebSocketCase(
            "9.0",
            "length one over the limit",
            [[0x82, 0xFF, 0, 0, 0, 0, 1, 0, 0, 1, 1, 2, 3, 4]],
            [.close(1009)]
        ),
        WebSocketCase("9.0", "length of 2^62", [[0x81, 0xFF, 0x40, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4]], [.close(1009)]),
        WebSocketCase("9.0", "a frame without mask", [webSocketFrame(1, stars(5), isMasked: false)], [.close(1002)]),
        WebSocketCase("9.0", "a ping without mask", [webSocketFrame(9, [], isMasked: false)], [.close(1002)]),
        WebSocketCase("9.0", "a close without mask", [webSocketFrame(8, [3, 232], isMasked: false)], [.close(1002)]),
        WebSocketCase(
            "9.3",
            "pieces that together pass the limit",
            (0..<16).map { webSocketFrame($0 == 0 ? 2 : 0, stars(1_048_576), isFinal: false) }
                + [webSocketFrame(0, stars(1))],
            [.close(1009)]
        ),
        WebSocketCase(
            "9.4",
            "a mask of zeros",
            [webSocketFrame(1, stars(77), mask: [0, 0, 0, 0])],
            [.message(bytes: 77)]
        ),
    ]
}
