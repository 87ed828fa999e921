import FlareModel
import Glibc
import Hummingbird
package import Logging
package import NIOCore
import ServiceLifecycle

/// One listening door of the control API: the Unix socket or the TCP port.
package struct ControlServer: ServiceLifecycle.Service {
    /// Where a door listens.
    package enum Address: Sendable {
        case socket(path: String)
        /// The first of `ports` that is free.
        case port(host: String, ports: [Int])
    }

    private let api: ControlAPI
    private let addresses: [BindAddress]
    private let group: any EventLoopGroup
    private let logger: Logger
    private let onListening: @Sendable (Int) async -> Void

    /// - Parameters:
    ///   - api: what is answered.
    ///   - onListening: called once, with the bound TCP port (0 for a socket), before the first request is taken.
    package init(
        api: ControlAPI,
        address: Address,
        group: any EventLoopGroup,
        logger: Logger,
        onListening: @escaping @Sendable (Int) async -> Void
    ) {
        self.api = api
        addresses =
            switch address {
            case .socket(let path): [.unixDomainSocket(path: path)]
            case .port(let host, let ports): ports.map { .hostname(host, port: $0) }
            }
        self.group = group
        var quiet = logger
        quiet.logLevel = max(logger.logLevel, .critical)
        self.logger = quiet
        self.onListening = onListening
    }

    /// Serves until graceful shutdown.
    ///
    /// Throws `inUse` when all its ports are taken.
    package func run() async throws {
        for address in addresses {
            do {
                return try await serve(address)
            } catch let error as IOError where error.errnoCode == EADDRINUSE {
                continue
            }
        }
        throw FlareError(.inUse, "the control port is taken by another program")
    }

    private func serve(_ address: BindAddress) async throws {
        let application = Application(
            responder: api.responder,
            server: .http1(
                configuration: .init(additionalChannelHandlers: [ContinueHandler.Installer(), ClientWatch()])
            ),
            configuration: ApplicationConfiguration(address: address),
            onServerRunning: { [onListening] in await onListening($0.localAddress?.port ?? 0) },
            eventLoopGroupProvider: .shared(group),
            logger: logger
        )
        try await application.run()
    }
}
