import FlareBuckets
import FlareModel
import FlareStore

/// Access keys of the S3 door: flare's own verbs, R2's temporary credentials, and presigned URLs.
struct AccessKeysRoutes {
    let keys: AccessKeyService
    let buckets: BucketService
    let s3URL: @Sendable () -> String?

    private static let path = "/flare/v1/access-keys"

    func register(on routes: APIRoutes) {
        routes.get(Self.path) { _ in .result(try await keys.list().map { AccessKeyBody($0) }) }
        // As with tokens: who holds one makes no others, which would outlive it.
        routes.post(Self.path) { request in
            try EngineRoutes.requireLocal(request)
            let body = try await request.json(CreateAccessKeyBody.self)
            let record = try await keys.create(
                name: body.name ?? "",
                permission: body.permission ?? .write,
                buckets: body.buckets,
                expiresInSeconds: body.expiresInSeconds
            )
            return .result(NewAccessKeyBody(record), status: 201)
        }
        routes.delete("\(Self.path)/:id") { request in
            try EngineRoutes.requireLocal(request)
            try await keys.revoke(request.parameter("id"))
            return .empty()
        }
        routes.post("/client/v4/accounts/:account/r2/temp-access-credentials") { request in
            let record = try await keys.createTemporary(try await request.json(CreateTemporaryKeyBody.self))
            return .result(
                TemporaryKeyBody(
                    accessKeyId: record.id,
                    secretAccessKey: record.secret,
                    sessionToken: record.sessionToken ?? ""
                )
            )
        }
        routes.post("/flare/v1/buckets/:bucket/presign") { try await presign($0) }
    }

    private func presign(_ request: APIRequest) async throws -> APIReply {
        let body = try await request.json(PresignBody.self)
        let bucket = try await buckets.get(request.parameter("bucket")).name
        let method = body.method.uppercased()
        guard S3Presigner.methods.contains(method) else {
            let methods = S3Presigner.methods.joined(separator: ", ")
            throw FlareError(.invalidArgument, "a URL is presigned for one of \(methods), not \"\(body.method)\"")
        }
        let seconds = body.expiresInSeconds ?? 3600
        guard (1...Limits.presignSecondsMax).contains(seconds) else {
            throw FlareError(
                .invalidArgument,
                "a presigned URL is good for 1 to \(Limits.presignSecondsMax) seconds (7 days), not \(seconds)"
            )
        }
        try ObjectKey.validate(body.key)
        guard let endpoint = s3URL() else {
            throw FlareError(.engineUnavailable, "the S3 door does not listen yet", hint: "flare engine status")
        }
        let key = if let id = body.accessKeyID { try await keys.require(id) } else { try await keys.environmentKey() }
        let now = keys.time.now()
        try Self.require(key, opens: body.key, of: bucket, method, at: now)
        let url = S3Presigner(endpoint: endpoint, key: key)
            .url(method, bucket: bucket, object: body.key, seconds: seconds, contentType: body.contentType, at: now)
        let end = now + .seconds(seconds)
        return .result(
            PresignedBody(
                method: method,
                url: url,
                expiresAt: key.expiresAt.map { min($0, end) } ?? end,
                accessKeyID: key.id
            )
        )
    }

    /// Refuses to make a URL that the S3 door would refuse.
    private static func require(
        _ key: AccessKeyRecord,
        opens object: String,
        of bucket: String,
        _ method: String,
        at now: Timestamp
    ) throws {
        guard !key.isExpired(at: now) else {
            throw FlareError(
                .permissionDenied,
                "access key \"\(key.id)\" has expired",
                hint: "flare buckets keys create"
            )
        }
        let permission: AccessKeyPermission = method == "GET" || method == "HEAD" ? .read : .write
        do {
            try S3Identity(key: key, payload: .unsigned, chain: nil).requires(permission, bucket: bucket, key: object)
        } catch let error as S3Error {
            throw FlareError(.permissionDenied, error.message, hint: "see: flare buckets keys list")
        }
    }
}

extension AccessKeyBody {
    init(_ record: AccessKeyRecord) {
        self.init(
            id: record.id,
            name: record.name,
            kind: record.kind,
            permission: record.permission,
            buckets: record.buckets,
            parent: record.parent,
            createdAt: record.createdAt,
            expiresAt: record.expiresAt
        )
    }
}

extension NewAccessKeyBody {
    init(_ record: AccessKeyRecord) {
        self.init(
            id: record.id,
            secret: record.secret,
            name: record.name,
            permission: record.permission,
            buckets: record.buckets,
            createdAt: record.createdAt,
            expiresAt: record.expiresAt
        )
    }
}
