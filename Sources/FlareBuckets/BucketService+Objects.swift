package import FlareModel
import FlareStore
package import NIOCore

extension BucketService {
    /// Writes an object from pieces as they arrive; visible and durable, with the messages about it, on return.
    ///
    /// Nil when the conditions did not hold. Throws `bucketNotFound`, `invalidArgument` for a bad key or metadata,
    /// `invalidData` or `digestMismatch` when other bytes came than were announced, `diskFull`; nothing changes then.
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
        let staged = try await stage(body, in: .rowOrFile, expecting: expectation) {
            _ = try await self.get(bucket)
        }
        do {
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

    /// What is known of an object, and a page of the parts that it was uploaded in, those with greater numbers than
    /// `number`; nil when there is no object.
    ///
    /// Throws `bucketNotFound`, or `invalidArgument` for a bad limit.
    package func parts(
        of key: String,
        in bucket: String,
        after number: Int,
        limit: Int
    ) async throws -> (record: ObjectRecord, parts: [ObjectPartRecord], isTruncated: Bool)? {
        try ObjectKey.validate(key)
        try ObjectListRequest.check(limit: limit)
        return try await database.read { tx in
            guard let record = try ObjectRecord.find(key, in: bucket, tx) else {
                _ = try BucketRecord.require(bucket, in: tx)
                return nil
            }
            guard record.partCount != nil else { return (record, [], false) }
            let parts = try ObjectPartRecord.parts(of: record.version, after: number, limit: limit + 1, in: tx)
            return (record, Array(parts.prefix(limit)), parts.count > limit)
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
                try self.remove(record, action: .deleteObject, at: now, in: tx)
                deleted.append(key)
            }
            return deleted
        }
    }

    /// Deletes an object if it meets conditions.
    ///
    /// Throws `bucketNotFound`, or `preconditionFailed` when they do not hold, as when the object is not there and an
    /// etag is asked for.
    package func delete(_ key: String, in bucket: String, onlyIf conditions: ObjectConditions) async throws {
        try ObjectKey.validate(key)
        let now = time.now()
        try await database.write { tx in
            _ = try BucketRecord.require(bucket, in: tx)
            let record = try ObjectRecord.find(key, in: bucket, tx)
            try conditions.require(of: record, key: key)
            if let record { try self.remove(record, action: .deleteObject, at: now, in: tx) }
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
}
