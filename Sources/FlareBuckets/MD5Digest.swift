import CFlareSystem
import FlareModel
import NIOCore

/// MD5 over bytes as they pass.
///
/// Not for secrets: it is what R2 and S3 use as etag.
final class MD5Digest {
    private let state: OpaquePointer
    private var isFinished = false

    init() {
        guard let state = flare_md5_begin() else { preconditionFailure("libcrypto offers no MD5") }
        self.state = state
    }

    deinit {
        if !isFinished { flare_md5_discard(state) }
    }

    func update(_ bytes: ByteBufferView) {
        bytes.withUnsafeBytes { flare_md5_update(state, $0.baseAddress, $0.count) }
    }

    /// The digest as 32 hexadecimal digits.
    ///
    /// Ends the computation: may be called once.
    func finish() -> String {
        precondition(!isFinished, "an MD5 digest is finished once")
        isFinished = true
        var digest = [UInt8](repeating: 0, count: 16)
        flare_md5_finish(state, &digest)
        return hexadecimalText(digest)
    }
}
