import FlareModel

/// How the body of a request is sent and vouched for: the header `x-amz-content-sha256`.
///
/// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-auth-using-authorization-header.html
enum S3PayloadKind: Sendable, Hashable {
    /// Its SHA-256, in 64 hexadecimal digits.
    case digest(String)
    case unsigned
    /// `aws-chunked`; the chunks, and with `hasTrailer` what follows them, carry signatures when `isSigned`.
    case chunked(isSigned: Bool, hasTrailer: Bool)

    private static let words: [String: S3PayloadKind] = [
        "UNSIGNED-PAYLOAD": .unsigned,
        "STREAMING-AWS4-HMAC-SHA256-PAYLOAD": .chunked(isSigned: true, hasTrailer: false),
        "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER": .chunked(isSigned: true, hasTrailer: true),
        "STREAMING-UNSIGNED-PAYLOAD-TRAILER": .chunked(isSigned: false, hasTrailer: true),
    ]

    /// Throws `InvalidArgument` for anything else, naming what is understood.
    init(_ text: String) throws {
        if let kind = Self.words[text] {
            self = kind
            return
        }
        let isDigest =
            text.utf8.count == 64
            && text.utf8.allSatisfy {
                (48...57).contains($0) || (97...102).contains($0) || (65...70).contains($0)
            }
        guard isDigest else {
            throw S3Error(
                code: "InvalidArgument",
                httpStatus: 400,
                message: """
                    x-amz-content-sha256 must be a SHA-256 in hexadecimal digits or one of \
                    \(Self.words.keys.sorted().joined(separator: ", "))
                    """,
                details: [("ArgumentName", "x-amz-content-sha256"), ("ArgumentValue", String(text.prefix(128)))]
            )
        }
        self = .digest(text.lowercased())
    }
}
