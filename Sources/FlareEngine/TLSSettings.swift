import FlareGateway
import FlareModel
import FlareStore
import Logging
import NIOCore

/// What TLS the doors offer: as the command line says, else as an earlier one said, else the local authority.
struct TLSSettings: Sendable {
    let identity: TLSIdentity
    /// Whether clients without TLS are turned away.
    let isRequired: Bool

    /// Proves the certificate, and keeps the choice for later starts.
    ///
    /// Throws when the certificate cannot be used; then nothing is kept.
    static func prepare(
        _ options: TLSOptions,
        state: StateDirectory,
        database: Database,
        time: any TimeSource,
        logger: Logger
    ) async throws -> TLSSettings {
        let kept = try await database.read { transaction in
            TLSOptions(
                certificate: try EngineSettingsRecord.text(certificateName, in: transaction),
                key: try EngineSettingsRecord.text(keyName, in: transaction),
                isRequired: try EngineSettingsRecord.value(requiredName, in: transaction).map { $0 != 0 }
            )
        }
        let files = try files(options, kept: kept)
        let settings = TLSSettings(
            identity: TLSIdentity(
                source: files.map { .files(certificate: $0.certificate, key: $0.key) } ?? .local(directory: state.tls),
                disk: PosixDisk(),
                time: time,
                logger: logger
            ),
            isRequired: options.isRequired ?? kept.isRequired ?? false
        )
        try settings.identity.check()
        if options.certificate != nil || options.key != nil || options.isRequired != nil {
            try await database.write { transaction in
                try EngineSettingsRecord.set(certificateName, text: files?.certificate, in: transaction)
                try EngineSettingsRecord.set(keyName, text: files?.key, in: transaction)
                try EngineSettingsRecord.set(requiredName, settings.isRequired ? 1 : 0, in: transaction)
            }
        }
        return settings
    }

    /// The user's files, or nil for the local authority.
    private static func files(
        _ options: TLSOptions,
        kept: TLSOptions
    ) throws -> (certificate: String, key: String)? {
        if options.certificate == "" && (options.key ?? "") == "" { return nil }
        let certificate = options.certificate ?? kept.certificate ?? ""
        let key = options.key ?? kept.key ?? ""
        if certificate.isEmpty && key.isEmpty { return nil }
        guard !certificate.isEmpty, !key.isEmpty else {
            throw FlareError(
                .invalidArgument,
                "a certificate needs its private key",
                hint: "name both: flare engine restart --tls-cert FILE --tls-key FILE"
            )
        }
        return (certificate, key)
    }

    /// What stands in front of every new connection of a door.
    ///
    /// - Parameter reply: what a client without TLS is told before it is closed, when it is turned away.
    func prepare(reply: ByteBuffer?) -> @Sendable (any Channel) -> EventLoopFuture<Void> {
        let plain: TLSSniffer.Plain = isRequired ? .refused(reply: reply) : .allowed
        return { [identity] channel in
            channel.eventLoop.makeCompletedFuture {
                try channel.pipeline.syncOperations.addHandler(TLSSniffer(identity: identity, plain: plain))
            }
        }
    }

    private static let certificateName = "tls-certificate"
    private static let keyName = "tls-key"
    private static let requiredName = "require-tls"
}
