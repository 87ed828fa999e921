import FlareModel

/// How the S3 door refuses a request for its signature.
///
/// Codes and statuses: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
extension S3Error {
    static func invalidRequest(_ message: String) -> S3Error {
        S3Error(code: "InvalidRequest", httpStatus: 400, message: message)
    }

    static let oldSignature = invalidRequest(
        "signatures of version 2 are not supported: sign with AWS4-HMAC-SHA256 (version 4), as AWS's tools do for "
            + "URLs, too, when AWS_DEFAULT_REGION is auto"
    )

    static func malformedHeader(_ reason: String) -> S3Error {
        S3Error(
            code: "AuthorizationHeaderMalformed",
            httpStatus: 400,
            message: "the authorization header is malformed: \(reason)"
        )
    }

    static func malformedQuery(_ reason: String) -> S3Error {
        S3Error(
            code: "AuthorizationQueryParametersError",
            httpStatus: 400,
            message: "the signature in the query is malformed: \(reason)"
        )
    }

    static func wrongRegion(_ region: String) -> S3Error {
        var error = malformedHeader("the region '\(region)' is wrong; expecting 'auto'")
        error.details = [("Region", "auto")]
        return error
    }

    static func accessDenied(_ message: String, details: [(name: String, value: String)] = []) -> S3Error {
        S3Error(code: "AccessDenied", httpStatus: 403, message: message, details: details)
    }

    static func unknownKey(_ id: String, _ reason: String) -> S3Error {
        S3Error(
            code: "InvalidAccessKeyId",
            httpStatus: 403,
            message: "access key \"\(id)\" \(reason) (see: flare buckets keys list)",
            details: [("AWSAccessKeyId", id)]
        )
    }

    static func skewed(_ authorization: S3Authorization, now: Timestamp) -> S3Error {
        S3Error(
            code: "RequestTimeTooSkewed",
            httpStatus: 403,
            message: "the request was signed at \(authorization.timeText), too far from the engine's time",
            details: [
                ("RequestTime", authorization.timeText), ("ServerTime", now.text),
                ("MaxAllowedSkewMilliseconds", "\(Limits.signatureSkewSecondsMax * 1000)"),
            ]
        )
    }

    static func wrongSignature(
        _ authorization: S3Authorization,
        stringToSign: String,
        canonicalRequest: String
    ) -> S3Error {
        S3Error(
            code: "SignatureDoesNotMatch",
            httpStatus: 403,
            message: """
                the signature is not what the engine calculates: check the secret access key, and that nothing between \
                changes the request
                """,
            details: [
                ("AWSAccessKeyId", authorization.keyID), ("StringToSign", stringToSign),
                ("SignatureProvided", authorization.signature), ("CanonicalRequest", canonicalRequest),
            ]
        )
    }

    static func wrongChunkSignature(_ what: String) -> S3Error {
        S3Error(
            code: "SignatureDoesNotMatch",
            httpStatus: 403,
            message: "the signature of \(what) is not what the engine calculates: the body was changed on its way"
        )
    }

    static func invalidToken(_ message: String) -> S3Error {
        S3Error(code: "InvalidToken", httpStatus: 400, message: message)
    }

    static func incompleteBody(_ message: String) -> S3Error {
        S3Error(code: "IncompleteBody", httpStatus: 400, message: message)
    }

    static func malformedTrailer(_ message: String) -> S3Error {
        S3Error(code: "MalformedTrailerError", httpStatus: 400, message: message)
    }
}
