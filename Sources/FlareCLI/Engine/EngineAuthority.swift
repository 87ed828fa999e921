import ArgumentParser
import FlareClient
import FlareModel

/// `flare engine ca`: what clients must trust to use TLS.
struct EngineAuthority: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "ca",
        abstract: "Print the certificate that clients must trust to use TLS. Makes it on first use.",
        discussion: """
            Ingest and Kafka clients may speak TLS on the same ports as without. The certificate of this machine is \
            signed by an authority of this state directory alone, unless the engine was started with --tls-cert.

            For example: flare engine ca > ca.pem; curl --cacert ca.pem https://localhost:8700/…
            """
    )

    @OptionGroup var global: GlobalOptions

    func execute(_ shell: Shell) async throws {
        let authority = try await shell.client().call("GET", "/flare/v1/engine/ca", as: AuthorityBody.self)
        shell.emit(authority) {
            authority.certificate.hasSuffix("\n") ? String(authority.certificate.dropLast()) : authority.certificate
        }
    }
}
