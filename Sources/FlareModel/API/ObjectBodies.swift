/// One object of a listing, without its bytes.
package struct ObjectBody: Codable, Sendable, Hashable {
    package var key: String
    package var version: String
    package var etag: String
    package var lastModified: Timestamp
    package var size: Int
    package var storageClass: StorageClass
    package var httpMetadata: HTTPMetadata
    package var customMetadata: [String: String]
    /// How many parts the object was uploaded in; nil when it came at once.
    package var partCount: Int?
    package var checksum: ChecksumBody?

    package init(
        key: String,
        version: String,
        etag: String,
        lastModified: Timestamp,
        size: Int,
        storageClass: StorageClass,
        httpMetadata: HTTPMetadata,
        customMetadata: [String: String],
        partCount: Int? = nil,
        checksum: ChecksumBody? = nil
    ) {
        self.key = key
        self.version = version
        self.etag = etag
        self.lastModified = lastModified
        self.size = size
        self.storageClass = storageClass
        self.httpMetadata = httpMetadata
        self.customMetadata = customMetadata
        self.partCount = partCount
        self.checksum = checksum
    }

    enum CodingKeys: String, CodingKey {
        case key, version, etag, size, checksum
        case partCount = "part_count"
        case lastModified = "last_modified"
        case storageClass = "storage_class"
        case httpMetadata = "http_metadata"
        case customMetadata = "custom_metadata"
    }
}

/// The answer to a write of an object.
///
/// `size` is text, as Cloudflare answers it.
package struct ObjectPutBody: Codable, Sendable, Hashable {
    package var key: String
    package var etag: String
    package var size: String
    package var version: String
    package var uploaded: Timestamp
    package var storageClass: StorageClass

    package init(
        key: String,
        etag: String,
        size: Int,
        version: String,
        uploaded: Timestamp,
        storageClass: StorageClass
    ) {
        self.key = key
        self.etag = etag
        self.size = String(size)
        self.version = version
        self.uploaded = uploaded
        self.storageClass = storageClass
    }

    enum CodingKeys: String, CodingKey {
        case key, etag, size, version, uploaded
        case storageClass = "storage_class"
    }
}

/// The answer to the deletion of an object, whether or not it existed.
package struct ObjectDeleteBody: Codable, Sendable, Hashable {
    package var key: String

    package init(key: String) {
        self.key = key
    }
}

/// Keys of objects to delete; in the answer, those that existed.
package struct ObjectsDeleteBody: Codable, Sendable, Hashable {
    package var keys: [String]

    package init(keys: [String]) {
        self.keys = keys
    }
}

/// The HTTP headers that are kept with an object and sent with its bytes.
package struct HTTPMetadata: Codable, Sendable, Hashable {
    package var contentType: String?
    package var contentLanguage: String?
    package var contentDisposition: String?
    package var contentEncoding: String?
    package var cacheControl: String?
    package var cacheExpiry: Timestamp?

    package init(
        contentType: String? = nil,
        contentLanguage: String? = nil,
        contentDisposition: String? = nil,
        contentEncoding: String? = nil,
        cacheControl: String? = nil,
        cacheExpiry: Timestamp? = nil
    ) {
        self.contentType = contentType
        self.contentLanguage = contentLanguage
        self.contentDisposition = contentDisposition
        self.contentEncoding = contentEncoding
        self.cacheControl = cacheControl
        self.cacheExpiry = cacheExpiry
    }

    /// Reads the headers of a request; `header` looks one up by its lower-case name.
    package init(_ header: (String) -> String?) {
        self.init(
            contentType: header("content-type"),
            contentLanguage: header("content-language"),
            contentDisposition: header("content-disposition"),
            contentEncoding: header("content-encoding"),
            cacheControl: header("cache-control"),
            cacheExpiry: header("expires").flatMap { Timestamp(httpDate: $0) }
        )
    }

    /// The headers of an answer, in a fixed order.
    package var headers: [(String, String)] {
        let all = [
            ("content-type", contentType), ("content-language", contentLanguage),
            ("content-disposition", contentDisposition), ("content-encoding", contentEncoding),
            ("cache-control", cacheControl), ("expires", cacheExpiry?.httpDate),
        ]
        return all.compactMap { name, value in value.map { (name, $0) } }
    }
}
