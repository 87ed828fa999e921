/// Makes the ids of flare's things.
///
/// Random ones by the system's generator.
package enum Identifier {
    /// 32 lower-case hexadecimal digits (128 random bits), the shape of Cloudflare's resource ids.
    package static func hexadecimal() -> String {
        hexadecimalText(randomBytes())
    }

    /// A UUID (version 4) in lower case, the shape of Cloudflare's workflow, instance and version ids.
    package static func uuid() -> String {
        var bytes = randomBytes()
        bytes[6] = bytes[6] & 0x0F | 0x40
        bytes[8] = bytes[8] & 0x3F | 0x80
        let text = hexadecimalText(bytes)
        var result = ""
        for (index, character) in text.enumerated() {
            if [8, 12, 16, 20].contains(index) { result.append("-") }
            result.append(character)
        }
        return result
    }

    /// A ULID, 26 characters that sort by time.
    ///
    /// 48 bits of time in milliseconds and 80 of `entropy`. The same time and
    /// entropy give the same id, so that a retried write has the same name. https://github.com/ulid/spec
    package static func ulid(at time: Timestamp, entropy: (UInt16, UInt64)) -> String {
        let alphabet = Array("0123456789ABCDEFGHJKMNPQRSTVWXYZ".utf8)
        let high = UInt64(bitPattern: time.milliseconds) << 16 | UInt64(entropy.0)
        let value = UInt128(high) << 64 | UInt128(entropy.1)
        let characters = (0..<26).map { alphabet[Int(truncatingIfNeeded: value >> UInt128((25 - $0) * 5)) & 31] }
        return String(decoding: characters, as: UTF8.self)
    }

    /// 16 random bytes.
    ///
    /// Each random number is a call of the system, whatever its width.
    private static func randomBytes() -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: 16) { bytes, count in
            for start in [0, 8] {
                var rest = UInt64.random(in: .min ... .max)
                for index in start..<start + 8 {
                    bytes[index] = UInt8(truncatingIfNeeded: rest)
                    rest >>= 8
                }
            }
            count = 16
        }
    }

    /// A ULID with random entropy.
    package static func ulid(at time: Timestamp) -> String {
        ulid(at: time, entropy: (UInt16.random(in: .min ... .max), UInt64.random(in: .min ... .max)))
    }
}

/// Lower-case hexadecimal digits of bytes.
package func hexadecimalText(_ bytes: some Sequence<UInt8>) -> String {
    let digits = Array("0123456789abcdef".utf8)
    return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
}
