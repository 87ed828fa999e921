import CFlareProcess
import FlareModel
import NIOCore

/// MD5 over bytes as they pass.
///
/// Not for secrets: it is what R2 and S3 use as etag.
final class MD5Digest {
    private var state = flare_etag()

    init() {
        flare_etag_begin(&state)
    }

    func update(_ bytes: ByteBufferView) {
        bytes.withUnsafeBytes { flare_etag_update(&state, $0.baseAddress, $0.count) }
    }

    /// Takes the bytes that hexadecimal digits stand for.
    func update(hexadecimal text: String) {
        let bytes = hexadecimalBytes(text)
        flare_etag_update(&state, bytes, bytes.count)
    }

    /// The digest so far as 32 hexadecimal digits.
    func finish() -> String {
        var digest = [UInt8](repeating: 0, count: 16)
        flare_etag_end(&state, &digest)
        return hexadecimalText(digest)
    }
}

/// The bytes that lower-case hexadecimal digits of flare's own stand for.
func hexadecimalBytes(_ text: String) -> [UInt8] {
    let digits = text.utf8.map { $0 >= UInt8(ascii: "a") ? $0 - UInt8(ascii: "a") + 10 : $0 & 15 }
    return stride(from: 0, to: digits.count - 1, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
}
