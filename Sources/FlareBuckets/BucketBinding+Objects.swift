import FlareModel

/// The shapes of objects on their way to and from user code.
extension BucketBinding {
    /// An OBJECT, as documented above.
    func members(_ record: ObjectRecord) -> [String: JSONValue] {
        let http = record.metadata.http
        let texts = [
            ("contentType", http.contentType), ("contentLanguage", http.contentLanguage),
            ("contentDisposition", http.contentDisposition), ("contentEncoding", http.contentEncoding),
            ("cacheControl", http.cacheControl),
        ]
        var headers: [String: JSONValue] = [:]
        for (name, text) in texts { headers[name] = text.map { .string($0) } }
        headers["cacheExpiry"] = http.cacheExpiry.map { .integer($0.milliseconds) }
        return [
            "key": .string(record.key),
            "version": .string(record.version),
            "size": .integer(Int64(record.size)),
            "etag": .string(record.etag),
            "httpEtag": .string(record.httpEtag),
            "uploaded": .integer(record.uploadedAt.milliseconds),
            "httpMetadata": .object(headers),
            "customMetadata": .object(record.metadata.custom.mapValues { .string($0) }),
            "storageClass": .string(record.metadata.storageClass.rawValue),
            "checksums": .object(checksums(record)),
        ]
    }

    func metadata(_ arguments: JSONValue) throws -> ObjectMetadata {
        let http = arguments["httpMetadata"] ?? .null
        var metadata = ObjectMetadata(
            http: HTTPMetadata(
                contentType: http["contentType"]?.stringValue,
                contentLanguage: http["contentLanguage"]?.stringValue,
                contentDisposition: http["contentDisposition"]?.stringValue,
                contentEncoding: http["contentEncoding"]?.stringValue,
                cacheControl: http["cacheControl"]?.stringValue,
                cacheExpiry: http["cacheExpiry"]?.integerValue.map { Timestamp(milliseconds: Int64($0)) }
            )
        )
        for (name, value) in arguments["customMetadata"]?.objectValue ?? [:] {
            guard let text = value.stringValue else {
                throw FlareError(.invalidArgument, "customMetadata.\(name) must be a text")
            }
            metadata.custom[name] = text
        }
        if let name = arguments["storageClass"]?.stringValue {
            guard let storageClass = StorageClass(rawValue: name) else {
                throw FlareError(.invalidArgument, "storageClass is Standard or InfrequentAccess, not \"\(name)\"")
            }
            metadata.storageClass = storageClass
        }
        return metadata
    }

    /// What the caller announces of the bytes; R2 knows more of them than S3 does.
    func expectation(_ arguments: JSONValue) throws -> ObjectExpectation {
        var expectation = ObjectExpectation(md5: arguments["md5"]?.stringValue)
        for (name, algorithm) in [("sha1", ChecksumAlgorithm.sha1), ("sha256", .sha256)] {
            guard let text = arguments[name]?.stringValue else { continue }
            guard text.utf8.count == algorithm.sizeBytes * 2, text.allSatisfy({ $0.isASCII && $0.isHexDigit }) else {
                throw FlareError(.invalidArgument, "\(name) must be \(algorithm.sizeBytes) bytes or their hexadecimal")
            }
            expectation.checksums[algorithm] = hexadecimalBytes(text.lowercased())
        }
        return expectation
    }

    private func checksums(_ record: ObjectRecord) -> [String: JSONValue] {
        var result: [String: JSONValue] = [:]
        // The etag of an object made of parts is no MD5 of its bytes.
        if !record.etag.utf8.contains(UInt8(ascii: "-")) { result["md5"] = .string(record.etag) }
        if let checksum = record.checksum, checksum.type == .fullObject {
            switch checksum.algorithm {
            case .sha1: result["sha1"] = .string(hexadecimalText(checksum.value))
            case .sha256: result["sha256"] = .string(hexadecimalText(checksum.value))
            case .crc32, .crc32c, .crc64nvme: break
            }
        }
        return result
    }
}
