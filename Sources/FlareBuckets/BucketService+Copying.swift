package import FlareModel
import FlareStore

/// An object to copy from.
package struct ObjectSource: Sendable, Hashable {
    package var bucket: String
    package var key: String
    /// What must hold of the source.
    package var onlyIf: ObjectConditions?

    package init(bucket: String, key: String, onlyIf: ObjectConditions? = nil) {
        self.bucket = bucket
        self.key = key
        self.onlyIf = onlyIf
    }

    var conditionFailed: FlareError {
        FlareError(
            .preconditionFailed,
            "object \"\(key)\" of bucket \"\(bucket)\" does not meet the conditions for its copy"
        )
    }
}

extension BucketService {
    /// Copies an object, in one transaction and without copying bytes: files are shared by their rows.
    ///
    /// `metadata` replaces that of the source, and nil keeps it; `storageClass` replaces the class alone. With
    /// `deletesSource` the source goes in the same transaction: an object that may not be deleted is not copied either.
    ///
    /// Throws `bucketNotFound`, `objectNotFound`, `preconditionFailed`, `objectLocked`, or `invalidArgument` for a bad
    /// key, a copy onto itself that would change nothing, or a move there.
    package func copy(
        from source: ObjectSource,
        to key: String,
        in bucket: String,
        metadata: ObjectMetadata? = nil,
        storageClass: StorageClass? = nil,
        onlyIf conditions: ObjectConditions? = nil,
        deletesSource: Bool = false
    ) async throws -> ObjectRecord {
        try ObjectKey.validate(source.key)
        try ObjectKey.validate(key)
        try metadata?.validate()
        if source.bucket == bucket, source.key.hasSameBytes(as: key) {
            let changesMetadata = metadata != nil || storageClass != nil
            try Self.checkOntoItself(key, changesMetadata: changesMetadata, isMove: deletesSource)
        }
        let now = time.now()
        let version = Identifier.hexadecimal()
        return try await database.write { tx in
            guard let original = try ObjectRecord.find(source.key, in: source.bucket, tx) else {
                _ = try BucketRecord.require(source.bucket, in: tx)
                throw Self.objectNotFound(source.key, in: source.bucket)
            }
            if let onlyIf = source.onlyIf {
                let outcome = onlyIf.evaluate(etag: original.etag, uploaded: original.uploadedAt)
                guard outcome == .holds else { throw source.conditionFailed }
            }
            if let conditions { try conditions.require(of: try ObjectRecord.find(key, in: bucket, tx), key: key) }
            var record = original
            (record.bucket, record.key, record.version, record.uploadedAt) = (bucket, key, version, now)
            if let metadata { record.metadata = try metadata.settled(in: bucket, tx) }
            if let storageClass { record.metadata.storageClass = storageClass }
            // Read before the row is replaced, which may be that of the original.
            let isInline = original.file == nil && original.partCount == nil
            let inline = isInline ? try ObjectRecord.inlineBytes(source.key, in: source.bucket, tx) : nil
            let parts =
                original.partCount == nil ? [] : try ObjectPartRecord.parts(of: original.version, in: tx)
            try self.replace(with: record, inline: inline, action: .copyObject, copySource: source, in: tx)
            for part in parts { try part.insert(version: version, in: tx) }
            if deletesSource { try self.remove(original, action: .deleteObject, at: now, in: tx) }
            return record
        }
    }

    private static func checkOntoItself(_ key: String, changesMetadata: Bool, isMove: Bool) throws {
        guard isMove || !changesMetadata else { return }
        throw FlareError(
            .invalidArgument,
            isMove
                ? "object \"\(key)\" cannot be moved onto itself"
                : "object \"\(key)\" cannot be copied onto itself without new metadata",
            hint: isMove ? "give another key" : "give metadata, or another key"
        )
    }
}
