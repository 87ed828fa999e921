package import FlareModel

/// A bearer token that lets records into one pipeline.
///
/// Only its SHA-256 is stored.
package struct PipelineToken: Sendable {
    package let name: String
    package let createdAt: Timestamp

    /// A secret that nobody can guess: 256 bits.
    static func makeSecret() -> String { "flare_p_" + Identifier.hexadecimal() + Identifier.hexadecimal() }

    static func digest(_ secret: String) -> [UInt8] {
        var secret = secret
        return secret.withUTF8 { SHA256.digest(UnsafeRawBufferPointer($0)) }
    }
}
