import CFlareProcess

/// An MD5 that grows with the bytes: what the etag of an object is compared with.
struct MD5: Sendable {
    private var state = flare_etag()

    init() {
        flare_etag_begin(&state)
    }

    mutating func update(_ bytes: UnsafeRawBufferPointer) {
        flare_etag_update(&state, bytes.baseAddress, bytes.count)
    }

    mutating func update(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { update($0) }
    }

    /// The 16 bytes of the digest so far.
    var digest: [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 16)
        withUnsafePointer(to: state) { flare_etag_end($0, &bytes) }
        return bytes
    }

    static func digest(_ bytes: [UInt8]) -> [UInt8] {
        var md5 = MD5()
        md5.update(bytes)
        return md5.digest
    }
}
