package import FlareBuckets
import FlareModel
package import FlareStore
package import Logging
import NIOCore

/// Answers the requests of S3 clients: who sends it, may that one do it, is the body what it should be, and then a verb
/// of the rooms below.
package struct S3Service: Sendable {
    let buckets: BucketService
    private let authenticator: S3Authenticator
    private let logger: Logger

    package init(buckets: BucketService, keys: AccessKeyService, time: any TimeSource, logger: Logger) {
        self.buckets = buckets
        self.logger = logger
        authenticator = S3Authenticator(keys: keys, time: time)
    }

    /// Answers one request; what goes wrong is an answer too.
    func answer(_ request: S3IncomingRequest) async -> S3Response {
        let resource = String(request.target.prefix { $0 != "?" })
        let isHead = request.method == "HEAD"
        do {
            let head = try S3Addressing.head(of: request)
            let page = await pageHeaders(head)
            var response: S3Response
            do {
                response = try await perform(head, request)
            } catch {
                response = failure(error, head, resource, request.requestID)
            }
            response.headers += page
            return response
        } catch {
            return S3Failure.response(error, resource: resource, requestID: request.requestID, isHead: isHead)
        }
    }

    private func failure(
        _ error: any Error,
        _ head: S3RequestHead,
        _ resource: String,
        _ requestID: String
    ) -> S3Response {
        var refusal = S3Failure.s3Error(error)
        if refusal.code == "NoSuchKey", let key = head.key { refusal.details.append(("Key", key)) }
        if refusal.code == "NoSuchBucket", let bucket = head.bucket { refusal.details.append(("BucketName", bucket)) }
        if refusal.httpStatus >= 500, refusal.httpStatus != 501, refusal.httpStatus != 503 {
            logger.error(
                "an S3 request failed",
                metadata: ["method": "\(head.method)", "resource": "\(resource)", "error": "\(error)"]
            )
        }
        let isHead = head.method == "HEAD"
        return S3Failure.response(refusal, resource: resource, requestID: requestID, isHead: isHead)
    }

    private func perform(_ head: S3RequestHead, _ request: S3IncomingRequest) async throws -> S3Response {
        if let bucket = try await publicBucket(head) { return try await readPublic(head, bucket: bucket) }
        let operation = try S3Operation(head)
        if operation == .preflight { return try await preflight(head) }
        let identity = try await authenticator.authenticate(head)
        try authorize(identity, operation, head)
        if operation.writes { try S3Unsupported.check(head) } else { try Self.checkVersion(head) }
        let call = S3Call(
            head: head,
            bucket: head.bucket ?? "",
            key: head.key ?? "",
            identity: identity,
            body: try S3Payload.verified(request.body, head: head, identity: identity)
        )
        if !call.key.isEmpty { try Self.check(key: call.key) }
        return try await perform(operation, call)
    }

    private func authorize(_ identity: S3Identity, _ operation: S3Operation, _ head: S3RequestHead) throws {
        switch operation {
        case .listBuckets:
            // Shows those that the key opens.
            if identity.isAnonymous { try identity.requires(.read, bucket: nil) }
        case .listObjects, .listObjectsV2, .listObjectVersions, .listMultipartUploads:
            try identity.requiresList(bucket: head.bucket ?? "", prefix: head.parameter("prefix") ?? "")
        case .headBucket, .getBucketLocation:
            // Clients ask for these before all else.
            guard identity.isAnonymous || !identity.opens(bucket: head.bucket ?? "") else { return }
            try identity.requires(.read, bucket: head.bucket)
        case .deleteObjects:
            // Each key of the document is looked at on its own.
            guard identity.isAnonymous || !identity.opens(bucket: head.bucket ?? "") else { return }
            try identity.requires(.write, bucket: head.bucket)
        default:
            try identity.requires(operation.writes ? .write : .read, bucket: head.bucket, key: head.key)
        }
    }

    /// Throws `KeyTooLongError`; the room below checks the rest.
    private static func check(key: String) throws {
        guard key.utf8.count > Limits.objectKeyBytesMax else { return }
        throw S3Error(
            code: "KeyTooLongError",
            httpStatus: 400,
            message: "the key has \(key.utf8.count) bytes of UTF-8; at most \(Limits.objectKeyBytesMax) are kept",
            details: [("Size", "\(key.utf8.count)"), ("MaxSizeAllowed", "\(Limits.objectKeyBytesMax)")]
        )
    }

    /// Objects have one version, whose name is null.
    ///
    /// Throws `NoSuchVersion` for a read of another one.
    private static func checkVersion(_ head: S3RequestHead) throws {
        guard let key = head.key, let version = head.parameter("versionId"), !["", "null"].contains(version) else {
            return
        }
        throw S3Error(
            code: "NoSuchVersion",
            httpStatus: 404,
            message: "object \"\(key)\" has no version \"\(version)\": flare keeps one version, named null",
            details: [("Key", key), ("VersionId", version)]
        )
    }

    private func perform(_ operation: S3Operation, _ call: S3Call) async throws -> S3Response {
        switch operation {
        case .listBuckets: try await listBuckets(call)
        case .createBucket: try await createBucket(call)
        case .headBucket: try await headBucket(call)
        case .deleteBucket: try await deleteBucket(call)
        case .getBucketLocation: try await getBucketLocation(call)
        case .getBucketEncryption: try await getBucketEncryption(call)
        case .getBucketVersioning: try await getBucketVersioning(call)
        case .getBucketAcl, .getObjectAcl: try await getAcl(call)
        case .getAbsent(let absent): try await getAbsent(absent, call)
        case .getObjectTagging: try await getObjectTagging(call)
        case .getObjectAttributes: try await getObjectAttributes(call)
        case .getBucketCors: try await getCors(call)
        case .putBucketCors: try await putCors(call)
        case .deleteBucketCors: try await deleteCors(call)
        case .getBucketLifecycle: try await getLifecycle(call)
        case .putBucketLifecycle: try await putLifecycle(call)
        case .deleteBucketLifecycle: try await deleteLifecycle(call)
        case .getBucketNotification: try await getNotification(call)
        case .putBucketNotification: try await putNotification(call)
        case .listObjects: try await listObjects(call)
        case .listObjectsV2: try await listObjectsV2(call)
        case .listObjectVersions: try await listObjectVersions(call)
        case .listMultipartUploads: try await listMultipartUploads(call)
        case .deleteObjects: try await deleteObjects(call)
        case .putObject: try await putObject(call)
        case .copyObject: try await copyObject(call)
        case .getObject: try await getObject(call)
        case .headObject: try await headObject(call)
        case .deleteObject: try await deleteObject(call)
        case .createMultipartUpload: try await createMultipartUpload(call)
        case .uploadPart: try await uploadPart(call)
        case .uploadPartCopy: try await uploadPartCopy(call)
        case .listParts: try await listParts(call)
        case .completeMultipartUpload: try await completeMultipartUpload(call)
        case .abortMultipartUpload: try await abortMultipartUpload(call)
        case .preflight: try await preflight(call.head)
        }
    }
}
