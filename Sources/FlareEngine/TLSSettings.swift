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
    /// What the command line has chosen, for later starts; nil when it says nothing.
    let choice: Choice?

    /// As it is kept: the paths of the user's files, or nil for the local authority, and whether TLS is required.
    struct Choice: Sendable {
        fileprivate let certificate: String?
        fileprivate let key: String?
        fileprivate let isRequired: Bool

        func keep(in transaction: Transaction) throws {
            try EngineSettingsRecord.set(TLSSettings.certificateName, text: certificate, in: transaction)
            try EngineSettingsRecord.set(TLSSettings.keyName, text: key, in: transaction)
            try EngineSettingsRecord.set(TLSSettings.requiredName, isRequired ? 1 : 0, in: transaction)
        }
    }

    /// Proves the certificate; throws when it cannot be used.
    ///
    /// The choice is not kept yet: a start that fails later, at a port, must leave the earlier one to the next.
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
        let isRequired = options.isRequired ?? kept.isRequired ?? false
        let isChosen = options.certificate != nil || options.key != nil || options.isRequired != nil
        let settings = TLSSettings(
            identity: TLSIdentity(
                source: files.map { .files(certificate: $0.certificate, key: $0.key) } ?? .local(directory: state.tls),
                disk: PosixDisk(),
                time: time,
                logger: logger
            ),
            isRequired: isRequired,
            choice: isChosen
                ? Choice(certificate: files?.certificate, key: files?.key, isRequired: isRequired) : nil
        )
        try settings.identity.check()
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
