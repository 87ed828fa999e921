package import FlareModel
import FlareStore

extension BucketService {
    /// Changes the storage class that new objects of a bucket have unless they name one; those that are there keep
    /// theirs.
    ///
    /// Throws `bucketNotFound`.
    package func setStorageClass(_ storageClass: StorageClass, of name: String) async throws -> BucketRecord {
        try await database.write { tx in
            _ = try BucketRecord.require(name, in: tx)
            try BucketRecord.setStorageClass(storageClass, of: name, in: tx)
            return try BucketRecord.require(name, in: tx)
        }
    }

    /// What all buckets hold, by storage class.
    ///
    /// Takes the same time however many objects there are; it looks at each unfinished upload.
    package func metrics() async throws -> BucketMetricsBody {
        try await database.read { tx in
            let usage = try BucketRecord.usage(in: tx)
            return BucketMetricsBody(
                standard: .init(
                    published: usage.all - usage.cold,
                    uploaded: try BucketRecord.uploaded(of: .standard, in: tx)
                ),
                infrequentAccess: .init(
                    published: usage.cold,
                    uploaded: try BucketRecord.uploaded(of: .infrequentAccess, in: tx)
                )
            )
        }
    }

    /// What each bucket holds, or the one with a name: none when there is no such bucket.
    package func usages(of name: String?, limit: Int) async throws -> [(name: String, usage: BucketUsage)] {
        try await database.read { try BucketRecord.usages(of: name, limit: limit, in: $0) }
    }
}
