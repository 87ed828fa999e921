import CFlareSystem

/// SHA-256, for names that must come out the same again.
enum SHA256 {
    static func digest(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: 32) { digest, count in
            if let base = digest.baseAddress { flare_sha256(bytes.baseAddress, bytes.count, base) }
            count = 32
        }
    }
}
