import FlareModel
import FlareStore
import NIOCore

/// The name of the object that a batch becomes: `[<prefix>/]<folders>/<ULID>.ndjson`.
///
/// It depends only on the pipeline and on the batch's first record, so that a write that is tried again after a crash
/// has the same name.
struct ObjectNaming: Sendable, Hashable {
    let pipelineID: String
    let prefix: String
    let partitioning: Partitioning

    /// - Parameters:
    ///   - part: which object of the batch it is, when a transform makes several; from 0.
    ///   - prefix: another prefix than the pipeline's own.
    func name(
        key: ByteBuffer,
        firstOffset: Int64,
        firstTime: Timestamp,
        suffix: String,
        part: Int = 0,
        prefix: String? = nil
    ) -> String {
        let prefix = prefix ?? self.prefix
        var segments: [String] = prefix.isEmpty ? [] : [prefix]
        segments += partitioning.folders(key: key, at: firstTime)
        let id = ulid(key: key, firstOffset: firstOffset, firstTime: firstTime)
        segments.append(part == 0 ? "\(id).\(suffix)" : "\(id)-\(part).\(suffix)")
        return segments.joined(separator: "/")
    }

    private func ulid(key: ByteBuffer, firstOffset: Int64, firstTime: Timestamp) -> String {
        var seed = ByteBuffer(string: pipelineID)
        seed.writeInteger(firstOffset)
        seed.writeImmutableBuffer(key)
        let digest = seed.withUnsafeReadableBytes { SHA256.digest($0) }
        let high = digest[0..<2].reduce(UInt16(0)) { $0 << 8 | UInt16($1) }
        let low = digest[2..<10].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        return Identifier.ulid(at: firstTime, entropy: (high, low))
    }

    /// Percent-encodes all but RFC 3986's unreserved characters.
    static func percentEncoded(_ bytes: some Sequence<UInt8>) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var result: [UInt8] = []
        for byte in bytes {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                result.append(byte)
            default:
                result.append(contentsOf: [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]])
            }
        }
        return String(decoding: result, as: UTF8.self)
    }
}
