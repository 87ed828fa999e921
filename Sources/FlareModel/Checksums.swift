/// The checksums that S3 clients send with bytes, beside MD5.
package enum ChecksumAlgorithm: String, Codable, Sendable, CaseIterable {
    case crc32 = "CRC32"
    case crc32c = "CRC32C"
    case crc64nvme = "CRC64NVME"
    case sha1 = "SHA1"
    case sha256 = "SHA256"

    /// The length of a value in bytes.
    package var sizeBytes: Int {
        switch self {
        case .crc32, .crc32c: 4
        case .crc64nvme: 8
        case .sha1: 20
        case .sha256: 32
        }
    }

    /// Whether the checksum of a whole can be made of those of its parts.
    package var canBeCombined: Bool {
        switch self {
        case .crc32, .crc32c, .crc64nvme: true
        case .sha1, .sha256: false
        }
    }
}

/// What the checksum of an object made of parts is about.
package enum ChecksumType: String, Codable, Sendable, CaseIterable {
    /// All bytes, as if they had come at once.
    case fullObject = "FULL_OBJECT"
    /// The checksums of the parts, one after the other.
    case composite = "COMPOSITE"
}
