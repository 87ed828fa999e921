package import FlareModel

/// How one engine is started.
package struct EngineOptions: Sendable {
    package var state: StateDirectory
    /// Where to write `ready`, or the JSON of an error, and then to close; nil when nobody waits for it.
    package var readyDescriptor: Int32?
    /// Log to stderr instead of the log file.
    package var foreground: Bool
    /// A port that must be used, instead of the kept one or the next free one from the default.
    package var ingestPort: Int?
    package var controlPort: Int?
    package var kafkaPort: Int?
    package var s3Port: Int?
    /// What TLS the doors are to offer, where it differs from what was kept.
    package var tls: TLSOptions

    package init(
        state: StateDirectory,
        readyDescriptor: Int32? = nil,
        foreground: Bool = false,
        ingestPort: Int? = nil,
        controlPort: Int? = nil,
        kafkaPort: Int? = nil,
        s3Port: Int? = nil,
        tls: TLSOptions = TLSOptions()
    ) {
        self.state = state
        self.readyDescriptor = readyDescriptor
        self.foreground = foreground
        self.ingestPort = ingestPort
        self.controlPort = controlPort
        self.kafkaPort = kafkaPort
        self.s3Port = s3Port
        self.tls = tls
    }
}

/// What the command line asks of TLS; what it does not name stays as it was kept.
package struct TLSOptions: Sendable {
    /// Absolute paths of PEM files; both empty go back to the local authority.
    package var certificate: String?
    package var key: String?
    /// Turn away clients without TLS.
    package var isRequired: Bool?

    package init(certificate: String? = nil, key: String? = nil, isRequired: Bool? = nil) {
        self.certificate = certificate
        self.key = key
        self.isRequired = isRequired
    }
}
