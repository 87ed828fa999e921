import CFlareSystem
import FlareModel

/// A certificate, or a chain of them, with the private key of the first, as PEM.
struct CertificatePair: Sendable {
    var certificate: [UInt8]
    var key: [UInt8]

    /// What the first certificate says of itself.
    struct Facts: Sendable {
        var validFrom: Timestamp
        var validUntil: Timestamp
        /// SHA-256 of the certificate, in hexadecimal digits.
        var fingerprint: String
    }

    /// Why a pair cannot be used.
    enum Flaw: Error {
        case certificateIsNotPEM
        case keyIsNotPEM
        case keyIsEncrypted
        case keyIsAnother
    }

    /// Reads the certificate and proves that the key belongs to it.
    func check() throws(Flaw) -> Facts {
        var facts = flare_certificate_facts()
        let status = Int(flare_certificate_check(certificate, certificate.count, key, key.count, &facts))
        switch status {
        case FLARE_CERTIFICATE_VALID: break
        case FLARE_CERTIFICATE_KEY_NOT_PEM: throw .keyIsNotPEM
        case FLARE_CERTIFICATE_KEY_ENCRYPTED: throw .keyIsEncrypted
        case FLARE_CERTIFICATE_KEY_OTHER: throw .keyIsAnother
        default: throw .certificateIsNotPEM
        }
        return Facts(
            validFrom: Timestamp(milliseconds: facts.not_before * 1_000),
            validUntil: Timestamp(milliseconds: facts.not_after * 1_000),
            fingerprint: withUnsafeBytes(of: facts.fingerprint) { Self.hexadecimal($0) }
        )
    }

    /// Whether this is a certificate for `host` that `authority` has signed.
    func isSigned(by authority: CertificatePair, for host: String) -> Bool {
        flare_certificate_is_for(Self.text(certificate), Self.text(authority.certificate), host) != 0
    }

    /// Makes a self-signed authority.
    static func authority(named name: String, from start: Timestamp, until end: Timestamp) throws -> CertificatePair {
        var made = flare_certificate()
        defer { flare_certificate_free(&made) }
        let isMade = flare_certificate_make_authority(name, start.seconds, end.seconds, &made) != 0
        return try pair(isMade ? made : nil)
    }

    /// Makes a server's certificate that this authority signs.
    ///
    /// - Parameter names: in the form of OpenSSL's subjectAltName: `DNS:localhost`.
    func signed(
        for name: String,
        names: [String],
        from start: Timestamp,
        until end: Timestamp
    ) throws -> CertificatePair {
        var made = flare_certificate()
        defer { flare_certificate_free(&made) }
        let isMade =
            flare_certificate_make_server(
                Self.text(certificate),
                Self.text(key),
                name,
                names.joined(separator: ","),
                start.seconds,
                end.seconds,
                &made
            ) != 0
        return try Self.pair(isMade ? made : nil)
    }

    private static func pair(_ made: flare_certificate?) throws -> CertificatePair {
        guard let certificate = made?.certificate, let key = made?.key else {
            throw FlareError(.internalError, "libcrypto could not make a certificate")
        }
        return CertificatePair(
            certificate: Array(String(cString: certificate).utf8),
            key: Array(String(cString: key).utf8)
        )
    }

    private static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

    private static func hexadecimal(_ bytes: UnsafeRawBufferPointer) -> String {
        let digits = Array("0123456789abcdef")
        return String(bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
    }
}

extension Timestamp {
    /// Whole seconds since 1970.
    fileprivate var seconds: Int64 { milliseconds / 1_000 }
}
