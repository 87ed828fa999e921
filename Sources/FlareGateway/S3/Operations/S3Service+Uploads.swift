import FlareBuckets
import FlareModel

/// Uploads in parts.
extension S3Service {
    func createMultipartUpload(_ call: S3Call) async throws -> S3Response {
        let checksum = try checksum(ofUpload: call)
        let upload = try await buckets.createUpload(
            call.key,
            in: call.bucket,
            metadata: try S3Metadata.read(call.head),
            checksum: checksum
        )
        var document = S3XMLWriter("InitiateMultipartUploadResult", isLenient: true)
        document.element("Bucket", call.bucket)
        document.element("Key", call.key)
        document.element("UploadId", upload.id)
        var headers: [(name: String, value: String)] = []
        if let (algorithm, type) = checksum {
            headers = [("x-amz-checksum-algorithm", algorithm.rawValue), ("x-amz-checksum-type", type.rawValue)]
        }
        return try .document(document, headers: headers)
    }

    /// CRC64NVME can only be of all bytes; of the others S3 takes the checksums of the parts unless told otherwise.
    private func checksum(ofUpload call: S3Call) throws -> (ChecksumAlgorithm, ChecksumType)? {
        guard let algorithm = try S3Checksums.named(call.head, "x-amz-checksum-algorithm") else { return nil }
        guard let text = call.head.header("x-amz-checksum-type") else {
            return (algorithm, algorithm == .crc64nvme ? .fullObject : .composite)
        }
        guard let type = ChecksumType(rawValue: text.uppercased()) else {
            throw S3Error.argument("x-amz-checksum-type", text, "it is FULL_OBJECT or COMPOSITE")
        }
        return (algorithm, type)
    }

    func uploadPart(_ call: S3Call) async throws -> S3Response {
        try call.requireBody()
        let part = try await buckets.uploadPart(
            try partNumber(call),
            of: uploadID(call),
            key: call.key,
            in: call.bucket,
            call.body,
            expecting: try S3Checksums.expectation(call.head, body: call.body)
        )
        var headers: [(name: String, value: String)] = [("etag", "\"\(part.etag)\"")]
        if let checksum = part.checksum { headers.append((S3Checksums.header(checksum.algorithm), checksum.text)) }
        return S3Response(headers: headers)
    }

    func listParts(_ call: S3Call) async throws -> S3Response {
        let limit = try call.number("max-parts", default: Limits.objectListMax, max: Limits.objectListMax)
        let marker = try call.number("part-number-marker", default: 0, max: Int(Int32.max))
        let list = try await buckets.listParts(
            of: uploadID(call),
            key: call.key,
            in: call.bucket,
            after: marker,
            limit: max(limit, 1)
        )
        let parts = list.parts.prefix(limit)
        let isTruncated = limit > 0 && list.isTruncated
        var document = S3XMLWriter("ListPartsResult", isLenient: true)
        document.element("Bucket", call.bucket)
        document.element("Key", call.key)
        document.element("UploadId", list.upload.id)
        Self.writeOwner(to: &document, as: "Initiator")
        Self.writeOwner(to: &document)
        document.element("StorageClass", list.upload.metadata.storageClass.s3Name)
        document.element("PartNumberMarker", marker)
        if isTruncated, let last = parts.last { document.element("NextPartNumberMarker", last.number) }
        document.element("MaxParts", limit)
        document.element("IsTruncated", isTruncated)
        if let algorithm = list.upload.checksumAlgorithm {
            document.element("ChecksumAlgorithm", algorithm.rawValue)
            if let type = list.upload.checksumType { document.element("ChecksumType", type.rawValue) }
        }
        for part in parts {
            document.element("Part") { document in
                document.element("PartNumber", part.number)
                document.element("LastModified", part.uploadedAt.text)
                document.element("ETag", "\"\(part.etag)\"")
                document.element("Size", part.size)
                S3Checksums.write(part.checksum, to: &document)
            }
        }
        return try .document(document)
    }

