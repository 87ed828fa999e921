package import FlareModel
import FlareStore
package import NIOCore

/// Uploads in parts: each part is durable when it is answered, and the object appears when the upload is completed.
extension BucketService {
    /// Begins an upload.
    ///
    /// `checksum` is what the object shall have; it is computed of every part then.
    /// Throws `bucketNotFound`, or `invalidArgument` for a bad key or metadata, or a checksum that cannot be made.
    package func createUpload(
        _ key: String,
        in bucket: String,
        metadata: ObjectMetadata = ObjectMetadata(),
        checksum: (ChecksumAlgorithm, ChecksumType)? = nil
    ) async throws -> UploadRecord {
        try ObjectKey.validate(key)
        try metadata.validate()
        if let (algorithm, type) = checksum {
            let isPossible = type == .composite ? algorithm != .crc64nvme : algorithm.canBeCombined
            guard isPossible else {
                throw FlareError(
                    .invalidArgument,
                    "an object made of parts has no checksum \(algorithm.rawValue) of type \(type.rawValue)",
                    hint: "SHA checksums are COMPOSITE, CRC64NVME is FULL_OBJECT, CRC32 and CRC32C are either"
                )
            }
        }
        let now = time.now()
        return try await database.write { tx in
            _ = try BucketRecord.require(bucket, in: tx)
            let upload = UploadRecord(
                id: Identifier.ulid(at: now),
                bucket: bucket,
                key: key,
                createdAt: now,
                metadata: try metadata.settled(in: bucket, tx),
                checksum: checksum
            )
            try upload.insert(in: tx)
            return upload
        }
    }

    /// Writes a part, in place of an older one with its number.
    ///
    /// Throws `uploadNotFound`, `invalidArgument` for a bad number, `bodyTooLarge`, `invalidData`, `digestMismatch`,
    /// `interrupted` or `diskFull`; nothing is changed then.
    package func uploadPart<Body: AsyncSequence & Sendable>(
        _ number: Int,
        of uploadID: String,
        key: String? = nil,
        in bucket: String,
        _ body: Body,
        expecting expectation: ObjectExpectation = ObjectExpectation()
    ) async throws -> UploadPartRecord where Body.Element == ByteBuffer {
        try Self.check(part: number)
        let upload = try await upload(uploadID, key: key, in: bucket)
        var expectation = expectation
        if let algorithm = upload.checksumAlgorithm {
            // That of the object is made of these, whatever else the client compares.
            expectation.computes.insert(algorithm)
            expectation.keeps = algorithm
        }
        let staged = try await stage(body, in: .file, expecting: expectation)
        let now = time.now()
        do {
            return try await database.write { tx in
                try self.write(staged, as: number, of: upload, at: now, in: tx)
            }
        } catch {
            await discard(staged)
            throw error
        }
    }

    /// Writes a part with bytes of an object.
    ///
    /// Throws as `uploadPart` and `copy` do, and `rangeNotSatisfiable` when the source lacks some of the bytes.
    package func uploadPartCopy(
        _ number: Int,
        of uploadID: String,
        key: String? = nil,
        in bucket: String,
        from source: ObjectSource,
        range: ObjectRange? = nil
    ) async throws -> UploadPartRecord {
        _ = try await upload(uploadID, key: key, in: bucket)
        switch try await get(source.key, in: source.bucket, onlyIf: source.onlyIf, range: range) {
        case nil:
            throw Self.objectNotFound(source.key, in: source.bucket)
        case .notModified, .conditionFailed:
            throw source.conditionFailed
        case .rangeNotSatisfiable(let record):
            throw FlareError(
                .rangeNotSatisfiable,
                "object \"\(source.key)\" has \(record.size) bytes, none of them in the range"
            )
        case .contents(let contents):
            if case .from(let offset, let length?) = range, length != contents.range.count {
                throw FlareError(
                    .rangeNotSatisfiable,
                    "object \"\(source.key)\" has \(contents.record.size) bytes, not \(length) from \(offset) on"
                )
            }
            return try await uploadPart(number, of: uploadID, key: key, in: bucket, contents.bytes)
        }
    }

