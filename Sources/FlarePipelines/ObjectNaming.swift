import FlareModel
import FlareStore
import NIOCore

/// The name of the object that a batch becomes: `[<prefix>/][<key>=<value>/]event_date=YYYY-MM-DD/hr=HH/<ULID>.ndjson`.
///
/// It depends only on the pipeline and on the batch's first record, so that a write that is tried again after a crash
/// has the same name.
struct ObjectNaming: Sendable, Hashable {
    let pipelineID: String
    let prefix: String
    /// The JSON key's label, or nil when records are not told apart.
    let keyLabel: String?
    let compression: PipelineCompression

    func name(of batch: Batcher.Batch) -> String {
        name(key: batch.key, firstOffset: batch.firstOffset, firstTime: batch.firstTime)
    }

    func name(key: ByteBuffer, firstOffset: Int64, firstTime: Timestamp) -> String {
        // RFC 3339 in UTC: 2013-01-01T05:17:00.000Z
        let time = Array(firstTime.text.utf8)
        let date = String(decoding: time[0..<10], as: UTF8.self)
        let hour = String(decoding: time[11..<13], as: UTF8.self)
        var segments: [String] = prefix.isEmpty ? [] : [prefix]
        if let keyLabel {
            segments.append("\(Self.percentEncoded(keyLabel.utf8))=\(Self.percentEncoded(key.readableBytesView))")
        }
        segments.append("event_date=\(date)")
        segments.append("hr=\(hour)")
        segments.append(ulid(key: key, firstOffset: firstOffset, firstTime: firstTime) + ".ndjson" + compression.suffix)
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
