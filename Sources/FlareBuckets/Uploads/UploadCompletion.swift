import CFlareSystem
import FlareModel

/// A part that a client wants in its object.
package struct CompletedPart: Sendable, Hashable {
    package var number: Int
    /// As uploading the part has answered it; quotes are ignored.
    package var etag: String
    /// Compared with that of the part when both are of one algorithm.
    package var checksum: ObjectChecksum?

    package init(number: Int, etag: String, checksum: ObjectChecksum? = nil) {
        self.number = number
        self.etag = etag.replacing("\"", with: "")
        self.checksum = checksum
    }
}

/// The cause of an `invalidPart` whose parts exist but are not listed in ascending order, which S3 calls
/// `InvalidPartOrder`.
package struct PartOrderError: Error, Sendable {
    package init() {}
}

/// The rules by which parts become an object.
///
/// Pure.
struct UploadCompletion {
    /// What an object made of parts is, before it has a key.
    struct Joined {
        let size: Int
        let etag: String
        let checksum: ObjectChecksum?
        let parts: [ObjectPartRecord]
    }

    let upload: UploadRecord
    let uploaded: [UploadPartRecord]
    /// The least bytes of each part but the last.
    let partBytesMin: Int

    /// One text for each list of parts: the same list gets the same answer again.
    static func signature(_ parts: [CompletedPart]) -> String {
        let bytes = Array(parts.map { "\($0.number):\($0.etag)\n" }.joined().utf8)
        var digest = [UInt8](repeating: 0, count: 32)
        flare_sha256(bytes, bytes.count, &digest)
        return hexadecimalText(digest)
    }

    /// Throws `invalidArgument` for no parts, `invalidPart` for parts that were not uploaded or are out of order,
    /// `partTooSmall`, `bodyTooLarge`, and `digestMismatch` when the object has not the size or checksum announced.
    func join(_ wanted: [CompletedPart], expecting expectation: ObjectExpectation) throws -> Joined {
        try checkOrder(wanted)
        let byNumber = Dictionary(uniqueKeysWithValues: uploaded.map { ($0.number, $0) })
        var parts: [ObjectPartRecord] = []
        parts.reserveCapacity(wanted.count)
        let digest = MD5Digest()
        var start = 0
        for (index, want) in wanted.enumerated() {
            let part = try check(want, byNumber[want.number], isLast: index == wanted.count - 1)
            digest.update(hexadecimal: part.etag)
            let checksum = part.checksum.flatMap { $0.algorithm == upload.checksumAlgorithm ? $0.value : nil }
            parts.append(
                ObjectPartRecord(
                    number: part.number,
                    start: start,
                    size: part.size,
                    etag: part.etag,
                    checksum: checksum,
                    file: part.file
                )
            )
            start += part.size
        }
        guard start <= Limits.objectBytesMax else {
            throw FlareError(.bodyTooLarge, "an object has at most \(formatSizeBytes(Limits.objectBytesMax))")
        }
        let checksum = joinedChecksum(parts)
        try check(expectation, size: start, checksum: checksum)
        return Joined(size: start, etag: "\(digest.finish())-\(parts.count)", checksum: checksum, parts: parts)
    }

    private func checkOrder(_ wanted: [CompletedPart]) throws {
        guard let first = wanted.first else {
            throw FlareError(
                .invalidArgument,
                "no part is given for object \"\(upload.key)\"",
                hint: "an object has at least one part, which may be empty"
            )
        }
        var last = first.number
        for part in wanted.dropFirst() {
            guard part.number > last else {
                throw FlareError(
                    .invalidPart,
                    "part \(part.number) follows part \(last): parts must be in ascending order of their numbers",
                    hint: "sort the list and name each part once",
                    cause: PartOrderError()
                )
            }
            last = part.number
        }
    }

    private func check(_ want: CompletedPart, _ part: UploadPartRecord?, isLast: Bool) throws -> UploadPartRecord {
        guard let part else {
            throw FlareError(
                .invalidPart,
                "part \(want.number) of object \"\(upload.key)\" was not uploaded",
                hint: "upload it, or leave it out"
            )
        }
        guard want.etag == part.etag else {
            throw FlareError(
                .invalidPart,
                "part \(want.number) of object \"\(upload.key)\" has the etag \(part.etag), not \(want.etag)",
                hint: "the part was uploaded again: list the parts"
            )
        }
        let both = want.checksum.flatMap { wanted in part.checksum.map { (wanted: wanted, own: $0) } }
        if let (wanted, own) = both, wanted.algorithm == own.algorithm, wanted.value != own.value {
            throw FlareError(
                .invalidPart,
                "part \(want.number) of object \"\(upload.key)\" has another \(own.algorithm.rawValue) than announced"
            )
        }
        guard isLast || part.size >= partBytesMin else {
            throw FlareError(
                .partTooSmall,
                """
                part \(want.number) of object "\(upload.key)" has \(part.size) bytes: each part but the last needs at \
                least \(partBytesMin)
                """
            )
        }
        return part
    }

    private func joinedChecksum(_ parts: [ObjectPartRecord]) -> ObjectChecksum? {
        guard let algorithm = upload.checksumAlgorithm, let type = upload.checksumType else { return nil }
        let values = parts.compactMap { part in part.checksum.map { (size: part.size, checksum: $0) } }
        guard values.count == parts.count else { return nil }
        return ObjectChecksum.joining(values, algorithm, type: type)
    }

    private func check(_ expectation: ObjectExpectation, size: Int, checksum: ObjectChecksum?) throws {
        if let announced = expectation.sizeBytes, announced != size {
            throw FlareError(.digestMismatch, "the parts have \(size) bytes together, not \(announced) as announced")
        }
        for (algorithm, value) in expectation.checksums {
            guard let checksum, checksum.algorithm == algorithm else {
                throw FlareError(
                    .digestMismatch,
                    "the upload of object \"\(upload.key)\" was not begun with the checksum \(algorithm.rawValue)"
                )
            }
            guard checksum.value == value else {
                throw FlareError(
                    .digestMismatch,
                    "the object has the \(algorithm.rawValue) \(checksum.text), which is not what was announced"
                )
            }
        }
    }
}
