/// Bounds of certificates and of TLS connections.
extension Limits {
    /// Days that a certificate of the local authority is valid: more than 398 some clients refuse.
    package static let certificateDays = 397

    /// Days that the local authority itself is valid, as clients have to be told of each new one.
    package static let authorityDays = 3_650

    /// Days before its end from which a certificate is made anew.
    package static let certificateRenewalDays = 30

    /// Seconds between two looks at the certificate files of the user, so that a renewed one is taken without a
    /// restart.
    package static let certificateReloadSeconds = 60

    /// The largest PEM file that is read, in bytes: a chain of dozens of certificates.
    package static let certificateFileBytesMax = 1_048_576

    /// How long a client may take to say goodbye when its TLS connection is closed, in seconds.
    package static let tlsCloseSecondsMax: Int64 = 2

    /// How long a client that is told to speak TLS may take to close, in seconds.
    package static let plainRefusalSecondsMax: Int64 = 2
}
