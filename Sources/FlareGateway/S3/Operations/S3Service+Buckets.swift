import FlareBuckets
import FlareModel

/// Operations of the service and of buckets.
extension S3Service {
    /// The one owner of everything: flare has no accounts.
    static let owner = "flare"

    static func writeOwner(to document: inout S3XMLWriter, as name: String = "Owner", attributes: String = "") {
        document.element(name, attributes: attributes) {
            $0.element("ID", owner)
            $0.element("DisplayName", owner)
        }
    }

    func listBuckets(_ call: S3Call) async throws -> S3Response {
        let prefix = call.head.parameter("prefix") ?? ""
        let limit = try call.number("max-buckets", default: Limits.bucketListMax, max: Limits.bucketListMax)
        guard limit > 0 else { throw S3Error.argument("max-buckets", "0", "it is a number from 1 on") }
        // One page more than asked for tells whether there is a next one; a key may see only some of them.
        var shown: [BucketRecord] = []
        var last = call.head.parameter("continuation-token").flatMap { $0.isEmpty ? nil : $0 }
        pages: while true {
            let page = try await buckets.list(after: last, containing: prefix)
            for bucket in page where bucket.name.hasPrefix(prefix) && call.identity.opens(bucket: bucket.name) {
                shown.append(bucket)
                if shown.count > limit { break pages }
            }
            guard page.count == Limits.bucketListMax, let end = page.last else { break }
            last = end.name
        }
        var document = S3XMLWriter("ListAllMyBucketsResult")
        Self.writeOwner(to: &document)
        document.element("Buckets") { document in
            for bucket in shown.prefix(limit) {
                document.element("Bucket") {
                    $0.element("Name", bucket.name)
                    $0.element("CreationDate", bucket.createdAt.text)
                }
            }
        }
        if !prefix.isEmpty { document.element("Prefix", prefix) }
        if shown.count > limit { document.element("ContinuationToken", shown[limit - 1].name) }
        return try .document(document)
    }

    func createBucket(_ call: S3Call) async throws -> S3Response {
        try await checkLocation(call)
        try await buckets.create(call.bucket, storageClass: S3Metadata.storageClass(call.head) ?? .standard)
        return S3Response(headers: [("location", "/\(call.bucket)"), ("x-amz-bucket-region", Self.region)])
    }

    /// Everything is here: the names of S3's places that mean no other one are taken, and R2's hints.
    private func checkLocation(_ call: S3Call) async throws {
        var isEmpty = true
        if let length = call.head.header("content-length") { isEmpty = length == "0" }
        if call.head.header("transfer-encoding") != nil { isEmpty = false }
        guard !isEmpty else { return }
        let place = try await call.document(root: "CreateBucketConfiguration")["LocationConstraint"]?.trimmed ?? ""
        let known = ["", "auto", "us-east-1", "wnam", "enam", "weur", "eeur", "apac", "oc"]
        guard known.contains(place.lowercased()) else {
            throw S3Error(
                code: "InvalidLocationConstraint",
                httpStatus: 400,
                message: "\"\(place)\" is not a place of flare: leave LocationConstraint out, or say auto"
            )
        }
    }

    func headBucket(_ call: S3Call) async throws -> S3Response {
        _ = try await buckets.get(call.bucket)
        return S3Response(headers: [("x-amz-bucket-region", Self.region), ("x-amz-access-point-alias", "false")])
    }

    func deleteBucket(_ call: S3Call) async throws -> S3Response {
        try await buckets.delete(call.bucket)
        return S3Response(status: 204)
    }

    func getBucketLocation(_ call: S3Call) async throws -> S3Response {
        _ = try await buckets.get(call.bucket)
        // Empty stands for us-east-1, the one region whose name every client knows.
        return try .document(S3XMLWriter("LocationConstraint"))
    }

    /// Objects lie on the disk as they are.
    func getBucketEncryption(_ call: S3Call) async throws -> S3Response {
        _ = try await buckets.get(call.bucket)
        throw S3Error(
            code: "ServerSideEncryptionConfigurationNotFoundError",
            httpStatus: 404,
            message: "bucket \"\(call.bucket)\" is not encrypted: flare keeps objects as they are"
        )
    }

    /// An empty configuration: never versioned.
    func getBucketVersioning(_ call: S3Call) async throws -> S3Response {
        _ = try await buckets.get(call.bucket)
        return try .document(S3XMLWriter("VersioningConfiguration"))
    }

    func getAbsent(_ absent: S3Absent, _ call: S3Call) async throws -> S3Response {
        _ = try await buckets.get(call.bucket)
        return try .document(absent.answer(bucket: call.bucket))
    }

    /// No object has tags: the answer is their empty set, as S3's is.
    func getObjectTagging(_ call: S3Call) async throws -> S3Response {
        guard try await buckets.head(call.key, in: call.bucket) != nil else {
            throw BucketService.objectNotFound(call.key, in: call.bucket)
        }
        var document = S3XMLWriter("Tagging")
        document.element("TagSet") { _ in }
        return try .document(document)
    }

    func getAcl(_ call: S3Call) async throws -> S3Response {
        if call.key.isEmpty {
            _ = try await buckets.get(call.bucket)
        } else if try await buckets.head(call.key, in: call.bucket) == nil {
            throw BucketService.objectNotFound(call.key, in: call.bucket)
        }
        var document = S3XMLWriter("AccessControlPolicy")
        Self.writeOwner(to: &document)
        document.element("AccessControlList") {
            $0.element("Grant") {
                Self.writeOwner(
                    to: &$0,
                    as: "Grantee",
                    attributes: " xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:type=\"CanonicalUser\""
                )
                $0.element("Permission", "FULL_CONTROL")
            }
        }
        return try .document(document)
    }

    /// What clients that ask for a region are told.
    static let region = "us-east-1"
}
