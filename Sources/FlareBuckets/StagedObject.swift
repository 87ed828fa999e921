import FlareModel

/// Bytes that wait to become an object: durable in a file, or small and held in memory.
///
/// Not visible to anybody yet.
///
/// Ends in `BucketService.commit` or `BucketService.discard`. After a crash neither is needed: a file without a row is
/// deleted when the engine starts.
package struct StagedObject: Sendable {
    enum Contents: Sendable {
        case inline([UInt8])
        /// In the file whose id is the version.
        case file
    }

    /// Version of the object to be, 32 hexadecimal digits.
    package let version: String
    /// In bytes.
    package let size: Int
    /// MD5 in hexadecimal.
    package let etag: String
    let contents: Contents

    /// The id of the file that holds the bytes.
    var file: String? {
        if case .file = contents { version } else { nil }
    }

    /// The bytes, when no file holds them.
    var inline: [UInt8]? {
        if case .inline(let bytes) = contents { bytes } else { nil }
    }
}

/// What a caller knows of the bytes that it is about to send, to be compared with those that arrive.
package struct ObjectExpectation: Sendable, Hashable {
    package var sizeBytes: Int?
    /// MD5 in hexadecimal.
    package var md5: String?

    package init(sizeBytes: Int? = nil, md5: String? = nil) {
        self.sizeBytes = sizeBytes
        self.md5 = md5
    }

    /// Throws `invalidData` when other bytes have arrived.
    func check(_ staged: StagedObject) throws {
        if let sizeBytes, sizeBytes != staged.size {
            throw FlareError(.invalidData, "the body ended after \(staged.size) of \(sizeBytes) bytes")
        }
        if let md5, md5.lowercased() != staged.etag {
            throw FlareError(.invalidData, "the body has the MD5 \(staged.etag), not \(md5) as announced")
        }
    }
}
