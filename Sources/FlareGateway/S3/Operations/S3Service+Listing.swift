import FlareBuckets
import FlareModel

/// Listings of objects.
extension S3Service {
    func listObjects(_ call: S3Call) async throws -> S3Response {
        let listing = try Listing(call)
        let marker = call.head.parameter("marker") ?? ""
        let (page, isTruncated) = try await page(call, listing, after: marker, cursor: nil)
        var document = S3XMLWriter("ListBucketResult")
        document.element("Name", call.bucket)
        document.element("Prefix", listing.written(listing.prefix))
        document.element("Marker", listing.written(marker))
        document.element("MaxKeys", listing.limit)
        if let delimiter = listing.delimiter { document.element("Delimiter", listing.written(delimiter)) }
        if listing.encodes { document.element("EncodingType", "url") }
        document.element("IsTruncated", isTruncated)
        if isTruncated, let last = page.last { document.element("NextMarker", listing.written(last)) }
        write(page, listing, showsOwner: true, to: &document)
        return try .document(document)
    }

    func listObjectsV2(_ call: S3Call) async throws -> S3Response {
        let listing = try Listing(call)
        let token = call.head.parameter("continuation-token")
        let after = call.head.parameter("start-after") ?? ""
        if token?.isEmpty ?? false {
            throw S3Error.argument("continuation-token", "", "leave it out for the first page")
        }
        let (page, isTruncated) = try await page(call, listing, after: after, cursor: token)
        var document = S3XMLWriter("ListBucketResult")
        document.element("Name", call.bucket)
        document.element("Prefix", listing.written(listing.prefix))
        if let token { document.element("ContinuationToken", token) }
        if !after.isEmpty { document.element("StartAfter", listing.written(after)) }
        document.element("KeyCount", page.objects.count + page.delimitedPrefixes.count)
        document.element("MaxKeys", listing.limit)
        if let delimiter = listing.delimiter { document.element("Delimiter", listing.written(delimiter)) }
        if listing.encodes { document.element("EncodingType", "url") }
        document.element("IsTruncated", isTruncated)
        if isTruncated, let cursor = page.cursor { document.element("NextContinuationToken", cursor) }
        write(page, listing, showsOwner: call.head.parameter("fetch-owner") == "true", to: &document)
        return try .document(document)
    }

    /// Every object has one version, whose name is null: clients that empty a bucket look here.
    func listObjectVersions(_ call: S3Call) async throws -> S3Response {
        let listing = try Listing(call)
        let marker = call.head.parameter("key-marker") ?? ""
        let (page, isTruncated) = try await page(call, listing, after: marker, cursor: nil)
        var document = S3XMLWriter("ListVersionsResult")
        document.element("Name", call.bucket)
        document.element("Prefix", listing.written(listing.prefix))
        document.element("KeyMarker", listing.written(marker))
        document.element("VersionIdMarker", call.head.parameter("version-id-marker") ?? "")
        if isTruncated, let last = page.last {
            document.element("NextKeyMarker", listing.written(last))
            document.element("NextVersionIdMarker", "null")
        }
        document.element("MaxKeys", listing.limit)
        if let delimiter = listing.delimiter { document.element("Delimiter", listing.written(delimiter)) }
        if listing.encodes { document.element("EncodingType", "url") }
        document.element("IsTruncated", isTruncated)
        write(page, listing, as: "Version", showsOwner: true, to: &document)
        return try .document(document)
    }

    private func page(
        _ call: S3Call,
        _ listing: Listing,
        after: String,
        cursor: String?
    ) async throws -> (page: ObjectList, isTruncated: Bool) {
        guard listing.limit > 0 else {
            _ = try await buckets.get(call.bucket)
            return (ObjectList(), false)
        }
        var request = ObjectListRequest(
            prefix: listing.prefix,
            delimiter: listing.delimiter,
            cursor: cursor,
            limit: listing.limit
        )
        if cursor == nil, !after.isEmpty {
            // A page that ended with a rolled-up prefix goes on behind all its keys.
            if listing.isRolledUp(after) {
                request.cursor = ListCursor.prefix(after).text
            } else {
                request.startAfter = after
            }
        }
        let page = try await buckets.list(request, in: call.bucket)
        return (page, page.cursor != nil)
    }

    private func write(
        _ page: ObjectList,
        _ listing: Listing,
        as name: String = "Contents",
        showsOwner: Bool,
        to document: inout S3XMLWriter
    ) {
        for record in page.objects {
            document.element(name) { document in
                document.element("Key", listing.written(record.key))
                if name == "Version" {
                    document.element("VersionId", "null")
                    document.element("IsLatest", true)
                }
                document.element("LastModified", record.uploadedAt.text)
                document.element("ETag", record.httpEtag)
                if let checksum = record.checksum {
                    document.element("ChecksumAlgorithm", checksum.algorithm.rawValue)
                    document.element("ChecksumType", checksum.type.rawValue)
                }
                document.element("Size", record.size)
                if showsOwner { Self.writeOwner(to: &document) }
                document.element("StorageClass", record.metadata.storageClass.s3Name)
            }
        }
        for prefix in page.delimitedPrefixes {
            document.element("CommonPrefixes") { $0.element("Prefix", listing.written(prefix)) }
        }
    }

    /// What both listings are asked for.
    struct Listing {
        let prefix: String
        let delimiter: String?
        let limit: Int
        /// Keys are answered percent-encoded.
        let encodes: Bool

        init(_ call: S3Call) throws(S3Error) {
            prefix = call.head.parameter("prefix") ?? ""
            delimiter = call.head.parameter("delimiter").flatMap { $0.isEmpty ? nil : $0 }
            limit = try call.number("max-keys", default: Limits.objectListMax, max: Limits.objectListMax)
            encodes = try Self.encodes(call)
        }

        /// Whether `encoding-type=url` is asked for.
        static func encodes(_ call: S3Call) throws(S3Error) -> Bool {
            switch call.head.parameter("encoding-type") {
            case nil, "": return false
            case "url": return true
            case let other?: throw S3Error.argument("encoding-type", other, "it is url, or not there")
            }
        }

        /// A text as the document holds it.
        func written(_ text: String) -> String { encodes ? PercentCoding.encode(text, allowing: "/") : text }

        /// Whether a text is what a listing answers for all keys that begin with it.
        func isRolledUp(_ text: String) -> Bool {
            guard let delimiter, text.utf8.count > prefix.utf8.count, text.utf8.starts(with: prefix.utf8) else {
                return false
            }
            let rest = Array(text.utf8.dropFirst(prefix.utf8.count))
            return rest.firstRange(of: Array(delimiter.utf8))?.upperBound == rest.count
        }
    }
}

extension ObjectList {
    /// The last of its keys and prefixes.
    fileprivate var last: String? {
        guard let key = objects.last?.key else { return delimitedPrefixes.last }
        guard let prefix = delimitedPrefixes.last else { return key }
        return key.utf8.lexicographicallyPrecedes(prefix.utf8) ? prefix : key
    }
}
