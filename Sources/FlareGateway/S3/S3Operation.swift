import FlareModel

/// What a request asks for, found from its method, its place and its query.
enum S3Operation: Sendable, Hashable {
    case listBuckets
    case createBucket, headBucket, deleteBucket
    case getBucketLocation, getBucketEncryption, getBucketVersioning, getBucketAcl
    case getAbsent(S3Absent)
    case getBucketCors, putBucketCors, deleteBucketCors
    case getBucketLifecycle, putBucketLifecycle, deleteBucketLifecycle
    case getBucketNotification, putBucketNotification
    case listObjects, listObjectsV2, listObjectVersions, listMultipartUploads
    case deleteObjects
    case putObject, copyObject, getObject, headObject, deleteObject
    case getObjectAcl, getObjectTagging, getObjectAttributes
    case createMultipartUpload, uploadPart, uploadPartCopy, listParts, completeMultipartUpload, abortMultipartUpload
    /// A page asks whether it may send a request.
    case preflight

    /// Throws `NotImplemented` naming what S3 has and flare has not, and `MethodNotAllowed` for what neither has.
    init(_ head: S3RequestHead) throws(S3Error) {
        if head.method == "OPTIONS" {
            self = .preflight
            return
        }
        for (name, _) in head.query where S3Unsupported.parameters.contains(name) && !Self.isAnswered(name, head) {
            throw S3Unsupported.error("?\(name)")
        }
        let operation: S3Operation?
        if head.bucket == nil {
            operation = head.method == "GET" ? .listBuckets : nil
        } else if head.key == nil {
            operation = try Self.ofBucket(head)
        } else {
            operation = try Self.ofObject(head)
        }
        guard let operation else { throw Self.notAllowed(head) }
        if operation.writes { try S3Unsupported.checkParameters(head, of: operation) }
        self = operation
    }

    /// Whether a read is answered although the thing itself is not offered.
    private static func isAnswered(_ name: String, _ head: S3RequestHead) -> Bool {
        guard head.method == "GET", head.bucket != nil else { return false }
        return head.key == nil
            ? name == "versions" || S3Absent(rawValue: name) != nil : ["attributes", "tagging"].contains(name)
    }

    private static func ofBucket(_ head: S3RequestHead) throws(S3Error) -> S3Operation? {
        let has = { (name: String) in head.parameter(name) != nil }
        switch head.method {
        case "GET":
            if has("location") { return .getBucketLocation }
            if has("encryption") { return .getBucketEncryption }
            if has("versioning") { return .getBucketVersioning }
            if has("acl") { return .getBucketAcl }
            if has("cors") { return .getBucketCors }
            if has("lifecycle") { return .getBucketLifecycle }
            if has("notification") { return .getBucketNotification }
            if has("uploads") { return .listMultipartUploads }
            if has("versions") { return .listObjectVersions }
            if let absent = head.query.lazy.compactMap({ S3Absent(rawValue: $0.name) }).first {
                return .getAbsent(absent)
            }
            return head.parameter("list-type") == "2" ? .listObjectsV2 : .listObjects
        case "HEAD": return .headBucket
        case "PUT":
            if has("cors") { return .putBucketCors }
            if has("lifecycle") { return .putBucketLifecycle }
            if has("notification") { return .putBucketNotification }
            try refuseWriting(["acl", "encryption", "versioning"], head)
            return .createBucket
        case "DELETE":
            if has("cors") { return .deleteBucketCors }
            if has("lifecycle") { return .deleteBucketLifecycle }
            try refuseWriting(["encryption"], head)
            return .deleteBucket
        case "POST":
            if has("delete") { return .deleteObjects }
            throw S3Unsupported.error("a form that a browser posts")
        default: return nil
        }
    }

    private static func ofObject(_ head: S3RequestHead) throws(S3Error) -> S3Operation? {
        let has = { (name: String) in head.parameter(name) != nil }
        switch head.method {
        case "GET":
            if has("acl") { return .getObjectAcl }
            if has("tagging") { return .getObjectTagging }
            if has("attributes") { return .getObjectAttributes }
            return has("uploadId") ? .listParts : .getObject
        case "HEAD": return .headObject
        case "PUT":
            try refuseWriting(["acl"], head)
            let copies = head.header("x-amz-copy-source") != nil
            if has("uploadId") { return copies ? .uploadPartCopy : .uploadPart }
            return copies ? .copyObject : .putObject
        case "DELETE": return has("uploadId") ? .abortMultipartUpload : .deleteObject
        case "POST":
            if has("uploads") { return .createMultipartUpload }
            return has("uploadId") ? .completeMultipartUpload : nil
        default: return nil
        }
    }

    private static func refuseWriting(_ names: [String], _ head: S3RequestHead) throws(S3Error) {
        for name in names where head.parameter(name) != nil { throw S3Unsupported.error("\(head.method) ?\(name)") }
    }

