import CFlareSystem
import FlareModel
import Synchronization

/// What signs: derived of a secret for one day, region and service.
///
/// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
struct SigningKey: Sendable {
    private let bytes: [UInt8]

    init(secret: String, scope: SignatureScope) {
        let date = Self.hmac(Array("AWS4\(secret)".utf8), Array(scope.date.utf8))
        let region = Self.hmac(date, Array(scope.region.utf8))
        let service = Self.hmac(region, Array(SignatureScope.service.utf8))
        bytes = Self.hmac(service, Array(SignatureScope.terminator.utf8))
    }

    /// The signature of a text, as 64 hexadecimal digits.
    func signature(of text: String) -> String {
        hexadecimalText(Self.hmac(bytes, Array(text.utf8)))
    }

    private static func hmac(_ key: [UInt8], _ bytes: [UInt8]) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: 32) { buffer, count in
            guard let base = buffer.baseAddress else { return }
            flare_hmac_sha256(key, key.count, bytes, bytes.count, base)
            count = 32
        }
    }
}

/// The day, region and service that a signature is for.
struct SignatureScope: Sendable, Hashable {
    static let service = "s3"
    static let terminator = "aws4_request"

    /// `20130524`.
    let date: String
    /// As it was sent: may be empty.
    let region: String

    /// `20130524/auto/s3/aws4_request`.
    var text: String { "\(date)/\(region)/\(Self.service)/\(Self.terminator)" }
}

/// The signing keys in use, since deriving one takes four times as long as signing with it.
final class SigningKeyCache: Sendable {
    private struct Name: Hashable {
        let secret: String
        let scope: SignatureScope
    }

    private let keys = Mutex<[Name: SigningKey]>([:])

    func key(secret: String, scope: SignatureScope) -> SigningKey {
        let name = Name(secret: secret, scope: scope)
        if let key = keys.withLock({ $0[name] }) { return key }
        let key = SigningKey(secret: secret, scope: scope)
        keys.withLock { keys in
            // Each day has its own keys: those of days before are not worth a list of what was used last.
            if keys.count >= Limits.signingKeysMax { keys.removeAll() }
            keys[name] = key
        }
        return key
    }
}
