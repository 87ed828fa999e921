import FlareModel
import FlareStore
import Foundation
import NIOCore
import NIOPosix
import NIOSSL
import Testing

@testable import FlareGateway

@Suite("certificates of the doors")
struct TLSIdentityTests {
    @Test("an authority is made once, for its owner alone")
    func files() async throws {
        try await TLSFixture.with { f in
            let body = try await f.identity.authority()
            #expect(body.certificate.hasPrefix("-----BEGIN CERTIFICATE-----\n"))
            #expect(body.path == f.directory + "/tls/ca.pem")
            #expect(body.fingerprint.count == 64)
            _ = try await context(f.identity)
            #expect(try f.mode("tls") == 0o700)
            for name in ["ca.pem", "ca.key", "server.pem", "server.key"] {
                #expect(try f.mode("tls/" + name) == 0o600)
            }
            #expect(try FileManager.default.contentsOfDirectory(atPath: f.directory + "/tls").count == 4)
            let again = try await TLSFixture.identity(f.identity.source).authority()
            #expect(again.certificate == body.certificate)
        }
    }

    @Test("the machine's certificate is kept, and made anew 30 days before its end, by the same authority")
    func renewal() async throws {
        let time = ManualTime(start: SystemTime().now())
        try await TLSFixture.with(time: time) { f in
            let authority = try await f.identity.authority().certificate
            let first = try await context(f.identity)
            let firstPEM = try Data(contentsOf: URL(filePath: f.directory + "/tls/server.pem"))
            time.advance(by: .seconds(365 * 86_400))
            #expect(try await context(f.identity) === first)
            #expect(f.identity.readyContext === first)
            time.advance(by: .seconds(2 * 86_400))
            #expect(f.identity.readyContext == nil)
            #expect(try await context(f.identity) !== first)
            #expect(f.identity.readyContext != nil)
            #expect(try Data(contentsOf: URL(filePath: f.directory + "/tls/server.pem")) != firstPEM)
            #expect(try await f.identity.authority().certificate == authority)
            time.advance(by: .seconds(3_650 * 86_400))
            #expect(try await f.identity.authority().certificate != authority)
        }
    }

    @Test("while the certificate cannot be renewed the old one serves on")
    func renewalFails() async throws {
        let time = ManualTime(start: SystemTime().now())
        try await TLSFixture.with(time: time) { f in
            let first = try await context(f.identity)
            try Data("damaged".utf8).write(to: URL(filePath: f.directory + "/tls/ca.key"))
            time.advance(by: .seconds(370 * 86_400))
            #expect(try await context(f.identity) === first)
            #expect(f.identity.readyContext === first)
        }
    }

    @Test("a machine with another name gets another certificate of the same authority")
    func hostName() async throws {
        try await TLSFixture.with { f in
            let now = SystemTime().now()
            var authority = f.authority
            authority.hostName = "one.example"
            let one = try authority.server(at: now)
            #expect(try authority.server(at: now).certificate == one.certificate)
            authority.hostName = "two.example"
            let two = try authority.server(at: now)
            #expect(two.certificate != one.certificate)
            let signer = try authority.authority(at: now)
            #expect(two.isSigned(by: signer, for: "two.example"))
            #expect(!two.isSigned(by: signer, for: "one.example"))
            // A name that no certificate can hold is left out.
            authority.hostName = "bad,IP:1.2.3.4"
            #expect(try authority.server(at: now).isSigned(by: signer, for: "localhost"))
        }
    }

    @Test("an authority whose key is gone is never replaced in silence")
    func lostKey() async throws {
        try await TLSFixture.with { f in
            _ = try await f.identity.authority()
            try FileManager.default.removeItem(atPath: f.directory + "/tls/ca.key")
            let error = await #expect(throws: FlareError.self) { try await f.identity.authority() }
            #expect(error?.code == .corruptStore)
        }
    }

    @Test("a key that a crash left without its certificate does not matter")
    func crash() async throws {
        try await TLSFixture.with { f in
            try FileManager.default.createDirectory(atPath: f.directory + "/tls", withIntermediateDirectories: true)
            try Data("half a k".utf8).write(to: URL(filePath: f.directory + "/tls/ca.key"))
            _ = try await context(f.identity)
        }
    }

