package import FlareModel
import FoundationEssentials

/// What a caller knows of the bytes that it is about to send, to be compared with those that arrive.
package struct ObjectExpectation: Sendable {
    package var sizeBytes: Int?
    /// MD5 in hexadecimal.
    package var md5: String?
    /// Checksums that the bytes must have; one of them is kept with the object.
    package var checksums: [ChecksumAlgorithm: [UInt8]]
    /// Checksums to compute beside those: of what `trailing` may answer, or to be kept although none was announced.
    package var computes: Set<ChecksumAlgorithm>
    /// The one of them to keep whatever is announced; nil to keep one that is.
    var keeps: ChecksumAlgorithm?
    /// Checksums that are only known behind the last byte, of algorithms that `computes` names.
    package var trailing: (@Sendable () throws -> [ChecksumAlgorithm: [UInt8]])?

    package init(
        sizeBytes: Int? = nil,
        md5: String? = nil,
        checksums: [ChecksumAlgorithm: [UInt8]] = [:],
        computes: Set<ChecksumAlgorithm> = [],
        trailing: (@Sendable () throws -> [ChecksumAlgorithm: [UInt8]])? = nil
    ) {
        self.sizeBytes = sizeBytes
        self.md5 = md5
        self.checksums = checksums
        self.computes = computes
        self.trailing = trailing
    }

    /// What must be computed as the bytes pass.
    var algorithms: Set<ChecksumAlgorithm> { computes.union(checksums.keys) }

    /// Compares with what has arrived; to be called behind the last byte.
    ///
    /// Returns the checksum to keep. Throws `invalidData` when more or fewer bytes have come, `digestMismatch` when
    /// others have, and what `trailing` throws.
    package func check(
        sizeBytes arrived: Int,
        etag: String,
        checksums computed: [ChecksumAlgorithm: [UInt8]]
    ) throws -> ObjectChecksum? {
        if let sizeBytes, sizeBytes != arrived {
            throw FlareError(.invalidData, "the body ended after \(arrived) of \(sizeBytes) bytes")
        }
        if let md5, md5.lowercased() != etag {
            throw FlareError(.digestMismatch, "the body has the MD5 \(etag), not \(md5) as announced")
        }
        let announced = checksums.merging(try trailing?() ?? [:]) { $1 }
        for (algorithm, value) in announced where computed[algorithm] != value {
            let name = algorithm.rawValue
            guard let own = computed[algorithm] else {
                throw FlareError(.digestMismatch, "the body ends with a checksum \(name) that was not announced")
            }
            let (has, not) = (Data(own).base64EncodedString(), Data(value).base64EncodedString())
            throw FlareError(.digestMismatch, "the body has the \(name) \(has), not \(not) as announced")
        }
        let kept =
            keeps ?? ChecksumAlgorithm.allCases.first { announced[$0] != nil }
            ?? ChecksumAlgorithm.allCases.first { computes.contains($0) }
        return kept.flatMap { algorithm in computed[algorithm].map { ObjectChecksum(algorithm, value: $0) } }
    }
}
