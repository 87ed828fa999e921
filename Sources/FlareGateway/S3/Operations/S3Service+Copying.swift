import FlareBuckets
import FlareModel

/// Copies of objects, and parts of uploads that are copies.
extension S3Service {
    func copyObject(_ call: S3Call) async throws -> S3Response {
        let source = try source(of: call)
        let record = try await buckets.copy(
            from: source,
            to: call.key,
            in: call.bucket,
            metadata: try metadata(ofCopy: call, of: source),
            storageClass: try S3Metadata.storageClass(call.head),
            onlyIf: S3Conditions.ofWrite(call.head)
        )
        var document = S3XMLWriter("CopyObjectResult")
        document.element("LastModified", record.uploadedAt.text)
        document.element("ETag", record.httpEtag)
        S3Checksums.write(record.checksum, to: &document, showsType: true)
        return try .document(document)
    }

    func uploadPartCopy(_ call: S3Call) async throws -> S3Response {
        let range = try call.head.header("x-amz-copy-source-range").map { text throws(S3Error) in
            // Both ends must be given, unlike in the range of a read.
            guard case .from(_, _?)? = ObjectRange(header: text) else {
                throw S3Error.argument("x-amz-copy-source-range", text, "it is bytes=FIRST-LAST")
            }
            return text
        }.flatMap { ObjectRange(header: $0) }
        let part = try await buckets.uploadPartCopy(
            try partNumber(call),
            of: uploadID(call),
            key: call.key,
            in: call.bucket,
            from: try source(of: call),
            range: range
        )
        var document = S3XMLWriter("CopyPartResult")
        document.element("LastModified", part.uploadedAt.text)
        document.element("ETag", "\"\(part.etag)\"")
        S3Checksums.write(part.checksum, to: &document)
        return try .document(document)
    }

    /// Where the copy comes from; throws unless the caller may read it.
    private func source(of call: S3Call) throws -> ObjectSource {
        let text = call.head.header("x-amz-copy-source") ?? ""
        guard let place = S3CopySource(text) else {
            throw S3Error.argument("x-amz-copy-source", text, "it is BUCKET/KEY, percent-encoded")
        }
        if let version = place.version, version != "null" { throw S3Unsupported.error("a copy of ?versionId") }
        try call.identity.requires(.read, bucket: place.bucket, key: place.key)
        return ObjectSource(bucket: place.bucket, key: place.key, onlyIf: S3Conditions.ofSource(call.head))
    }

    /// What the copy has of its own; nil when it keeps all of its source.
    private func metadata(ofCopy call: S3Call, of source: ObjectSource) throws -> ObjectMetadata? {
        switch call.head.header("x-amz-metadata-directive") {
        case nil, "COPY":
            let isItself = source.bucket == call.bucket && source.key.utf8.elementsEqual(call.key.utf8)
            guard isItself, call.head.header("x-amz-storage-class") == nil else { return nil }
            throw S3Error(
                code: "InvalidRequest",
                httpStatus: 400,
                message: "This copy request is illegal because it is trying to copy an object to itself without "
                    + "changing the object's metadata, storage class, website redirect location or encryption "
                    + "attributes."
            )
        case "REPLACE": return try S3Metadata.read(call.head)
        case let other?:
            throw S3Error.argument("x-amz-metadata-directive", other, "it is COPY or REPLACE")
        }
    }
}

/// The header that names what to copy: `/bucket/key` or `bucket/key`, percent-encoded, with `?versionId=…` perhaps.
struct S3CopySource: Hashable {
    let bucket: String
    let key: String
    let version: String?

    /// Nil when the text names no object.
    init?(_ text: String) {
        var rest = text.hasPrefix("/") ? text.dropFirst() : text[...]
        var version: String?
        if let mark = rest.firstRange(of: "?versionId=") {
            version = String(rest[mark.upperBound...])
            rest = rest[..<mark.lowerBound]
        }
        guard let decoded = PercentCoding.decode(rest), let slash = decoded.firstIndex(of: "/") else { return nil }
        bucket = String(decoded[..<slash])
        key = String(decoded[decoded.index(after: slash)...])
        guard !bucket.isEmpty, !key.isEmpty else { return nil }
        self.version = version
    }
}