    func listMultipartUploads(_ call: S3Call) async throws -> S3Response {
        let limit = try call.number("max-uploads", default: Limits.objectListMax, max: Limits.objectListMax)
        let listing = try Listing(call)
        let keyMarker = call.head.parameter("key-marker") ?? ""
        let idMarker = call.head.parameter("upload-id-marker") ?? ""
        let list = try await buckets.listUploads(
            in: call.bucket,
            prefix: listing.prefix,
            delimiter: listing.delimiter,
            keyMarker: keyMarker,
            uploadIDMarker: idMarker,
            limit: max(limit, 1)
        )
        let isTruncated = limit > 0 && list.isTruncated
        var document = S3XMLWriter("ListMultipartUploadsResult")
        document.element("Bucket", call.bucket)
        document.element("KeyMarker", listing.written(keyMarker))
        document.element("UploadIdMarker", idMarker)
        if isTruncated {
            document.element("NextKeyMarker", listing.written(list.nextKeyMarker ?? ""))
            document.element("NextUploadIdMarker", list.nextUploadIDMarker ?? "")
        }
        document.element("Prefix", listing.written(listing.prefix))
        if let delimiter = listing.delimiter { document.element("Delimiter", listing.written(delimiter)) }
        if listing.encodes { document.element("EncodingType", "url") }
        document.element("MaxUploads", limit)
        document.element("IsTruncated", isTruncated)
        guard limit > 0 else { return try .document(document) }
        for upload in list.uploads {
            document.element("Upload") { document in
                document.element("Key", listing.written(upload.key))
                document.element("UploadId", upload.id)
                Self.writeOwner(to: &document, as: "Initiator")
                Self.writeOwner(to: &document)
                document.element("StorageClass", upload.metadata.storageClass.s3Name)
                document.element("Initiated", upload.createdAt.text)
                if let algorithm = upload.checksumAlgorithm {
                    document.element("ChecksumAlgorithm", algorithm.rawValue)
                    if let type = upload.checksumType { document.element("ChecksumType", type.rawValue) }
                }
            }
        }
        for prefix in list.delimitedPrefixes {
            document.element("CommonPrefixes") { $0.element("Prefix", listing.written(prefix)) }
        }
        return try .document(document)
    }

    func completeMultipartUpload(_ call: S3Call) async throws -> S3Response {
        let request = try await call.document(root: "CompleteMultipartUpload", hasChecksums: false)
        let parts = try request.all("Part").map { try Self.part($0) }
        guard !parts.isEmpty else { throw S3XMLReader.malformed("it names no parts") }
        // The checksums in the headers are of the object.
        var expectation = ObjectExpectation(checksums: try S3Checksums.values(call.head))
        if let text = call.head.header("x-amz-mp-object-size") {
            guard let size = Int(text), size >= 0 else {
                throw S3Error.argument("x-amz-mp-object-size", text, "it is a number of bytes")
            }
            expectation.sizeBytes = size
        }
        let record: ObjectRecord
        do {
            record = try await buckets.completeUpload(
                uploadID(call),
                key: call.key,
                in: call.bucket,
                parts: parts,
                onlyIf: S3Conditions.ofWrite(call.head),
                expecting: expectation
            )
        } catch let error as FlareError where error.cause is PartOrderError {
            throw S3Error(code: "InvalidPartOrder", httpStatus: 400, message: error.message)
        }
        var document = S3XMLWriter("CompleteMultipartUploadResult", isLenient: true)
        document.element("Location", Self.location(call))
        document.element("Bucket", call.bucket)
        document.element("Key", call.key)
        document.element("ETag", record.httpEtag)
        S3Checksums.write(record.checksum, to: &document, showsType: true)
        return try .document(document)
    }

    private static func part(_ element: S3XMLElement) throws -> CompletedPart {
        guard let number = Int(element["PartNumber"]?.trimmed ?? ""), let etag = element["ETag"]?.trimmed else {
            throw S3XMLReader.malformed("a part needs its PartNumber and its ETag")
        }
        var checksum: ObjectChecksum?
        for algorithm in ChecksumAlgorithm.allCases {
            let name = S3Checksums.element(algorithm)
            guard let text = element[name]?.trimmed else { continue }
            checksum = ObjectChecksum(algorithm, value: try S3Checksums.value(text, algorithm, name: name))
        }
        return CompletedPart(number: number, etag: etag, checksum: checksum)
    }

    private static func location(_ call: S3Call) -> String {
        let path = PercentCoding.encode(call.key, allowing: "/")
        let place = S3Addressing.bucket(ofHost: call.head.host) == nil ? "\(call.bucket)/\(path)" : path
        return "\(call.head.isTLS ? "https" : "http")://\(call.head.host)/\(place)"
    }

    func abortMultipartUpload(_ call: S3Call) async throws -> S3Response {
        try await buckets.abortUpload(uploadID(call), key: call.key, in: call.bucket)
        return S3Response(status: 204)
    }

    // MARK: Parameters

    func uploadID(_ call: S3Call) -> String { call.head.parameter("uploadId") ?? "" }

    func partNumber(_ call: S3Call) throws -> Int {
        let text = call.head.parameter("partNumber") ?? ""
        guard let number = Int(text), (1...Limits.uploadPartsMax).contains(number) else {
            throw S3Error.argument("partNumber", text, "it is a number from 1 to \(Limits.uploadPartsMax)")
        }
        return number
    }
}