    /// One page of the parts of an open upload, those with greater numbers than `number`.
    ///
    /// Throws `uploadNotFound`, or `invalidArgument` for a bad limit.
    package func listParts(
        of uploadID: String,
        key: String? = nil,
        in bucket: String,
        after number: Int = 0,
        limit: Int = Limits.objectListMax
    ) async throws -> (upload: UploadRecord, parts: [UploadPartRecord], isTruncated: Bool) {
        try ObjectListRequest.check(limit: limit)
        return try await database.read { tx in
            let upload = try Self.requireOpen(uploadID, key: key, in: bucket, tx)
            let parts = try UploadPartRecord.parts(of: upload.id, after: number, limit: limit + 1, in: tx)
            return (upload, Array(parts.prefix(limit)), parts.count > limit)
        }
    }

    /// One page of the open uploads of a bucket.
    ///
    /// Throws `bucketNotFound`, or `invalidArgument` for a bad limit.
    package func listUploads(
        in bucket: String,
        prefix: String = "",
        delimiter: String? = nil,
        keyMarker: String? = nil,
        uploadIDMarker: String? = nil,
        limit: Int = Limits.objectListMax
    ) async throws -> UploadList {
        let request = UploadListRequest(
            prefix: prefix,
            delimiter: delimiter,
            keyMarker: keyMarker,
            uploadIDMarker: uploadIDMarker,
            limit: limit
        )
        return try await database.read { tx in
            _ = try BucketRecord.require(bucket, in: tx)
            return try request.page { try UploadRecord.page(from: $0, in: bucket, limit: $1, tx) }
        }
    }

    /// Ends an upload without an object; its parts go.
    ///
    /// A part that is being uploaded now fails with `uploadNotFound`. Throws that too when there is no such upload.
    package func abortUpload(_ uploadID: String, key: String? = nil, in bucket: String) async throws {
        try await database.write { tx in
            try self.abort(try Self.requireOpen(uploadID, key: key, in: bucket, tx), in: tx)
        }
    }

    /// Ends an open upload without an object, within a transaction.
    func abort(_ upload: UploadRecord, in tx: Transaction) throws {
        retire(try UploadPartRecord.delete(upload: upload.id, in: tx), after: tx)
        try upload.delete(in: tx)
    }

    /// An open upload, or `uploadNotFound`.
    static func requireOpen(_ id: String, key: String?, in bucket: String, _ tx: Transaction) throws -> UploadRecord {
        let upload = try requireUpload(id, key: key, in: bucket, tx)
        guard upload.answer == nil else { throw uploadNotFound(id, in: bucket, wasCompleted: true) }
        return upload
    }

    /// An upload, which may have been completed, or `uploadNotFound`.
    static func requireUpload(_ id: String, key: String?, in bucket: String, _ tx: Transaction) throws -> UploadRecord {
        guard let upload = try UploadRecord.find(id, in: tx), upload.bucket == bucket,
            key.map({ $0.hasSameBytes(as: upload.key) }) ?? true
        else {
            _ = try BucketRecord.require(bucket, in: tx)
            throw uploadNotFound(id, in: bucket, wasCompleted: false)
        }
        return upload
    }

    private static func uploadNotFound(_ id: String, in bucket: String, wasCompleted: Bool) -> FlareError {
        FlareError(
            .uploadNotFound,
            wasCompleted
                ? "upload \"\(id)\" in bucket \"\(bucket)\" was completed"
                : "upload \"\(id)\" not found in bucket \"\(bucket)\": it may have been completed or aborted",
            hint: "begin a new upload"
        )
    }

    private func upload(_ id: String, key: String?, in bucket: String) async throws -> UploadRecord {
        try await database.read { try Self.requireOpen(id, key: key, in: bucket, $0) }
    }

    private func write(
        _ staged: StagedObject,
        as number: Int,
        of upload: UploadRecord,
        at now: Timestamp,
        in tx: Transaction
    ) throws -> UploadPartRecord {
        // Once more: the upload may have ended while the part came.
        _ = try Self.requireOpen(upload.id, key: nil, in: upload.bucket, tx)
        let older = try UploadPartRecord.find(number, of: upload.id, in: tx)
        let part = UploadPartRecord(staged, number: number, file: staged.version, uploadedAt: now)
        try part.upsert(upload: upload.id, in: tx)
        tx.afterCommit { [sweeper] in
            sweeper.release(part.file)
            if let older { sweeper.retire(older.file) }
        }
        return part
    }

    private static func check(part number: Int) throws {
        guard (1...Limits.uploadPartsMax).contains(number) else {
            throw FlareError(
                .invalidArgument,
                "a part of an upload has a number from 1 to \(Limits.uploadPartsMax), not \(number)"
            )
        }
    }
}
