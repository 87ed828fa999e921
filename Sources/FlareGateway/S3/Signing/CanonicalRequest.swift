import FlareModel

/// A request in the one form that is signed.
///
/// https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
struct CanonicalRequest {
    let text: String

    /// - Parameters:
    ///   - path: as `canonicalPath` makes it.
    ///   - query: as `canonicalQuery` makes it.
    ///   - headers: the signed ones by name, in the order of their names, each with all its values.
    ///   - payload: what stands for the body: its digest in hexadecimal digits, or one of AWS's words.
    init(method: String, path: String, query: String, headers: [(name: String, value: String)], payload: String) {
        var text = "\(method)\n\(path)\n\(query)\n"
        for (name, value) in headers { text += "\(name):\(value)\n" }
        text += "\n" + headers.map(\.name).joined(separator: ";") + "\n" + payload
        self.text = text
    }

    /// What is signed in the end.
    ///
    /// - Parameter time: in the compact form of ISO 8601.
    func stringToSign(time: String, scope: SignatureScope) -> String {
        "AWS4-HMAC-SHA256\n\(time)\n\(scope.text)\n\(hexadecimalText(SignatureDigest.of(Array(text.utf8))))"
    }

    /// A path with each byte encoded in the one way: all but the unreserved ones and slashes, once.
    ///
    /// Neither `..` nor `//` are resolved.
    static func canonicalPath(_ raw: Substring) -> String {
        raw.isEmpty ? "/" : encode(decode(raw, plusIsSpace: false), keepsSlash: true)
    }

    /// A query with names and values encoded in the one way and sorted by their bytes.
    ///
    /// - Parameter left: the name of the parameter that is left out: a signature in the query does not sign itself.
    static func canonicalQuery(_ raw: Substring, without left: String? = nil) -> String {
        var pairs: [(name: String, value: String)] = []
        for part in raw.split(separator: "&") {
            let words = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = encode(decode(words[0], plusIsSpace: true), keepsSlash: false)
            guard name != left else { continue }
            let value = words.count == 2 ? encode(decode(words[1], plusIsSpace: true), keepsSlash: false) : ""
            pairs.append((name, value))
        }
        pairs.sort { left, right in
            left.name == right.name
                ? left.value.utf8.lexicographicallyPrecedes(right.value.utf8)
                : left.name.utf8.lexicographicallyPrecedes(right.name.utf8)
        }
        return pairs.map { "\($0.name)=\($0.value)" }.joined(separator: "&")
    }

    /// A header's value without space around it, and with single spaces within.
    static func canonicalValue(_ value: String) -> String {
        var result: [UInt8] = []
        var isPending = false
        for byte in value.utf8 {
            if byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") {
                isPending = !result.isEmpty
            } else {
                if isPending { result.append(UInt8(ascii: " ")) }
                isPending = false
                result.append(byte)
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    /// The bytes that percent encoding stands for; what is no escape is left as it is.
    private static func decode(_ text: Substring, plusIsSpace: Bool) -> [UInt8] {
        let bytes = Array(text.utf8)
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count)
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            if byte == UInt8(ascii: "%"), index + 2 < bytes.count, let high = digit(bytes[index + 1]),
                let low = digit(bytes[index + 2])
            {
                result.append(high << 4 | low)
                index += 3
                continue
            }
            result.append(plusIsSpace && byte == UInt8(ascii: "+") ? UInt8(ascii: " ") : byte)
            index += 1
        }
        return result
    }

    private static func encode(_ bytes: [UInt8], keepsSlash: Bool) -> String {
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count + 16)
        for byte in bytes {
            if isUnreserved(byte) || keepsSlash && byte == UInt8(ascii: "/") {
                result.append(byte)
            } else {
                result.append(UInt8(ascii: "%"))
                result.append(digits[Int(byte >> 4)])
                result.append(digits[Int(byte & 15)])
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    private static let digits = Array("0123456789ABCDEF".utf8)

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - 48
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - 55
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - 87
        default: nil
        }
    }

    private static func isUnreserved(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
            UInt8(ascii: "~"):
            true
        default: false
        }
    }
}
