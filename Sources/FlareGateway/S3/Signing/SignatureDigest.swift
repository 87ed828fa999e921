import CFlareSystem
import FlareModel
import NIOCore

/// SHA-256 over bytes as they pass; begins anew each time that it is finished.
final class SignatureDigest {
    private let state: OpaquePointer

    init() {
        guard let state = flare_signature_digest_begin() else { preconditionFailure("libcrypto offers no SHA-256") }
        self.state = state
    }

    deinit {
        flare_signature_digest_free(state)
    }

    func update(_ bytes: ByteBuffer) {
        bytes.withUnsafeReadableBytes { flare_signature_digest_update(state, $0.baseAddress, $0.count) }
    }

    func update(_ bytes: [UInt8]) {
        flare_signature_digest_update(state, bytes, bytes.count)
    }

    /// 32 bytes.
    func finish() -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: 32) { buffer, count in
            guard let base = buffer.baseAddress else { return }
            flare_signature_digest_finish(state, base)
            count = 32
        }
    }

    /// The digest of all of some bytes.
    static func of(_ bytes: [UInt8]) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: 32) { buffer, count in
            guard let base = buffer.baseAddress else { return }
            flare_sha256(bytes, bytes.count, base)
            count = 32
        }
    }
}

/// Whether two texts are the same bytes, in a time that tells nothing of where they differ.
func isEqualInConstantTime(_ left: String, _ right: String) -> Bool {
    let (left, right) = (Array(left.utf8), Array(right.utf8))
    return left.count == right.count && flare_is_equal_in_constant_time(left, right, left.count)
}
