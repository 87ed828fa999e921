package import FlareModel
import FoundationEssentials

/// A checksum that is kept with an object or a part of an upload, beside the MD5 of its etag.
package struct ObjectChecksum: Sendable, Hashable {
    package var algorithm: ChecksumAlgorithm
    package var type: ChecksumType
    package var value: [UInt8]
    /// Of how many parts' checksums a composite one is made; nil otherwise.
    package var parts: Int?

    package init(_ algorithm: ChecksumAlgorithm, type: ChecksumType = .fullObject, value: [UInt8], parts: Int? = nil) {
        self.algorithm = algorithm
        self.type = type
        self.value = value
        self.parts = parts
    }

    /// The value as S3's headers write it: base64, and for a composite one the number of its parts.
    package var text: String {
        Data(value).base64EncodedString() + (parts.map { "-\($0)" } ?? "")
    }

    /// The checksum of an object from those of its parts in their order; nil when it cannot be made of them.
    static func joining(
        _ parts: [(size: Int, checksum: [UInt8])],
        _ algorithm: ChecksumAlgorithm,
        type: ChecksumType
    ) -> ObjectChecksum? {
        switch type {
        case .composite:
            let digest = ChecksumDigest(algorithm)
            for part in parts { digest.update(part.checksum) }
            return ObjectChecksum(algorithm, type: .composite, value: digest.finish(), parts: parts.count)
        case .fullObject:
            guard algorithm.canBeCombined, let first = parts.first else { return nil }
            let value = parts.dropFirst().reduce(first.checksum) {
                ChecksumDigest.combine($0, $1.checksum, secondBytes: $1.size, algorithm)
            }
            return ObjectChecksum(algorithm, value: value)
        }
    }
}

extension ChecksumBody {
    package init(_ checksum: ObjectChecksum) {
        self.init(algorithm: checksum.algorithm, type: checksum.type, value: checksum.text)
    }
}
