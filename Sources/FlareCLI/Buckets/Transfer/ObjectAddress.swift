import FlareModel

/// A bucket with a key or the beginning of keys, in one word: `flare://bucket/key`.
struct ObjectAddress: Sendable, Hashable, CustomStringConvertible {
    static let scheme = "flare://"

    let bucket: String
    /// Empty for all of the bucket.
    let key: String

    var description: String { "\(Self.scheme)\(bucket)/\(key)" }

    /// The beginning of the keys below the address, taken as a folder: empty, or with a final slash.
    var folder: String { key.isEmpty || key.endsWithSlash ? key : key + "/" }

    /// Reads `flare://bucket/key`, and `bucket/key` unless `needsScheme`; nil when the word is a path of a file.
    ///
    /// Throws `invalidArgument` for an address that names no bucket.
    init?(_ text: String, needsScheme: Bool) throws {
        let hasScheme = text.hasPrefix(Self.scheme)
        guard hasScheme || !needsScheme else {
            if text.hasPrefix("s3://") || text.hasPrefix("gs://") || text.hasPrefix("r2://") {
                let rest = text.drop { $0 != ":" }.dropFirst(3)
                throw FlareError(.invalidArgument, "\"\(text)\" is no address", hint: "write \(Self.scheme)\(rest)")
            }
            return nil
        }
        let rest = hasScheme ? text.dropFirst(Self.scheme.count) : text[...]
        let name = rest.utf8.prefix { $0 != UInt8(ascii: "/") }
        bucket = String(decoding: name, as: UTF8.self)
        key = rest.droppingBytes(name.count + 1)
        guard !bucket.isEmpty else {
            throw FlareError(.invalidArgument, "\"\(text)\" names no bucket", hint: "write \(Self.scheme)BUCKET/KEY")
        }
    }

    init(bucket: String, key: String) {
        self.bucket = bucket
        self.key = key
    }
}
