import FlareBuckets
import FlareModel

/// What is known of an object, its parts included, without its bytes.
extension S3Service {
    func getObjectAttributes(_ call: S3Call) async throws -> S3Response {
        let wanted = try Self.attributes(call.head)
        let most = Limits.objectListMax
        let limit = try call.number(inHeader: "x-amz-max-parts", default: most, max: most)
        let marker = try call.number(inHeader: "x-amz-part-number-marker", default: 0, max: Int(Int32.max))
        let found = try await buckets.parts(of: call.key, in: call.bucket, after: marker, limit: max(limit, 1))
        guard let found else { throw BucketService.objectNotFound(call.key, in: call.bucket) }
        let record = found.record
        var document = S3XMLWriter("GetObjectAttributesResponse")
        // The one place where S3 writes an etag without quotes.
        if wanted.contains("ETag") { document.element("ETag", record.etag) }
        if wanted.contains("Checksum"), let checksum = record.checksum {
            document.element("Checksum") { S3Checksums.write(checksum, to: &$0, showsType: true) }
        }
        if wanted.contains("ObjectParts"), let count = record.partCount {
            let parts = found.parts.prefix(limit)
            document.element("ObjectParts") { document in
                document.element("PartsCount", count)
                document.element("PartNumberMarker", marker)
                if let last = parts.last { document.element("NextPartNumberMarker", last.number) }
                document.element("MaxParts", limit)
                document.element("IsTruncated", limit > 0 && found.isTruncated)
                for part in parts { Self.write(part, of: record, to: &document) }
            }
        }
        if wanted.contains("StorageClass") { document.element("StorageClass", record.metadata.storageClass.s3Name) }
        if wanted.contains("ObjectSize") { document.element("ObjectSize", record.size) }
        return try .document(document, headers: [("last-modified", record.uploadedAt.httpDate)])
    }

    private static func write(_ part: ObjectPartRecord, of record: ObjectRecord, to document: inout S3XMLWriter) {
        document.element("Part") { document in
            document.element("PartNumber", part.number)
            document.element("Size", part.size)
            guard let algorithm = record.checksum?.algorithm, let value = part.checksum else { return }
            S3Checksums.write(ObjectChecksum(algorithm, value: value), to: &document)
        }
    }

    /// The names that the request asks for.
    private static func attributes(_ head: S3RequestHead) throws(S3Error) -> Set<String> {
        let known = ["ETag", "Checksum", "ObjectParts", "StorageClass", "ObjectSize"]
        let header = "x-amz-object-attributes"
        let values = head.headers.filter { $0.name == header }.map(\.value).joined(separator: ",")
        let names = values.split(separator: ",").map { String($0.filter { $0 != " " }) }
        if names.isEmpty || !names.allSatisfy({ known.contains($0) }) {
            let given = names.first { !known.contains($0) } ?? ""
            throw S3Error.argument(header, given, "it names some of \(known.joined(separator: ", "))")
        }
        return Set(names)
    }
}
