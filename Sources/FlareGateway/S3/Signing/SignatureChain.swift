import FlareModel

/// The signatures of an `aws-chunked` body, each of which covers the one before it.
///
/// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html
struct SignatureChain: Sendable {
    private let key: SigningKey
    private let time: String
    private let scope: SignatureScope
    /// The last one that was right: first that of the request's head.
    private var previous: String

    private static let emptyDigest = hexadecimalText(SignatureDigest.of([]))

    init(key: SigningKey, time: String, scope: SignatureScope, seed: String) {
        self.key = key
        self.time = time
        self.scope = scope
        previous = seed
    }

    /// Whether the next chunk's signature is right, for the digest of its bytes.
    mutating func accepts(_ signature: String, chunk digest: [UInt8]) -> Bool {
        accept(signature, "AWS4-HMAC-SHA256-PAYLOAD", "\(Self.emptyDigest)\n\(hexadecimalText(digest))")
    }

    /// Whether the signature of the trailing headers is right, for the digest of their lines.
    mutating func accepts(_ signature: String, trailer digest: [UInt8]) -> Bool {
        accept(signature, "AWS4-HMAC-SHA256-TRAILER", hexadecimalText(digest))
    }

    private mutating func accept(_ signature: String, _ algorithm: String, _ rest: String) -> Bool {
        let wanted = key.signature(of: "\(algorithm)\n\(time)\n\(scope.text)\n\(previous)\n\(rest)")
        guard isEqualInConstantTime(wanted, signature) else { return false }
        previous = wanted
        return true
    }
}
