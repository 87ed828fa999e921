package import FlareModel
import FlareStore

/// What the writer of an object says about it.
package struct ObjectMetadata: Sendable, Hashable {
    package var http: HTTPMetadata
    /// Names and values of the user's own.
    package var custom: [String: String]
    /// The class that the writer asks for; nil for the default of the bucket, which counts when the object is written.
    private var chosenClass: StorageClass?

    package var storageClass: StorageClass {
        get { chosenClass ?? .standard }
        set { chosenClass = newValue }
    }

    package init(
        http: HTTPMetadata = HTTPMetadata(),
        custom: [String: String] = [:],
        storageClass: StorageClass? = nil
    ) {
        self.http = http
        self.custom = custom
        chosenClass = storageClass
    }

    /// The metadata of an object in a bucket, which gives the class that was left open.
    ///
    /// Throws `bucketNotFound`.
    func settled(in bucket: String, _ tx: Transaction) throws -> ObjectMetadata {
        guard chosenClass == nil else { return self }
        var settled = self
        settled.chosenClass = try BucketRecord.require(bucket, in: tx).storageClass
        return settled
    }

    /// A class that was left open is the usual one until the bucket says otherwise.
    package static func == (left: ObjectMetadata, right: ObjectMetadata) -> Bool {
        left.http == right.http && left.custom == right.custom && left.storageClass == right.storageClass
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(http)
        hasher.combine(custom)
        hasher.combine(storageClass)
    }

    /// Checks the size and the time at the edge; throws `invalidArgument` with the rule.
    package func validate() throws {
        if let expiry = http.cacheExpiry, !Timestamp.sayable.contains(expiry) {
            throw FlareError(.invalidArgument, "the object's time of expiry is not within the years 0 to 9999")
        }
        let texts = http.headers.map(\.1) + custom.flatMap { [$0.key, $0.value] }
        let bytes = texts.reduce(0) { $0 + $1.utf8.count }
        guard bytes <= Limits.objectMetadataBytesMax else {
            throw FlareError(
                .invalidArgument,
                "the metadata of the object has \(bytes) bytes; at most \(Limits.objectMetadataBytesMax) are kept"
            )
        }
    }
}

/// Metadata in columns of a row: most objects have none of their own, and those are written and read without a JSON
/// coder.
extension ObjectMetadata {
    init(storageClass: String, http: String, custom: String) throws {
        self.init(
            http: http.isEmpty ? HTTPMetadata() : try FlareJSON.decode(HTTPMetadata.self, from: http.utf8),
            custom: custom.isEmpty ? [:] : try FlareJSON.decode([String: String].self, from: custom.utf8),
            storageClass: StorageClass(rawValue: storageClass) ?? .standard
        )
    }

    /// The column `http_metadata`.
    var httpText: String {
        http == HTTPMetadata() ? "" : String(decoding: FlareJSON.encode(http), as: UTF8.self)
    }

    /// The column `custom_metadata`.
    var customText: String {
        custom.isEmpty ? "" : String(decoding: FlareJSON.encode(custom), as: UTF8.self)
    }
}
