/// Begins an upload in parts: `POST /flare/v1/buckets/{bucket}/uploads`.
package struct UploadCreateBody: Codable, Sendable, Hashable {
    package var key: String
    package var httpMetadata: HTTPMetadata?
    package var customMetadata: [String: String]?
    package var storageClass: StorageClass?

    package init(
        key: String,
        httpMetadata: HTTPMetadata? = nil,
        customMetadata: [String: String]? = nil,
        storageClass: StorageClass? = nil
    ) {
        self.key = key
        self.httpMetadata = httpMetadata
        self.customMetadata = customMetadata
        self.storageClass = storageClass
    }

    enum CodingKeys: String, CodingKey {
        case key
        case httpMetadata = "http_metadata"
        case customMetadata = "custom_metadata"
        case storageClass = "storage_class"
    }
}

/// An upload in parts that was begun and neither completed nor aborted.
package struct UploadBody: Codable, Sendable, Hashable {
    package var id: String
    package var bucket: String
    package var key: String
    package var createdAt: Timestamp
    package var storageClass: StorageClass
    package var httpMetadata: HTTPMetadata
    package var customMetadata: [String: String]

    package init(
        id: String,
        bucket: String,
        key: String,
        createdAt: Timestamp,
        storageClass: StorageClass,
        httpMetadata: HTTPMetadata,
        customMetadata: [String: String]
    ) {
        self.id = id
        self.bucket = bucket
        self.key = key
        self.createdAt = createdAt
        self.storageClass = storageClass
        self.httpMetadata = httpMetadata
        self.customMetadata = customMetadata
    }

    enum CodingKeys: String, CodingKey {
        case id, bucket, key
        case createdAt = "created_at"
        case storageClass = "storage_class"
        case httpMetadata = "http_metadata"
        case customMetadata = "custom_metadata"
    }
}

/// One part of an upload: the answer to `PUT …/uploads/{id}/parts/{number}`.
package struct UploadPartBody: Codable, Sendable, Hashable {
    /// 1 to `Limits.uploadPartsMax`.
    package var number: Int
    /// In bytes.
    package var size: Int
    /// MD5 in hexadecimal.
    package var etag: String
    package var uploadedAt: Timestamp

    package init(number: Int, size: Int, etag: String, uploadedAt: Timestamp) {
        self.number = number
        self.size = size
        self.etag = etag
        self.uploadedAt = uploadedAt
    }

    enum CodingKeys: String, CodingKey {
        case number, size, etag
        case uploadedAt = "uploaded_at"
    }
}

/// One page of the parts of an upload: `GET …/uploads/{id}/parts?after=&limit=`.
package struct UploadPartsBody: Codable, Sendable, Hashable {
    package var upload: UploadBody
    package var parts: [UploadPartBody]
    /// Whether parts with higher numbers follow.
    package var isTruncated: Bool

    package init(upload: UploadBody, parts: [UploadPartBody], isTruncated: Bool) {
        self.upload = upload
        self.parts = parts
        self.isTruncated = isTruncated
    }

    enum CodingKeys: String, CodingKey {
        case upload, parts
        case isTruncated = "is_truncated"
    }
}

/// One page of the open uploads of a bucket:
/// `GET …/uploads?prefix=&delimiter=&key_marker=&upload_id_marker=&limit=`.
package struct UploadListBody: Codable, Sendable, Hashable {
    package var uploads: [UploadBody]
    package var delimitedPrefixes: [String]
    /// Where the next page begins; nil on the last one.
    package var nextKeyMarker: String?
    package var nextUploadIDMarker: String?

    package init(
        uploads: [UploadBody],
        delimitedPrefixes: [String] = [],
        nextKeyMarker: String? = nil,
        nextUploadIDMarker: String? = nil
    ) {
        self.uploads = uploads
        self.delimitedPrefixes = delimitedPrefixes
        self.nextKeyMarker = nextKeyMarker
        self.nextUploadIDMarker = nextUploadIDMarker
    }

    enum CodingKeys: String, CodingKey {
        case uploads
        case delimitedPrefixes = "delimited_prefixes"
        case nextKeyMarker = "next_key_marker"
        case nextUploadIDMarker = "next_upload_id_marker"
    }
}

/// Makes the object of parts: `POST …/uploads/{id}/complete`, answered by an `ObjectBody`.
package struct UploadCompleteBody: Codable, Sendable, Hashable {
    package struct Part: Codable, Sendable, Hashable {
        package var number: Int
        package var etag: String

        package init(number: Int, etag: String) {
            self.number = number
            self.etag = etag
        }
    }

    /// In ascending order of their numbers.
    package var parts: [Part]

    package init(parts: [Part]) {
        self.parts = parts
    }
}

/// An object to copy from, of any bucket.
package struct ObjectSourceBody: Codable, Sendable, Hashable {
    package var bucket: String
    package var key: String
    /// Copies only this version: the object must have this etag.
    package var etag: String?

    package init(bucket: String, key: String, etag: String? = nil) {
        self.bucket = bucket
        self.key = key
        self.etag = etag
    }
}

/// Copies bytes of an object into a part: `POST …/uploads/{id}/parts/{number}/copy`, answered by an `UploadPartBody`.
package struct UploadPartCopyBody: Codable, Sendable, Hashable {
    package var source: ObjectSourceBody
    /// The bytes to copy; all when both are nil.
    package var offset: Int?
    package var length: Int?

    package init(source: ObjectSourceBody, offset: Int? = nil, length: Int? = nil) {
        self.source = source
        self.offset = offset
        self.length = length
    }
}

/// Copies an object: `POST /flare/v1/buckets/{bucket}/objects/copy`, answered by an `ObjectBody`; `…/objects/move`
/// deletes the source in the same transaction.
///
/// Metadata is the source's, unless any of the three is given: then it is what is given.
package struct ObjectCopyBody: Codable, Sendable, Hashable {
    package var source: ObjectSourceBody
    /// The key of the copy.
    package var key: String
    package var httpMetadata: HTTPMetadata?
    package var customMetadata: [String: String]?
    package var storageClass: StorageClass?

    package init(
        source: ObjectSourceBody,
        key: String,
        httpMetadata: HTTPMetadata? = nil,
        customMetadata: [String: String]? = nil,
        storageClass: StorageClass? = nil
    ) {
        self.source = source
        self.key = key
        self.httpMetadata = httpMetadata
        self.customMetadata = customMetadata
        self.storageClass = storageClass
    }

    enum CodingKeys: String, CodingKey {
        case source, key
        case httpMetadata = "http_metadata"
        case customMetadata = "custom_metadata"
        case storageClass = "storage_class"
    }
}

/// A checksum of an object that its writer has sent along.
package struct ChecksumBody: Codable, Sendable, Hashable {
    package var algorithm: ChecksumAlgorithm
    package var type: ChecksumType
    /// Base64, as in S3's headers; a composite one ends in `-` and the number of parts.
    package var value: String

    package init(algorithm: ChecksumAlgorithm, type: ChecksumType, value: String) {
        self.algorithm = algorithm
        self.type = type
        self.value = value
    }
}
