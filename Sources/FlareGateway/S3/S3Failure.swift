import FlareModel
import NIOCore

/// The one place where flare's errors become S3's.
enum S3Failure {
    /// The answer that tells what went wrong.
    ///
    /// - Parameters:
    ///   - resource: the path that was asked for, as sent.
    ///   - isHead: the answer to HEAD has no body, so that its status is all that it tells.
    static func response(_ error: any Error, resource: String, requestID: String, isHead: Bool) -> S3Response {
        let error = s3Error(error)
        if error.httpStatus == 304 { return S3Response(status: 304, headers: error.headers) }
        if isHead { return S3Response(status: error.httpStatus, headers: error.headers) }
        var document = S3XMLWriter("Error", hasNamespace: false, isLenient: true)
        document.element("Code", error.code)
        document.element("Message", error.message)
        for (name, value) in error.details { document.element(name, value) }
        document.element("Resource", resource)
        document.element("RequestId", requestID)
        document.element("HostId", "flare")
        let headers = error.headers + [("content-type", "application/xml")]
        // A lenient document has no text that it cannot write.
        let bytes = (try? document.finish()) ?? ByteBuffer()
        return S3Response(status: error.httpStatus, headers: headers, body: .bytes(bytes))
    }

    /// Any error in S3's words.
    static func s3Error(_ error: any Error) -> S3Error {
        switch error {
        case let error as S3Error: error
        case let error as FlareError: s3Error(of: error)
        case is CancellationError: s3Error(of: FlareError(.interrupted, "the request was cancelled"))
        default: s3Error(of: FlareError(.internalError, "\(error)", cause: error))
        }
    }

    private static func s3Error(of error: FlareError) -> S3Error {
        // A room below has told what became of the body, whose source knows better.
        if let cause = error.cause as? S3Error { return cause }
        let (code, status) = name(of: error.code)
        return S3Error(
            code: code,
            httpStatus: status,
            message: error.hint.map { "\(error.message) (\($0))" } ?? error.message
        )
    }

    /// S3's name and status of each code: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html, and R2's
    /// where S3 has none.
    private static func name(of code: FlareError.Code) -> (String, Int) {
        switch code {
        case .bucketNotFound: ("NoSuchBucket", 404)
        case .objectNotFound: ("NoSuchKey", 404)
        case .uploadNotFound: ("NoSuchUpload", 404)
        case .accessKeyNotFound: ("InvalidAccessKeyId", 403)
        case .alreadyExists: ("BucketAlreadyOwnedByYou", 409)
        case .bucketNotEmpty: ("BucketNotEmpty", 409)
        case .inUse: ("BucketConflict", 409)
        case .invalidName: ("InvalidBucketName", 400)
        case .invalidArgument, .ruleOverlap, .queueNotFound, .ruleNotFound, .domainNotFound: ("InvalidArgument", 400)
        case .invalidData: ("IncompleteBody", 400)
        case .invalidPart: ("InvalidPart", 400)
        case .partTooSmall: ("EntityTooSmall", 400)
        case .bodyTooLarge, .recordTooLarge: ("EntityTooLarge", 400)
        case .digestMismatch: ("BadDigest", 400)
        case .rangeNotSatisfiable: ("InvalidRange", 416)
        case .preconditionFailed: ("PreconditionFailed", 412)
        case .unauthorized, .permissionDenied: ("AccessDenied", 403)
        case .signatureMismatch: ("SignatureDoesNotMatch", 403)
        case .objectLocked: ("ObjectLockedByBucketPolicy", 403)
        case .methodNotAllowed: ("MethodNotAllowed", 405)
        case .notImplemented: ("NotImplemented", 501)
        case .tooManyRequests: ("SlowDown", 503)
        case .diskFull: ("InsufficientStorage", 507)
        case .deadlineExceeded: ("RequestTimeout", 400)
        case .interrupted: ("ClientDisconnect", 400)
        case .engineUnavailable: ("ServiceUnavailable", 503)
        default: ("InternalError", 500)
        }
    }
}
