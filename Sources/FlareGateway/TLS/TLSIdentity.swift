package import FlareModel
package import FlareStore
import Glibc
package import Logging
package import NIOCore
import NIOPosix
package import NIOSSL
import Synchronization

/// What the TLS doors prove themselves with: a certificate of the user, or one of a local authority that is made when
/// it
/// is first needed.
///
/// Files are read and keys are made on a thread of its own pool, once; after that the context is there at once. A local
/// certificate that is about to end is made anew, and changed files of the user are taken, without a restart.
package final class TLSIdentity: Sendable {
    package enum Source: Sendable {
        /// PEM files of the user: the certificate with its chain, and the private key.
        case files(certificate: String, key: String)
        /// The directory of the local authority.
        case local(directory: String)
    }

    private struct Ready {
        let context: NIOSSLContext
        var renewsAt: Timestamp
    }

    package let source: Source
    private let disk: any Disk
    private let time: any TimeSource
    private let logger: Logger
    private let ready = Mutex<Ready?>(nil)
    /// Held while files are read or made, so that this is done once.
    ///
    /// Never taken while `ready` is held.
    private let making = Mutex(())

    package init(source: Source, disk: any Disk, time: any TimeSource, logger: Logger) {
        self.source = source
        self.disk = disk
        self.time = time
        self.logger = logger
    }

    /// How `engine.json` names it: `local` or `certificate`.
    package var kind: String {
        switch source {
        case .files: "certificate"
        case .local: "local"
        }
    }

    /// To be called at the start: proves that the user's files can be used, and warns in the log when clients will not
    /// like them.
    ///
    /// Throws `invalidArgument` or `fileNotFound` with the file's name. Makes nothing.
    package func check() throws {
        guard case .files(let certificate, let key) = source else { return }
        let (_, facts) = try userPair(certificate: certificate, key: key)
        let now = time.now()
        if facts.validUntil < now {
            logger.warning(
                "the TLS certificate has expired",
                metadata: ["file": "\(certificate)", "at": "\(facts.validUntil.text)"]
            )
        } else if now < facts.validFrom {
            logger.warning(
                "the TLS certificate is not valid yet",
                metadata: ["file": "\(certificate)", "from": "\(facts.validFrom.text)"]
            )
        }
    }

    /// The certificate that clients must trust to reach the doors, made when there is none.
    ///
    /// Throws `invalidArgument` when the doors use the user's certificate.
    package func authority() async throws -> AuthorityBody {
        switch source {
        case .files(let certificate, _):
            throw FlareError(
                .invalidArgument,
                "the engine uses the certificate \(certificate), not one of a local authority",
                hint:
                    "clients need the authority that has signed it; go back with: flare engine restart --tls-cert \"\""
            )
        case .local(let directory):
            let local = LocalAuthority(directory: directory, disk: disk)
            return try await NIOThreadPool.singleton.runIfActive { [self] in
                try making.withLock { _ in
                    let pair = try local.authority(at: time.now())
                    let facts = try pair.check()
                    return AuthorityBody(
                        certificate: String(decoding: pair.certificate, as: UTF8.self),
                        path: local.certificatePath,
                        fingerprint: facts.fingerprint,
                        expiresAt: facts.validUntil
                    )
                }
            }
        }
    }

    // MARK: Contexts

    /// The context when it is there and not to be renewed.
    ///
    /// Costs a lock and a look at the clock.
    package var readyContext: NIOSSLContext? {
        let now = time.now()
        return ready.withLock { ready in
            guard let ready, now < ready.renewsAt else { return nil }
            return ready.context
        }
    }

    /// The context, read or made off the event loop where it must be.
    package func context(on loop: any EventLoop) -> EventLoopFuture<NIOSSLContext> {
        if let context = readyContext { return loop.makeSucceededFuture(context) }
        return NIOThreadPool.singleton.runIfActive(eventLoop: loop) { [self] in try renewedContext() }
    }

    private func renewedContext() throws -> NIOSSLContext {
        try making.withLock { _ in
            if let context = readyContext { return context }
            do {
                let made = try load()
                ready.withLock { $0 = made }
                return made.context
            } catch {
                let retryAt = time.now() + .seconds(Limits.certificateReloadSeconds)
                let old = ready.withLock { ready in
                    ready?.renewsAt = retryAt
                    return ready?.context
                }
                guard let old else {
                    logger.error("TLS cannot be offered", metadata: ["error": "\(error)"])
                    throw error
                }
                logger.warning(
                    "the TLS certificate could not be renewed; the old one stays",
                    metadata: ["error": "\(error)"]
                )
                return old
            }
        }
    }

    private func load() throws -> Ready {
        let now = time.now()
        switch source {
        case .files(let certificate, let key):
            let (pair, _) = try userPair(certificate: certificate, key: key)
            return Ready(
                context: try Self.context(for: pair),
                renewsAt: now + .seconds(Limits.certificateReloadSeconds)
            )
        case .local(let directory):
            let pair = try LocalAuthority(directory: directory, disk: disk).server(at: now)
            let renewal = Duration.seconds(-Limits.certificateRenewalDays * 86_400)
            return Ready(context: try Self.context(for: pair), renewsAt: try pair.check().validUntil + renewal)
        }
    }

    private static func context(for pair: CertificatePair) throws -> NIOSSLContext {
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: try NIOSSLCertificate.fromPEMBytes(pair.certificate).map { .certificate($0) },
            privateKey: .privateKey(try NIOSSLPrivateKey(bytes: pair.key, format: .pem))
        )
        configuration.minimumTLSVersion = .tlsv12
        configuration.applicationProtocols = ["http/1.1"]
        configuration.shutdownTimeout = .seconds(Limits.tlsCloseSecondsMax)
        return try NIOSSLContext(configuration: configuration)
    }

    // MARK: The user's files

    private func userPair(certificate: String, key: String) throws -> (CertificatePair, CertificatePair.Facts) {
        let pair = CertificatePair(
            certificate: try userFile(certificate, option: "--tls-cert"),
            key: try userFile(key, option: "--tls-key")
        )
        do {
            return (pair, try pair.check())
        } catch {
            let message =
                switch error {
                case .certificateIsNotPEM: "\(certificate), named by --tls-cert, holds no PEM certificate"
                case .keyIsNotPEM: "\(key), named by --tls-key, holds no PEM private key"
                case .keyIsEncrypted: "\(key), named by --tls-key, is encrypted with a passphrase"
                case .keyIsAnother: "\(key), named by --tls-key, is not the key of the certificate \(certificate)"
                }
            throw FlareError(.invalidArgument, message, hint: Self.hint)
        }
    }

    private func userFile(_ path: String, option: String) throws -> [UInt8] {
        do {
            return try disk.contents(of: path)
        } catch {
            let reason = String(cString: strerror(error.number))
            throw FlareError(
                error.isMissing ? .fileNotFound : .permissionDenied,
                "\(path), named by \(option), cannot be read: \(reason)",
                hint: Self.hint,
                cause: error
            )
        }
    }

    private static let hint =
        "name other files with --tls-cert and --tls-key, or go back to the local authority with --tls-cert \"\""
}
