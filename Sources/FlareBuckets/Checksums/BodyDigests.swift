package import FlareModel
package import NIOCore

/// MD5 and what other checksums are wanted of a body, all in one pass.
package final class BodyDigests {
    private let md5 = MD5Digest()
    private let others: [ChecksumAlgorithm: ChecksumDigest]

    package init(_ algorithms: Set<ChecksumAlgorithm>) {
        others = Dictionary(uniqueKeysWithValues: algorithms.map { ($0, ChecksumDigest($0)) })
    }

    package func update(_ bytes: ByteBuffer) {
        md5.update(bytes.readableBytesView)
        for digest in others.values { digest.update(bytes.readableBytesView) }
    }

    /// MD5 in hexadecimal, and the other checksums.
    ///
    /// May be called once.
    package func finish() -> (etag: String, checksums: [ChecksumAlgorithm: [UInt8]]) {
        (md5.finish(), others.mapValues { $0.finish() })
    }
}