    @Test("the user's certificate serves, and a renewed one is taken without a restart")
    func userFiles() async throws {
        let time = ManualTime(start: SystemTime().now())
        try await TLSFixture.with { f in
            let authority = try CertificatePair.authority(
                named: "test",
                from: time.now(),
                until: time.now() + .seconds(86_400)
            )
            func leaf() throws -> CertificatePair {
                try authority.signed(
                    for: "a.example",
                    names: ["DNS:a.example"],
                    from: time.now() + .seconds(-60),
                    until: time.now() + .seconds(3_600)
                )
            }
            let identity = TLSFixture.identity(try f.write(leaf()), time: time)
            try identity.check()
            #expect(identity.kind == "certificate")
            try await EchoDoor.with(identity) { door in
                let text = try await door.exchange(["x"], trusted: authority.certificate, name: "a.example")
                #expect(text == "x")
            }
            let first = try await context(identity)
            _ = try f.write(leaf())
            time.advance(by: .seconds(61))
            #expect(try await context(identity) !== first)
            let error = await #expect(throws: FlareError.self) { try await identity.authority() }
            #expect(error?.code == .invalidArgument)
            #expect(error?.message.contains("user.pem") == true)
        }
    }

    @Test("an expired certificate is no reason not to start")
    func expired() async throws {
        try await TLSFixture.with { f in
            let old = try CertificatePair.authority(
                named: "old",
                from: Timestamp(milliseconds: 0),
                until: Timestamp(milliseconds: 1_000_000_000)
            )
            try TLSFixture.identity(f.write(old)).check()
        }
    }

    /// What can be wrong with the user's files.
    enum Mistake: CaseIterable {
        case missingCertificate, missingKey, noCertificate, noKey, otherKey, swapped, encryptedKey

        func apply(certificate: String, key: String, other: CertificatePair) throws {
            switch self {
            case .missingCertificate: try FileManager.default.removeItem(atPath: certificate)
            case .missingKey: try FileManager.default.removeItem(atPath: key)
            case .noCertificate: try Data("not PEM".utf8).write(to: URL(filePath: certificate))
            case .noKey: try Data("".utf8).write(to: URL(filePath: key))
            case .otherKey: try Data(other.key).write(to: URL(filePath: key))
            case .swapped: try Data(other.key).write(to: URL(filePath: certificate))
            case .encryptedKey: try Data(Self.encrypted.utf8).write(to: URL(filePath: key))
            }
        }

        var message: String {
            switch self {
            case .missingCertificate: "user.pem, named by --tls-cert, cannot be read: No such file or directory"
            case .missingKey: "user.key, named by --tls-key, cannot be read: No such file or directory"
            case .noCertificate, .swapped: "user.pem, named by --tls-cert, holds no PEM certificate"
            case .noKey: "user.key, named by --tls-key, holds no PEM private key"
            case .otherKey: "user.key, named by --tls-key, is not the key of the certificate"
            case .encryptedKey: "user.key, named by --tls-key, is encrypted with a passphrase"
            }
        }

        /// Made with `openssl genpkey -algorithm ed25519 -aes-128-cbc -pass pass:x`.
        private static let encrypted = """
            -----BEGIN ENCRYPTED PRIVATE KEY-----
            MIGbMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAhfTJi0PxNtTwICCAAw
            DAYIKoZIhvcNAgkFADAdBglghkgBZQMEAQIEEGCGRUMBbmhNSesVtodL84cEQADw
            oj/hlGWlis1puMeajEdpSgM45VjpA0y0dODeB8ZvkvV6o9zlavQS1wvnghlXgGdF
            JyIwgQNcbbqpe1hZZbU=
            -----END ENCRYPTED PRIVATE KEY-----
            """
    }

    @Test("files that cannot be used are refused by name", arguments: Mistake.allCases)
    func mistakes(mistake: Mistake) async throws {
        try await TLSFixture.with { f in
            let now = SystemTime().now()
            func pair() throws -> CertificatePair {
                try CertificatePair.authority(named: "test", from: now, until: now + .seconds(60))
            }
            let source = try f.write(pair())
            guard case .files(let certificate, let key) = source else { return }
            try mistake.apply(certificate: certificate, key: key, other: pair())
            let error = #expect(throws: FlareError.self) { try TLSFixture.identity(source).check() }
            #expect(error?.message.contains(mistake.message) == true, "\(error?.message ?? "")")
            #expect(error?.hint?.contains("--tls-cert") == true)
        }
    }

    private func context(_ identity: TLSIdentity) async throws -> NIOSSLContext {
        try await identity.context(on: MultiThreadedEventLoopGroup.singleton.next()).get()
    }
}
