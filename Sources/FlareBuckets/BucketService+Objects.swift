package import FlareModel
import FlareStore
package import NIOCore

extension BucketService {
    /// How often a read looks again when the object it has found is replaced before its file is open.
    private static let readAttempts = 10

    /// Writes an object from pieces as they arrive; visible and durable, with the messages about it, on return.
    ///
    /// Nil when the conditions did not hold. Throws `bucketNotFound`, `invalidArgument` for a bad key or metadata,
    /// `invalidData` when other bytes came than were announced, `diskFull`; nothing is changed then.
    package func put<Body: AsyncSequence & Sendable>(
        _ key: String,
        in bucket: String,
        _ body: Body,
        metadata: ObjectMetadata = ObjectMetadata(),
        onlyIf conditions: ObjectConditions? = nil,
        expecting expectation: ObjectExpectation = ObjectExpectation()
    ) async throws -> ObjectRecord? where Body.Element == ByteBuffer {
        try ObjectKey.validate(key)
        try metadata.validate()
        // Before the body is read: a write into a bucket that is not there should not cost an upload.
        _ = try await get(bucket)
        let staged = try await stage(body)
        do {
            try expectation.check(staged)
            let record = try await finish(staged, key, in: bucket, metadata, onlyIf: conditions)
            if record == nil { await discard(staged) }
            return record
        } catch {
            await discard(staged)
            throw error
        }
    }

    /// Writes an object whose bytes are in memory.
    package func put(
        _ key: String,
        in bucket: String,
        bytes: ByteBuffer,
        metadata: ObjectMetadata = ObjectMetadata(),
        onlyIf conditions: ObjectConditions? = nil,
        expecting expectation: ObjectExpectation = ObjectExpectation()
    ) async throws -> ObjectRecord? {
        try await put(
            key,
            in: bucket,
            SingleBuffer(bytes: bytes),
            metadata: metadata,
            onlyIf: conditions,
            expecting: expectation
        )
    }

    /// What is known of an object; nil when there is none.
    ///
    /// Throws `bucketNotFound`.
    package func head(_ key: String, in bucket: String) async throws -> ObjectRecord? {
        try ObjectKey.validate(key)
        return try await database.read { tx in
            if let record = try ObjectRecord.find(key, in: bucket, tx) { return record }
            _ = try BucketRecord.require(bucket, in: tx)
            return nil
        }
    }

    /// Reads an object or a part of it; nil when there is none.
    ///
    /// Throws `bucketNotFound`.
    package func get(
        _ key: String,
        in bucket: String,
        onlyIf conditions: ObjectConditions? = nil,
        range: ObjectRange? = nil
    ) async throws -> ObjectRead? {
        try ObjectKey.validate(key)
        var attempt = 0
        while true {
            attempt += 1
            let found = try await database.read { tx -> (record: ObjectRecord, inline: [UInt8]?)? in
                guard let record = try ObjectRecord.find(key, in: bucket, tx) else {
                    _ = try BucketRecord.require(bucket, in: tx)
                    return nil
                }
                return (record, record.file == nil ? try ObjectRecord.inlineBytes(key, in: bucket, tx) : nil)
            }
            guard let (record, inline) = found else { return nil }
            switch conditions?.evaluate(etag: record.etag, uploaded: record.uploadedAt) ?? .holds {
            case .holds: break
            case .notModified: return .notModified(record)
            case .failed: return .conditionFailed(record)
            }
            guard let range = range.map({ $0.resolve(size: record.size) }) ?? 0..<record.size else {
                return .rangeNotSatisfiable(record)
            }
            do {
                let bytes = try await open(record, inline: inline, range: range)
                return .contents(ObjectContents(record: record, range: range, bytes: bytes))
            } catch let error as FlareError where error.code == .objectNotFound {
                guard attempt < Self.readAttempts else {
                    throw FlareError(
                        .corruptStore,
                        "the bytes of object \"\(key)\" in bucket \"\(bucket)\" are missing",
                        hint: "restore the directory \"objects\" of the state from a backup",
                        cause: error
                    )
                }
            }
        }
    }

    /// The whole of an object in memory; throws `objectNotFound`, or `bodyTooLarge` past `max` bytes.
    package func bytes(_ key: String, in bucket: String, max: Int = Limits.bodyBytesMax) async throws -> ByteBuffer {
        guard case .contents(let contents) = try await get(key, in: bucket) else {
            throw Self.objectNotFound(key, in: bucket)
        }
        guard contents.record.size <= max else {
            throw FlareError(.bodyTooLarge, "object \"\(key)\" is larger than \(formatSizeBytes(max))")
        }
        return try await contents.bytes.collect()
    }

    /// Deletes objects, with the messages about them, in one transaction.
    ///
    /// Returns the keys that existed. Throws `bucketNotFound`, or `invalidArgument` for more than
    /// `Limits.objectListMax` keys.
    @discardableResult
    package func delete(_ keys: [String], in bucket: String) async throws -> [String] {
        guard keys.count <= Limits.objectListMax else {
            throw FlareError(.invalidArgument, "at most \(Limits.objectListMax) objects are deleted at once")
        }
        for key in keys { try ObjectKey.validate(key) }
        let now = time.now()
        return try await database.write { tx in
            _ = try BucketRecord.require(bucket, in: tx)
            var deleted: [String] = []
            for key in keys {
                guard let record = try ObjectRecord.find(key, in: bucket, tx) else { continue }
                try record.delete(in: tx)
                try BucketRecord.count(bucket, from: record, to: nil, in: tx)
                try self.notify(.deleteObject, of: record, at: now, in: tx)
                if let file = record.file { tx.afterCommit { [sweeper = self.sweeper] in sweeper.retire(file) } }
                deleted.append(key)
            }
            return deleted
        }
    }

    /// One page of the objects of a bucket.
    ///
    /// Throws `bucketNotFound`, or `invalidArgument` for a bad limit or cursor.
    package func list(_ request: ObjectListRequest, in bucket: String) async throws -> ObjectList {
        try await database.read { tx in
            _ = try BucketRecord.require(bucket, in: tx)
            return try request.page { try ObjectRecord.page(from: $0, in: bucket, limit: $1, tx) }
        }
    }

    /// The error about a key that a bucket does not have.
    package static func objectNotFound(_ key: String, in bucket: String) -> FlareError {
        FlareError(
            .objectNotFound,
            "object \"\(key)\" not found in bucket \"\(bucket)\"",
            hint: "see: flare buckets objects list \(bucket)"
        )
    }

    private func finish(
        _ staged: StagedObject,
        _ key: String,
        in bucket: String,
        _ metadata: ObjectMetadata,
        onlyIf conditions: ObjectConditions?
    ) async throws -> ObjectRecord? {
        let now = time.now()
        return try await database.write { tx in
            if let conditions {
                let existing = try ObjectRecord.find(key, in: bucket, tx)
                guard conditions.evaluate(etag: existing?.etag, uploaded: existing?.uploadedAt) == .holds else {
                    return nil
                }
            }
            return try self.commit(staged, bucket: bucket, key: key, metadata: metadata, at: now, in: tx)
        }
    }

    private func open(_ record: ObjectRecord, inline: [UInt8]?, range: Range<Int>) async throws -> ObjectBytes {
        if let file = record.file { return try await objects.read(file, range: range) }
        let buffer = ByteBuffer(bytes: inline ?? [])
        return ObjectBytes(range: range) { position, count in
            guard let slice = buffer.getSlice(at: position, length: count) else {
                throw FlareError(.corruptStore, "the row of object \"\(record.key)\" lacks bytes")
            }
            return slice
        }
    }
}
