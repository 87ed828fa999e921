import CFlareSystem
import FlareModel
import NIOCore

/// One of S3's checksums over bytes as they pass.
final class ChecksumDigest {
    private enum State {
        case crc32(UInt32)
        case crc32c(UInt32)
        case crc64nvme(UInt64)
        /// SHA-1 or SHA-256, until it is finished.
        case sha(OpaquePointer, sizeBytes: Int)
        case finished
    }

    private var state: State

    init(_ algorithm: ChecksumAlgorithm) {
        func sha(_ begun: OpaquePointer?) -> State {
            guard let begun else { preconditionFailure("libcrypto offers no \(algorithm.rawValue)") }
            return .sha(begun, sizeBytes: algorithm.sizeBytes)
        }
        state =
            switch algorithm {
            case .crc32: .crc32(0)
            case .crc32c: .crc32c(0)
            case .crc64nvme: .crc64nvme(0)
            case .sha1: sha(flare_sha1_begin())
            case .sha256: sha(flare_sha256_begin())
            }
    }

    deinit {
        if case .sha(let pointer, _) = state { flare_sha_discard(pointer) }
    }

    func update(_ bytes: ByteBufferView) {
        bytes.withUnsafeBytes { update($0) }
    }

    func update(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { update($0) }
    }

    private func update(_ bytes: UnsafeRawBufferPointer) {
        switch state {
        case .crc32(let crc): state = .crc32(flare_crc32(crc, bytes.baseAddress, bytes.count))
        case .crc32c(let crc): state = .crc32c(flare_crc32c(crc, bytes.baseAddress, bytes.count))
        case .crc64nvme(let crc): state = .crc64nvme(flare_crc64nvme(crc, bytes.baseAddress, bytes.count))
        case .sha(let pointer, _): flare_sha_update(pointer, bytes.baseAddress, bytes.count)
        case .finished: preconditionFailure("a checksum is finished once")
        }
    }

    /// The value, the most significant byte first.
    ///
    /// Ends the computation: may be called once.
    func finish() -> [UInt8] {
        defer { state = .finished }
        switch state {
        case .crc32(let crc), .crc32c(let crc): return Self.bytes(crc)
        case .crc64nvme(let crc): return Self.bytes(crc)
        case .sha(let pointer, let sizeBytes):
            var digest = [UInt8](repeating: 0, count: sizeBytes)
            flare_sha_finish(pointer, &digest)
            return digest
        case .finished: preconditionFailure("a checksum is finished once")
        }
    }

    /// The checksum of bytes followed by `secondBytes` others, from the checksums of both; only for those that
    /// `canBeCombined`.
    static func combine(
        _ first: [UInt8],
        _ second: [UInt8],
        secondBytes: Int,
        _ algorithm: ChecksumAlgorithm
    ) -> [UInt8] {
        let (one, two, length) = (number(first), number(second), UInt64(secondBytes))
        return switch algorithm {
        case .crc32: bytes(flare_crc32_combine(UInt32(one), UInt32(two), length))
        case .crc32c: bytes(flare_crc32c_combine(UInt32(one), UInt32(two), length))
        case .crc64nvme: bytes(flare_crc64nvme_combine(one, two, length))
        case .sha1, .sha256: preconditionFailure("\(algorithm.rawValue) of a whole cannot be made of its parts'")
        }
    }

    private static func bytes(_ value: some FixedWidthInteger) -> [UInt8] {
        withUnsafeBytes(of: value.bigEndian) { Array($0) }
    }

    private static func number(_ bytes: [UInt8]) -> UInt64 {
        bytes.reduce(0) { $0 << 8 | UInt64($1) }
    }
}
