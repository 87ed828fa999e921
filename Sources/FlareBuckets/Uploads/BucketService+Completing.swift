import FlareModel
import FlareStore

extension BucketService {
    /// Makes an object of the parts of an upload, in one transaction and without copying bytes.
    ///
    /// The parts are in ascending order; uploaded ones that are left out go. The same list gets the same answer again,
    /// for at least `Limits.completedUploadKept`, whatever has become of the object meanwhile.
    /// `expectation` may announce the size and the checksum of the object.
    ///
    /// Throws `uploadNotFound`, `invalidArgument` for no parts, `invalidPart` (its cause is a `PartOrderError` when
    /// the order is wrong), `partTooSmall`, `preconditionFailed`, `digestMismatch`; the upload stays open then.
    package func completeUpload(
        _ uploadID: String,
        key: String? = nil,
        in bucket: String,
        parts: [CompletedPart],
        onlyIf conditions: ObjectConditions? = nil,
        expecting expectation: ObjectExpectation = ObjectExpectation()
    ) async throws -> ObjectRecord {
        try await complete(uploadID, key, bucket, parts, onlyIf: conditions, expecting: expectation, md5: nil)
    }

    /// Ends an upload by which one long body was written in pieces: the object and its message are those of `put`.
    ///
    /// `md5` is that of all bytes. Throws as `completeUpload` does.
    package func completePut(
        _ uploadID: String,
        key: String,
        in bucket: String,
        parts: [CompletedPart],
        md5: String,
        onlyIf conditions: ObjectConditions? = nil
    ) async throws -> ObjectRecord {
        guard md5.utf8.count == 32, md5.utf8.allSatisfy({ "0123456789abcdef".utf8.contains($0) }) else {
            throw FlareError(.invalidArgument, "\"\(md5)\" is not an MD5 in hexadecimal")
        }
        return try await complete(
            uploadID,
            key,
            bucket,
            parts,
            onlyIf: conditions,
            expecting: ObjectExpectation(),
            md5: md5
        )
    }

    private func complete(
        _ uploadID: String,
        _ key: String?,
        _ bucket: String,
        _ parts: [CompletedPart],
        onlyIf conditions: ObjectConditions?,
        expecting expectation: ObjectExpectation,
        md5: String?
    ) async throws -> ObjectRecord {
        let now = time.now()
        let signature = UploadCompletion.signature(parts)
        let version = Identifier.hexadecimal()
        return try await database.write { [uploadPartBytesMin] tx in
            let upload = try Self.requireUpload(uploadID, key: key, in: bucket, tx)
            if let answer = upload.answer, answer.signature == signature {
                return ObjectRecord(answer, of: upload)
            }
            _ = try Self.requireOpen(uploadID, key: key, in: bucket, tx)
            let uploaded = try UploadPartRecord.parts(of: upload.id, in: tx)
            let completion = UploadCompletion(upload: upload, uploaded: uploaded, partBytesMin: uploadPartBytesMin)
            let joined = try completion.join(parts, expecting: expectation)
            if let conditions {
                try conditions.require(of: try ObjectRecord.find(upload.key, in: bucket, tx), key: upload.key)
            }
            var record = ObjectRecord(
                joined: joined,
                version: version,
                bucket: bucket,
                key: upload.key,
                metadata: upload.metadata,
                uploadedAt: now
            )
            if let md5 { record.etag = md5 }
            try self.replace(with: record, action: md5 == nil ? .completeMultipartUpload : .putObject, in: tx)
            for part in joined.parts { try part.insert(version: version, in: tx) }
            let used = Set(joined.parts.map(\.file))
            let files = try UploadPartRecord.delete(upload: upload.id, in: tx)
            self.retire(files.filter { !used.contains($0) }, after: tx)
            try upload.complete(UploadAnswer(record, signature: signature), at: now, in: tx)
            try UploadRecord.forgetCompleted(before: now + (.zero - Limits.completedUploadKept), in: tx)
            return record
        }
    }
}

extension UploadAnswer {
    init(_ record: ObjectRecord, signature: String) {
        self.signature = signature
        version = record.version
        etag = record.etag
        size = record.size
        partCount = record.partCount ?? 1
        uploadedAt = record.uploadedAt
        checksum = record.checksum.map { hexadecimalText($0.value) }
    }
}
