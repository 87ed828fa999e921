/// Section 6: text is UTF-8.
extension WebSocketCase {
    private static let greek: [UInt8] = Array("Hello-µ@ßöäüàá-UTF-8!! κόσμε 𐀀 ✓".utf8)

    static let validUTF8: [WebSocketCase] =
        [
            WebSocketCase("6.1", "empty", [webSocketFrame(1)], [.message(bytes: 0)]),
            WebSocketCase("6.2", "in one frame", [webSocketFrame(1, greek)], [.message(bytes: greek.count)]),
            WebSocketCase(
                "6.2",
                "one byte a frame, between the bytes of characters too",
                greek.enumerated().map { webSocketFrame($0 == 0 ? 1 : 0, [$1], isFinal: $0 == greek.count - 1) },
                [.message(bytes: greek.count)]
            ),
            WebSocketCase(
                "6.4",
                "bytes that are no text, as binary",
                [webSocketFrame(2, [0xCE, 0xBA, 0xED, 0xA0, 0x80])],
                [.message(bytes: 5)]
            ),
        ]
        + [
            [0x00], [0x7F], [0xC2, 0x80], [0xDF, 0xBF], [0xE0, 0xA0, 0x80], [0xEF, 0xBF, 0xBF], [0xED, 0x9F, 0xBF],
            [0xEE, 0x80, 0x80], [0xEF, 0xBF, 0xBD], [0xF0, 0x90, 0x80, 0x80], [0xF4, 0x8F, 0xBF, 0xBF],
            [0xEF, 0xBF, 0xBE], [0xF0, 0x9F, 0xBF, 0xBE], [0xEF, 0xBB, 0xBF, 0x7B, 0x7D],
        ].map { bytes in
            WebSocketCase("6.5", "the bytes \(bytes)", [webSocketFrame(1, bytes)], [.message(bytes: bytes.count)])
        }

    static let invalidUTF8: [WebSocketCase] = [
        // Continuation bytes alone, and beginnings alone.
        [0x80], [0xBF], [0x80, 0xBF, 0x80], [0xC2], [0xC2, 0x20], [0xE0, 0x20], [0xF0, 0x20], [0xFE], [0xFF],
        [0xFE, 0xFE, 0xFF, 0xFF],
        // Not the shortest form.
        [0xC0, 0xAF], [0xC1, 0xBF], [0xE0, 0x80, 0xAF], [0xE0, 0x9F, 0xBF], [0xF0, 0x80, 0x80, 0xAF],
        [0xF0, 0x8F, 0xBF, 0xBF], [0xF8, 0x88, 0x80, 0x80, 0x80], [0xFC, 0x84, 0x80, 0x80, 0x80, 0x80],
        // Surrogates and beyond the last character.
        [0xED, 0xA0, 0x80], [0xED, 0xBF, 0xBF], [0xED, 0xA0, 0x80, 0xED, 0xB0, 0x80], [0xF4, 0x90, 0x80, 0x80],
        [0xF5, 0x80, 0x80, 0x80], [0xF7, 0xBF, 0xBF, 0xBF],
    ].flatMap { bytes in
        [
            WebSocketCase("6.3", "the bytes \(bytes)", [webSocketFrame(1, bytes)], [.close(1007)]),
            WebSocketCase(
                "6.3",
                "the bytes \(bytes) in pieces, within other text",
                [
                    webSocketFrame(1, Array("{\"a\":\"κό".utf8), isFinal: false),
                    webSocketFrame(0, bytes, isFinal: false),
                    webSocketFrame(0, Array("\"}".utf8)),
                ],
                [.close(1007)]
            ),
        ]
    }

    /// A text cut at every byte: valid only between characters.
    static let cutUTF8: [WebSocketCase] = (1..<greek.count).map { end in
        let text = Array(greek[..<end])
        let isValid = String(validating: text, as: UTF8.self) != nil
        return WebSocketCase(
            "6.6",
            "cut after \(end) bytes",
            [webSocketFrame(1, text)],
            [isValid ? .message(bytes: end) : .close(1007)]
        )
    }
}
