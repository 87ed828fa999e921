import ArgumentParser

/// How an engine is started: the options that `start`, `restart` and `run` hand on to it, and that it keeps.
struct EngineStartOptions: ParsableArguments, Sendable {
    @Option(help: "The port for ingest, kept from now on. Default: the kept one, or the first free one from 8700.")
    var ingestPort: Int?

    @Option(help: "The port for the API, kept from now on. Default: the kept one, or the first free one from 8701.")
    var controlPort: Int?

    @Option(help: "The port for Kafka, kept from now on. Default: the kept one, or the first free one from 9092.")
    var kafkaPort: Int?

    @Option(
        name: .customLong("s3-port"),
        help: "The port for S3, kept from now on. Default: the kept one, or the first free one from 8702."
    )
    var s3Port: Int?

    @Option(
        name: .customLong("tls-cert"),
        help: ArgumentHelp(
            "A PEM file: the certificate for TLS with its chain, kept from now on. Empty: back to the local authority.",
            valueName: "file"
        ),
        completion: .file()
    )
    var tlsCertificate: String?

    @Option(
        name: .customLong("tls-key"),
        help: ArgumentHelp("A PEM file: the private key of the certificate.", valueName: "file"),
        completion: .file()
    )
    var tlsKey: String?

    @Flag(
        name: .customLong("require-tls"),
        inversion: .prefixedNo,
        help: "Turn away ingest, S3 and Kafka clients without TLS; kept from now on."
    )
    var requiresTLS: Bool?

    func validate() throws {
        for port in [ingestPort, controlPort, kafkaPort, s3Port].compactMap({ $0 })
        where !(1...65_535).contains(port) {
            throw ValidationError("a port is a number from 1 to 65535")
        }
        if let tlsCertificate, tlsCertificate.isEmpty != (tlsKey ?? "").isEmpty {
            throw ValidationError("--tls-cert needs --tls-key: a certificate and its private key")
        }
        if let tlsKey, tlsCertificate == nil, !tlsKey.isEmpty {
            throw ValidationError("--tls-key needs --tls-cert: a private key and its certificate")
        }
    }

    /// The words for `flare-engine`.
    var words: [String] {
        var words: [String] = []
        if let ingestPort { words += ["--ingest-port", "\(ingestPort)"] }
        if let controlPort { words += ["--control-port", "\(controlPort)"] }
        if let kafkaPort { words += ["--kafka-port", "\(kafkaPort)"] }
        if let s3Port { words += ["--s3-port", "\(s3Port)"] }
        if let tlsCertificate { words += ["--tls-cert", tlsCertificate, "--tls-key", tlsKey ?? ""] }
        if let requiresTLS { words.append(requiresTLS ? "--require-tls" : "--no-require-tls") }
        return words
    }
}
