import FlareBuckets
import FlareModel

/// Writing, reading and deleting single objects.
extension S3Service {
    func putObject(_ call: S3Call) async throws -> S3Response {
        try call.requireBody()
        let conditions = S3Conditions.ofWrite(call.head)
        let record = try await buckets.put(
            call.key,
            in: call.bucket,
            call.body,
            metadata: try S3Metadata.read(call.head),
            onlyIf: conditions,
            expecting: try S3Checksums.expectation(call.head, body: call.body)
        )
        guard let record else { throw try await refused(call) }
        return S3Response(headers: [("etag", record.httpEtag)] + S3Checksums.headers(record.checksum))
    }

    /// Why the conditions of a write did not hold: `If-Match` needs an object.
    func refused(_ call: S3Call) async throws -> any Error {
        guard call.head.header("if-match") != nil, try await buckets.head(call.key, in: call.bucket) == nil else {
            return S3Conditions.failed(call.head.header("if-match") == nil ? "If-None-Match" : "If-Match")
        }
        return BucketService.objectNotFound(call.key, in: call.bucket)
    }

    func getObject(_ call: S3Call) async throws -> S3Response {
        try await read(call.head, call.key, in: call.bucket)
    }

    /// As `getObject`, for whoever may read.
    func read(_ head: S3RequestHead, _ key: String, in bucket: String) async throws -> S3Response {
        if let part = head.parameter("partNumber") { return try await readPart(part, head, key, in: bucket) }
        let conditions = S3Conditions.ofRead(head)
        let range = S3Conditions.range(head)
        let read = try await buckets.get(key, in: bucket, onlyIf: conditions, range: range)
        // Judged by the version that was read: looked at before, it might be another one by then.
        guard range != nil, let record = read?.ranged, !S3Conditions.isRange(head, of: record) else {
            return try respond(read, head, key, in: bucket, isRange: range != nil)
        }
        let whole = try await buckets.get(key, in: bucket, onlyIf: conditions)
        return try respond(whole, head, key, in: bucket, isRange: false)
    }

    func respond(
        _ read: ObjectRead?,
        _ head: S3RequestHead,
        _ key: String,
        in bucket: String,
        isRange: Bool
    ) throws -> S3Response {
        switch read {
        case nil: throw BucketService.objectNotFound(key, in: bucket)
        case .notModified(let record): return Self.notModified(record)
        case .conditionFailed: throw S3Conditions.failed()
        case .rangeNotSatisfiable(let record): throw Self.invalidRange(head, record)
        case .contents(let contents):
            let record = contents.record
            var headers = Self.overridden(S3Metadata.headers(record), by: head)
            guard contents.isWhole && !isRange else {
                let (first, last) = (contents.range.lowerBound, contents.range.upperBound - 1)
                headers.append(("content-range", "bytes \(first)-\(last)/\(record.size)"))
                return S3Response(status: 206, headers: headers, body: .object(contents.bytes))
            }
            if head.header("x-amz-checksum-mode")?.uppercased() == "ENABLED" {
                headers += S3Checksums.headers(record.checksum)
            }
            return S3Response(headers: headers, body: .object(contents.bytes))
        }
    }

    func headObject(_ call: S3Call) async throws -> S3Response {
        try await lookAt(call.head, call.key, in: call.bucket)
    }

    /// As `headObject`, for whoever may read.
    func lookAt(_ head: S3RequestHead, _ key: String, in bucket: String) async throws -> S3Response {
        if let part = head.parameter("partNumber") { return try await readPart(part, head, key, in: bucket) }
        guard let record = try await buckets.head(key, in: bucket) else {
            throw BucketService.objectNotFound(key, in: bucket)
        }
        switch S3Conditions.ofRead(head)?.evaluate(etag: record.etag, uploaded: record.uploadedAt) ?? .holds {
        case .notModified: return Self.notModified(record)
        case .failed: throw S3Conditions.failed()
        case .holds: break
        }
        var headers = Self.overridden(S3Metadata.headers(record), by: head)
        if let range = S3Conditions.range(head), S3Conditions.isRange(head, of: record) {
            guard let bytes = range.resolve(size: record.size) else { throw Self.invalidRange(head, record) }
            headers.append(("content-range", "bytes \(bytes.lowerBound)-\(bytes.upperBound - 1)/\(record.size)"))
            return S3Response(status: 206, headers: headers, body: .announced(bytes.count))
        }
        if head.header("x-amz-checksum-mode")?.uppercased() == "ENABLED" {
            headers += S3Checksums.headers(record.checksum)
        }
        return S3Response(headers: headers, body: .announced(record.size))
    }