    private static func notAllowed(_ head: S3RequestHead) -> S3Error {
        let place = head.key != nil ? "an object" : head.bucket != nil ? "a bucket" : "the service"
        return S3Error(
            code: "MethodNotAllowed",
            httpStatus: 405,
            message: "\(head.method) is not something to do with \(place)",
            details: [("Method", head.method)]
        )
    }

    /// Parameters of the query that make a write what it is.
    fileprivate var ownParameters: Set<String> {
        switch self {
        case .putBucketCors, .deleteBucketCors: ["cors"]
        case .putBucketLifecycle, .deleteBucketLifecycle: ["lifecycle"]
        case .putBucketNotification: ["notification"]
        case .deleteObjects: ["delete"]
        case .createMultipartUpload: ["uploads"]
        case .uploadPart, .uploadPartCopy: ["partNumber", "uploadId"]
        case .completeMultipartUpload, .abortMultipartUpload: ["uploadId"]
        default: []
        }
    }

    /// Whether the operation changes something, so that a key that may only read is not enough.
    var writes: Bool {
        switch self {
        case .listBuckets, .headBucket, .getBucketLocation, .getBucketEncryption, .getBucketVersioning, .getBucketAcl,
            .getAbsent, .getBucketCors, .getBucketLifecycle, .getBucketNotification, .listObjects, .listObjectsV2,
            .listObjectVersions, .listMultipartUploads, .getObject, .headObject, .getObjectAcl, .getObjectTagging,
            .getObjectAttributes, .listParts, .preflight:
            false
        case .createBucket, .deleteBucket, .putBucketCors, .deleteBucketCors, .putBucketLifecycle,
            .deleteBucketLifecycle, .putBucketNotification, .deleteObjects, .putObject, .copyObject, .deleteObject,
            .createMultipartUpload, .uploadPart, .uploadPartCopy, .completeMultipartUpload, .abortMultipartUpload:
            true
        }
    }
}

/// What S3 has and flare does not offer: refused by name, never half done.
enum S3Unsupported {
    /// Parameters of the query that choose an operation.
    static let parameters: Set<String> = [
        "accelerate", "analytics", "annotation", "attributes", "intelligent-tiering", "inventory", "legal-hold",
        "logging", "metadataConfiguration", "metadataTable", "metrics", "object-lock", "ownershipControls", "policy",
        "policyStatus", "publicAccessBlock", "renameObject", "replication", "requestPayment", "restore", "retention",
        "select", "session", "tagging", "torrent", "versions", "website", "abac",
    ]

    /// Headers of a write that ask for something that would silently not be done.
    static let headers = [
        "x-amz-server-side-encryption", "x-amz-server-side-encryption-customer-algorithm",
        "x-amz-server-side-encryption-aws-kms-key-id", "x-amz-copy-source-server-side-encryption-customer-algorithm",
        "x-amz-tagging", "x-amz-website-redirect-location", "x-amz-object-lock-mode",
        "x-amz-object-lock-retain-until-date", "x-amz-object-lock-legal-hold", "x-amz-bucket-object-lock-enabled",
        "x-amz-grant-full-control", "x-amz-grant-read", "x-amz-grant-read-acp", "x-amz-grant-write",
        "x-amz-grant-write-acp", "x-amz-write-offset-bytes", "x-amz-if-match-last-modified-time",
        "x-amz-if-match-size",
    ]

    /// What every write may have in its query.
    private static let known: Set<String> = ["versionId", "x-id", "AWSAccessKeyId", "Signature", "Expires"]

    /// Throws for a write with a parameter that is not one of its own: taken for a plain write, it would do something
    /// else, as when a part of an upload has lost its `uploadId`.
    static func checkParameters(_ head: S3RequestHead, of operation: S3Operation) throws(S3Error) {
        let own = operation.ownParameters
        for (name, _) in head.query where !known.contains(name) && !own.contains(name) {
            guard !name.lowercased().hasPrefix("x-amz-") else { continue }
            guard ["partNumber", "uploadId", "uploads"].contains(name) else { throw error("\(head.method) ?\(name)") }
            throw S3Error.argument(name, head.parameter(name) ?? "", "\(head.method) takes it with an upload only")
        }
    }

    static func error(_ what: String) -> S3Error {
        S3Error(
            code: "NotImplemented",
            httpStatus: 501,
            message: "\(what) is a part of S3 that flare does not offer",
            details: [("Header", what)]
        )
    }

    /// Throws when a write asks by a header for what is not offered.
    static func check(_ head: S3RequestHead) throws(S3Error) {
        for name in headers {
            guard let value = head.header(name), !value.isEmpty, value.lowercased() != "false" else { continue }
            throw error("the header \(name)")
        }
        // Objects belong to whoever has a key, and nobody else reads them: that is what "private" says.
        if let acl = head.header("x-amz-acl"), !["private", "bucket-owner-full-control"].contains(acl) {
            throw error("the access control list \"\(acl)\"")
        }
        if let version = head.parameter("versionId"), version != "null" { throw error("?versionId") }
    }
}
