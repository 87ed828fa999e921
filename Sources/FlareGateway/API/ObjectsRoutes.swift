import FlareBuckets
import FlareModel
import FlareStore
import FoundationEssentials

/// Objects over REST v4: bodies are raw bytes, streamed both ways; keys may hold slashes, literal or as `%2F`.
struct ObjectsRoutes {
    let buckets: BucketService

    private static let path = "\(BucketsRoutes.path)/:bucket/objects"
    private static let ownPath = "/flare/v1/buckets/:bucket/objects"

    func register(on routes: APIRoutes) {
        routes.get(Self.path) { try await list($0) }
        routes.get("\(Self.path)/**") { try await get($0) }
        routes.head("\(Self.path)/**") { try await head($0) }
        routes.put("\(Self.path)/**") { try await put($0) }
        routes.delete("\(Self.path)/**") { request in
            let bucket = try request.parameter("bucket")
            if request.header("if-match") != nil {
                try await buckets.delete(request.rest, in: bucket, onlyIf: ObjectConditions(request.header))
            } else {
                // A key that is not there is no error, as at Cloudflare.
                try await buckets.delete([request.rest], in: bucket)
            }
            return .result(ObjectDeleteBody(key: request.rest))
        }
        routes.get("\(Self.ownPath)/**") { request in
            let bucket = try request.parameter("bucket")
            guard let record = try await buckets.head(request.rest, in: bucket) else {
                throw BucketService.objectNotFound(request.rest, in: bucket)
            }
            return .result(ObjectBody(record))
        }
        routes.post("\(Self.ownPath)/delete") { request in
            let keys = try await request.json(ObjectsDeleteBody.self).keys
            let deleted = try await buckets.delete(keys, in: request.parameter("bucket"))
            return .result(ObjectsDeleteBody(keys: deleted))
        }
        routes.post("\(Self.ownPath)/copy") { try await copy($0, deletesSource: false) }
        routes.post("\(Self.ownPath)/move") { try await copy($0, deletesSource: true) }
    }

    private func copy(_ request: APIRequest, deletesSource: Bool) async throws -> APIReply {
        let body = try await request.json(ObjectCopyBody.self)
        let record = try await buckets.copy(
            from: ObjectSource(body.source),
            to: body.key,
            in: request.parameter("bucket"),
            metadata: body.metadata,
            onlyIf: ObjectConditions(request.header),
            deletesSource: deletesSource
        )
        return .result(ObjectBody(record))
    }

    private func list(_ request: APIRequest) async throws -> APIReply {
        let limit = try request.integerQuery("per_page", in: 1...Limits.objectListMax) ?? Limits.objectListMax
        let listing = ObjectListRequest(
            prefix: request.query("prefix") ?? "",
            delimiter: request.query("delimiter"),
            cursor: request.query("cursor"),
            startAfter: request.query("start_after"),
            limit: limit
        )
        let list = try await buckets.list(listing, in: request.parameter("bucket"))
        return .result(
            list.objects.map { ObjectBody($0) },
            info: ResultInfo(
                perPage: limit,
                count: list.objects.count,
                cursor: list.cursor,
                isTruncated: list.cursor != nil,
                delimited: listing.delimiter == nil ? nil : list.delimitedPrefixes
            )
        )
    }

    private func get(_ request: APIRequest) async throws -> APIReply {
        let bucket = try request.parameter("bucket")
        let read = try await buckets.get(
            request.rest,
            in: bucket,
            onlyIf: ObjectConditions(request.header),
            range: request.header("range").flatMap { ObjectRange(header: $0) }
        )
        switch read {
        case nil:
            throw BucketService.objectNotFound(request.rest, in: bucket)
        case .notModified(let record):
            return .raw(status: 304, headers: headers(record), bytes: [])
        case .conditionFailed(let record):
            throw conditionFailed(record.key)
        case .rangeNotSatisfiable(let record):
            return .raw(status: 416, headers: [("content-range", "bytes */\(record.size)")], bytes: [])
        case .contents(let contents):
            var headers = headers(contents.record)
            if !contents.isWhole {
                let (first, last) = (contents.range.lowerBound, contents.range.upperBound - 1)
                headers.append(("content-range", "bytes \(first)-\(last)/\(contents.record.size)"))
            }
            return .stream(
                status: contents.isWhole ? 200 : 206,
                headers: headers,
                lengthBytes: contents.range.count
            ) { writer in
                for try await chunk in contents.bytes { try await writer.write(chunk) }
            }
        }
    }

