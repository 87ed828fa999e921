/// Records as a web shop would send them, all of one length, with escapes and nesting.
enum SampleRecords {
    /// Records of about 300 bytes, that do not repeat and compress as such events do: about seven to one.
    ///
    /// - Parameter keys: how many values of `.merchantId` there are.
    static func shop(_ count: Int, keys: Int = 20) -> [[UInt8]] {
        (0..<count).map { index in
            let noise = noise(index)
            let user = 1_000_000 + noise % 9_000_000
            let product = 1_000_000 + (noise >> 20) % 9_000_000
            let milliseconds = 100 + (noise >> 40) % 900
            let session = String(noise | 1 << 63, radix: 16)
            return Array(
                """
                {"merchantId":"m-\(1_000 + index % keys)","event":"page_view","ts":"2024-04-01T12:00:00.\
                \(100 + index % 900)Z","user":{"id":\(user),"name":"J\\u00fcrgen \\"J\\" O'Neil",\
                "tags":["a","b"]},"session":"\(session)","page":{"url":"https://shop.example/p/\(product)?q=%20x",\
                "referrer":null,"ms":\(milliseconds).25},"ok":true,"note":"line one\\nline two, and more"}
                """.utf8
            )
        }
    }

    /// The same number for the same index, without a pattern (SplitMix64).
    private static func noise(_ index: Int) -> UInt64 {
        var value = UInt64(index + 1) &* 0x9E37_79B9_7F4A_7C15
        value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
        return value ^ value >> 31
    }

    /// Records of exactly 128 bytes.
    static func small(_ count: Int) -> [[UInt8]] {
        (0..<count).map { index in
            let start = """
                {"id":\(1_000_000 + index % 9_000_000),"event":"page_view",\
                "merchantId":"m-\(1_000 + index % 20)","note":"
                """
            let filler = String(repeating: "x", count: max(0, 126 - start.utf8.count))
            return Array((start + filler + "\"}").utf8)
        }
    }

    /// JSON arrays of the records, so many in each.
    static func arrays(of records: [[UInt8]], each: Int) -> [[UInt8]] {
        stride(from: 0, to: records.count - each + 1, by: each).map { start in
            Array("[".utf8) + Array(records[start..<start + each].joined(separator: [UInt8(ascii: ",")]))
                + Array("]".utf8)
        }
    }
}
