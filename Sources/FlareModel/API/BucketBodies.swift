/// A bucket, as `/accounts/{account}/r2/buckets` answers it.
package struct BucketBody: Codable, Sendable, Hashable {
    package var name: String
    package var creationDate: Timestamp
    package var location: String
    package var storageClass: StorageClass
    package var jurisdiction: String
    /// Objects in the bucket, and the bytes they hold.
    ///
    /// Not in Cloudflare's answer, which keeps them in GraphQL.
    package var objectCount: Int
    package var bucketSize: Int

    package init(
        name: String,
        creationDate: Timestamp,
        storageClass: StorageClass,
        objectCount: Int,
        bucketSize: Int
    ) {
        self.name = name
        self.creationDate = creationDate
        location = "local"
        self.storageClass = storageClass
        jurisdiction = "default"
        self.objectCount = objectCount
        self.bucketSize = bucketSize
    }

    enum CodingKeys: String, CodingKey {
        case name, location, jurisdiction
        case creationDate = "creation_date"
        case storageClass = "storage_class"
        case objectCount = "object_count"
        case bucketSize = "bucket_size"
    }
}

/// One page of buckets.
package struct BucketListBody: Codable, Sendable {
    package var buckets: [BucketBody]

    package init(buckets: [BucketBody]) {
        self.buckets = buckets
    }
}

/// What creates a bucket.
package struct BucketCreateBody: Codable, Sendable {
    package var name: String
    package var storageClass: StorageClass?

    package init(name: String, storageClass: StorageClass? = nil) {
        self.name = name
        self.storageClass = storageClass
    }
}

/// R2's storage classes.
///
/// flare keeps the word and stores both alike.
package enum StorageClass: String, Codable, Sendable, CaseIterable {
    case standard = "Standard"
    case infrequentAccess = "InfrequentAccess"
}