    /// One part of an object, as it was uploaded; an object that was written at once is its own first part.
    private func readPart(
        _ text: String,
        _ head: S3RequestHead,
        _ key: String,
        in bucket: String
    ) async throws -> S3Response {
        guard let number = Int(text), (1...Limits.uploadPartsMax).contains(number) else {
            throw S3Error.argument("partNumber", text, "it is a number from 1 to \(Limits.uploadPartsMax)")
        }
        guard head.header("range") == nil else {
            throw S3Error(
                code: "InvalidRequest",
                httpStatus: 400,
                message: "a part and a range cannot both be asked for"
            )
        }
        let conditions = S3Conditions.ofRead(head)
        let read = try await buckets.get(key, in: bucket, onlyIf: conditions, partNumber: number)
        if case .rangeNotSatisfiable(let record) = read {
            throw S3Error(
                code: "InvalidPartNumber",
                httpStatus: 416,
                message: "object \"\(key)\" has \(record.partCount ?? 1) parts, none of them is number \(number)",
                details: [("PartNumberRequested", text), ("ActualPartCount", "\(record.partCount ?? 1)")]
            )
        }
        var response = try respond(read, head, key, in: bucket, isRange: false)
        guard case .contents(let contents) = read else { return response }
        if let count = contents.record.partCount { response.headers.append(("x-amz-mp-parts-count", "\(count)")) }
        if response.status == 200, !contents.range.isEmpty {
            response.status = 206
            let last = contents.range.upperBound - 1
            response.headers.append(("content-range", "bytes 0-\(last)/\(contents.record.size)"))
        }
        if head.method == "HEAD" { response.body = .announced(contents.range.count) }
        return response
    }

    func deleteObject(_ call: S3Call) async throws -> S3Response {
        if let conditions = S3Conditions.ofWrite(call.head) {
            try await buckets.delete(call.key, in: call.bucket, onlyIf: conditions)
        } else {
            try await buckets.delete([call.key], in: call.bucket)
        }
        return S3Response(status: 204)
    }

    // MARK: Answers

    private static func notModified(_ record: ObjectRecord) -> S3Response {
        S3Response(
            status: 304,
            headers: [("etag", record.httpEtag), ("last-modified", record.uploadedAt.httpDate)]
        )
    }

    private static func invalidRange(_ head: S3RequestHead, _ record: ObjectRecord) -> S3Error {
        S3Error(
            code: "InvalidRange",
            httpStatus: 416,
            message: "the object has \(record.size) bytes, none of them in the range",
            details: [
                ("RangeRequested", head.header("range") ?? ""), ("ActualObjectSize", "\(record.size)"),
            ],
            headers: [("content-range", "bytes */\(record.size)")]
        )
    }

    /// The `response-…` parameters of a read stand in place of what is kept with the object.
    private static func overridden(
        _ headers: [(name: String, value: String)],
        by head: S3RequestHead
    ) -> [(name: String, value: String)] {
        guard head.query.contains(where: { $0.name.hasPrefix("response-") }) else { return headers }
        var result = headers
        let names = [
            "content-type", "content-language", "expires", "cache-control", "content-disposition", "content-encoding",
        ]
        for name in names {
            guard let value = head.parameter("response-" + name) else { continue }
            result.removeAll { $0.name == name }
            result.append((name, value))
        }
        return result
    }
}

extension ObjectRead {
    /// The version whose range was read or is not there; nil when a condition has decided before.
    fileprivate var ranged: ObjectRecord? {
        switch self {
        case .contents(let contents): contents.record
        case .rangeNotSatisfiable(let record): record
        case .notModified, .conditionFailed: nil
        }
    }
}
