import FlareBuckets
import FlareModel

/// Uploads in parts under `/flare/v1`: Cloudflare's REST has none, its clients use S3 for them.
struct UploadsRoutes {
    let buckets: BucketService

    private static let path = "/flare/v1/buckets/:bucket/uploads"

    func register(on routes: APIRoutes) {
        routes.post(Self.path) { try await create($0) }
        routes.get(Self.path) { try await list($0) }
        routes.delete("\(Self.path)/:upload") { request in
            let upload = try request.parameter("upload")
            try await buckets.abortUpload(upload, in: request.parameter("bucket"))
            return .empty()
        }
        routes.post("\(Self.path)/:upload/complete") { try await complete($0) }
        routes.get("\(Self.path)/:upload/parts") { try await parts($0) }
        routes.put("\(Self.path)/:upload/parts/:number") { request in
            let part = try await buckets.uploadPart(
                number(request),
                of: request.parameter("upload"),
                in: request.parameter("bucket"),
                request.body,
                expecting: ObjectExpectation(request)
            )
            return .result(UploadPartBody(part))
        }
        routes.post("\(Self.path)/:upload/parts/:number/copy") { try await copy($0) }
    }

    private func create(_ request: APIRequest) async throws -> APIReply {
        let body = try await request.json(UploadCreateBody.self)
        let upload = try await buckets.createUpload(
            body.key,
            in: request.parameter("bucket"),
            metadata: ObjectMetadata(
                http: body.httpMetadata ?? HTTPMetadata(),
                custom: body.customMetadata ?? [:],
                storageClass: body.storageClass
            )
        )
        return .result(UploadBody(upload))
    }

    private func list(_ request: APIRequest) async throws -> APIReply {
        let list = try await buckets.listUploads(
            in: request.parameter("bucket"),
            prefix: request.query("prefix") ?? "",
            delimiter: request.query("delimiter"),
            keyMarker: request.query("key_marker"),
            uploadIDMarker: request.query("upload_id_marker"),
            limit: limit(request)
        )
        return .result(
            UploadListBody(
                uploads: list.uploads.map { UploadBody($0) },
                delimitedPrefixes: list.delimitedPrefixes,
                nextKeyMarker: list.nextKeyMarker,
                nextUploadIDMarker: list.nextUploadIDMarker
            )
        )
    }

    private func parts(_ request: APIRequest) async throws -> APIReply {
        let page = try await buckets.listParts(
            of: request.parameter("upload"),
            in: request.parameter("bucket"),
            after: request.integerQuery("after", in: 0...Limits.uploadPartsMax) ?? 0,
            limit: limit(request)
        )
        return .result(
            UploadPartsBody(
                upload: UploadBody(page.upload),
                parts: page.parts.map { UploadPartBody($0) },
                isTruncated: page.isTruncated
            )
        )
    }

    private func complete(_ request: APIRequest) async throws -> APIReply {
        let body = try await request.json(UploadCompleteBody.self)
        let record = try await buckets.completeUpload(
            request.parameter("upload"),
            in: request.parameter("bucket"),
            parts: body.parts.map { CompletedPart(number: $0.number, etag: $0.etag) },
            onlyIf: ObjectConditions(request.header)
        )
        return .result(ObjectBody(record))
    }

    private func copy(_ request: APIRequest) async throws -> APIReply {
        let body = try await request.json(UploadPartCopyBody.self)
        let isWhole = body.offset == nil && body.length == nil
        let part = try await buckets.uploadPartCopy(
            number(request),
            of: request.parameter("upload"),
            in: request.parameter("bucket"),
            from: ObjectSource(body.source),
            range: isWhole ? nil : .from(offset: body.offset ?? 0, length: body.length)
        )
        return .result(UploadPartBody(part))
    }

    private func number(_ request: APIRequest) throws -> Int {
        let text = try request.parameter("number")
        guard let number = Int(text) else {
            throw FlareError(.invalidArgument, "\"\(text)\" is not the number of a part")
        }
        return number
    }

    private func limit(_ request: APIRequest) throws -> Int {
        try request.integerQuery("limit", in: 1...Limits.objectListMax) ?? Limits.objectListMax
    }
}

extension UploadBody {
    init(_ record: UploadRecord) {
        self.init(
            id: record.id,
            bucket: record.bucket,
            key: record.key,
            createdAt: record.createdAt,
            storageClass: record.metadata.storageClass,
            httpMetadata: record.metadata.http,
            customMetadata: record.metadata.custom
        )
    }
}

extension UploadPartBody {
    init(_ record: UploadPartRecord) {
        self.init(number: record.number, size: record.size, etag: record.etag, uploadedAt: record.uploadedAt)
    }
}
