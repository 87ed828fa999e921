/// What objects hold: how many they are, their bytes, and the bytes of their keys and custom metadata.
package struct BucketUsage: Codable, Sendable, Hashable {
    package var objects: Int
    package var payloadSize: Int
    package var metadataSize: Int

    package init(objects: Int = 0, payloadSize: Int = 0, metadataSize: Int = 0) {
        self.objects = objects
        self.payloadSize = payloadSize
        self.metadataSize = metadataSize
    }

    package static func + (one: BucketUsage, other: BucketUsage) -> BucketUsage {
        BucketUsage(
            objects: one.objects + other.objects,
            payloadSize: one.payloadSize + other.payloadSize,
            metadataSize: one.metadataSize + other.metadataSize
        )
    }

    package static func - (one: BucketUsage, other: BucketUsage) -> BucketUsage {
        BucketUsage(
            objects: one.objects - other.objects,
            payloadSize: one.payloadSize - other.payloadSize,
            metadataSize: one.metadataSize - other.metadataSize
        )
    }
}

/// The usage of all buckets by storage class, as `/accounts/{account}/r2/metrics` answers it.
package struct BucketMetricsBody: Codable, Sendable, Hashable {
    /// The usage of one storage class: what is visible, and what unfinished uploads hold.
    package struct ClassUsage: Codable, Sendable, Hashable {
        package var published: BucketUsage
        package var uploaded: BucketUsage

        package init(published: BucketUsage, uploaded: BucketUsage) {
            self.published = published
            self.uploaded = uploaded
        }
    }

    package var standard: ClassUsage
    package var infrequentAccess: ClassUsage

    package init(standard: ClassUsage, infrequentAccess: ClassUsage) {
        self.standard = standard
        self.infrequentAccess = infrequentAccess
    }
}

/// Whether something is switched on, as several calls about buckets ask and answer.
package struct EnabledBody: Codable, Sendable {
    package var enabled: Bool

    package init(enabled: Bool) {
        self.enabled = enabled
    }
}