    private func head(_ request: APIRequest) async throws -> APIReply {
        let bucket = try request.parameter("bucket")
        guard let record = try await buckets.head(request.rest, in: bucket) else {
            throw BucketService.objectNotFound(request.rest, in: bucket)
        }
        switch ObjectConditions(request.header).evaluate(etag: record.etag, uploaded: record.uploadedAt) {
        case .holds: return .raw(headers: headers(record) + [("content-length", "\(record.size)")], bytes: [])
        case .notModified: return .raw(status: 304, headers: headers(record), bytes: [])
        case .failed: throw conditionFailed(record.key)
        }
    }

    private func put(_ request: APIRequest) async throws -> APIReply {
        let bucket = try request.parameter("bucket")
        let record = try await buckets.put(
            request.rest,
            in: bucket,
            request.body,
            metadata: ObjectMetadata(
                http: HTTPMetadata(request.header),
                custom: customMetadata(request),
                storageClass: try StorageClass(request)
            ),
            onlyIf: ObjectConditions(request.header),
            expecting: ObjectExpectation(request)
        )
        guard let record else { throw conditionFailed(request.rest) }
        return .result(
            ObjectPutBody(
                key: record.key,
                etag: record.etag,
                size: record.size,
                version: record.version,
                uploaded: record.uploadedAt,
                storageClass: record.metadata.storageClass
            )
        )
    }

    /// The user's own metadata, in a header as a percent-encoded JSON object of texts: no part of Cloudflare's API.
    private func customMetadata(_ request: APIRequest) throws -> [String: String] {
        guard let header = request.header("flare-custom-metadata") else { return [:] }
        guard let text = PercentCoding.decode(header),
            let custom = try? FlareJSON.decode([String: String].self, from: text.utf8)
        else {
            throw FlareError(
                .invalidArgument,
                "the header \"flare-custom-metadata\" holds no JSON object of texts",
                hint: "send it percent-encoded: %7B%22name%22%3A%22value%22%7D"
            )
        }
        return custom
    }

    private func headers(_ record: ObjectRecord) -> [(String, String)] {
        var http = record.metadata.http
        http.contentType = http.contentType ?? "application/octet-stream"
        return http.headers + [
            ("etag", record.httpEtag), ("last-modified", record.uploadedAt.httpDate), ("accept-ranges", "bytes"),
        ]
    }

    private func conditionFailed(_ key: String) -> FlareError {
        FlareError(.preconditionFailed, "object \"\(key)\" does not meet the conditions of the request")
    }
}

extension ObjectBody {
    init(_ record: ObjectRecord) {
        self.init(
            key: record.key,
            version: record.version,
            etag: record.etag,
            lastModified: record.uploadedAt,
            size: record.size,
            storageClass: record.metadata.storageClass,
            httpMetadata: record.metadata.http,
            customMetadata: record.metadata.custom,
            partCount: record.partCount,
            checksum: record.checksum.map { ChecksumBody($0) }
        )
    }
}

extension ObjectExpectation {
    /// What the headers of a request announce of its body.
    init(_ request: APIRequest) {
        self.init(
            sizeBytes: request.header("content-length").flatMap { Int($0) },
            md5: request.header("content-md5").flatMap { Data(base64Encoded: $0) }.map { hexadecimalText($0) }
        )
    }
}

extension ObjectSource {
    init(_ body: ObjectSourceBody) {
        self.init(
            bucket: body.bucket,
            key: body.key,
            onlyIf: body.etag.map { ObjectConditions(etagMatches: [$0.replacing("\"", with: "")]) }
        )
    }
}

extension ObjectCopyBody {
    /// New metadata for the copy; nil when it keeps the source's.
    fileprivate var metadata: ObjectMetadata? {
        guard httpMetadata != nil || customMetadata != nil || storageClass != nil else { return nil }
        return ObjectMetadata(
            http: httpMetadata ?? HTTPMetadata(),
            custom: customMetadata ?? [:],
            storageClass: storageClass
        )
    }
}
