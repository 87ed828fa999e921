import FlareModel
import FlareStore
import Glibc
import NIOCore

/// The certificate authority of one state directory, and the certificate for this machine that it has signed.
///
/// Both lie in a directory of their own: `ca.pem`, `ca.key`, `server.pem`, `server.key`. Who trusts `ca.pem` can reach
/// the doors as localhost, 127.0.0.1, ::1 and by the machine's name.
struct LocalAuthority: Sendable {
    let directory: String
    let disk: any Disk
    /// The machine's name.
    var hostName = Self.hostNameOfThisMachine()

    var certificatePath: String { directory + "/ca.pem" }

    /// The authority, made on first need and when the old one is about to end.
    ///
    /// Throws `corruptStore` rather than to replace one that clients may trust already.
    func authority(at now: Timestamp) throws -> CertificatePair {
        if let kept = try authorityOnDisk() {
            do {
                let facts = try kept.check()
                if now < facts.validUntil + Self.days(-Limits.certificateRenewalDays) { return kept }
            } catch {
                throw FlareError(
                    .corruptStore,
                    "the local certificate authority in \(directory) cannot be used: ca.pem and ca.key do not fit",
                    hint: "restore them, or remove the directory for a new authority that clients must trust anew"
                )
            }
            // Its end is near. Away with it first: a crash must not leave it beside another key.
            try onDisk { () throws(DiskError) in
                try disk.remove(certificatePath)
                try disk.syncDirectory(directory)
            }
        }
        let made = try CertificatePair.authority(
            named: "flare local CA \(hostName.prefix(40))",
            from: now + Self.days(-1),
            until: now + Self.days(Limits.authorityDays)
        )
        try write(made, named: "ca")
        return made
    }

    /// The machine's certificate, made on first need, when it is about to end, and when the machine has another name.
    func server(at now: Timestamp) throws -> CertificatePair {
        let authority = try authority(at: now)
        if let certificate = try read("server.pem"), let key = try read("server.key") {
            let kept = CertificatePair(certificate: certificate, key: key)
            if let facts = try? kept.check(), now < facts.validUntil + Self.days(-Limits.certificateRenewalDays),
                kept.isSigned(by: authority, for: isNameUsable ? hostName : "localhost")
            {
                return kept
            }
        }
        let made = try authority.signed(
            for: "localhost",
            names: names,
            from: now + Self.days(-1),
            until: now + Self.days(Limits.certificateDays - 1)
        )
        try write(made, named: "server")
        return made
    }

    /// What clients may call this machine.
    private var names: [String] {
        ["DNS:localhost", "DNS:*.localhost", "IP:127.0.0.1", "IP:::1"] + (isNameUsable ? ["DNS:\(hostName)"] : [])
    }

    /// Whether the machine's name can stand in a certificate.
    private var isNameUsable: Bool {
        (1...253).contains(hostName.utf8.count) && hostName.first != "-"
            && hostName.utf8.allSatisfy {
                switch $0 {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
                case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."): true
                default: false
                }
            }
    }

    // MARK: Files

    /// Nil when there is none.
    ///
    /// A key without its certificate is what a crash left while the first was made: nobody has seen it.
    private func authorityOnDisk() throws -> CertificatePair? {
        guard let certificate = try read("ca.pem") else { return nil }
        return CertificatePair(certificate: certificate, key: try read("ca.key") ?? [])
    }

    /// Nil when the file does not exist.
    private func read(_ name: String) throws -> [UInt8]? {
        do {
            return try disk.contents(of: "\(directory)/\(name)")
        } catch {
            if error.isMissing { return nil }
            throw error.flareError
        }
    }

    /// Replaces both files; the key first, so that a certificate never stands alone.
    private func write(_ pair: CertificatePair, named name: String) throws {
        try onDisk { () throws(DiskError) in
            try disk.createDirectory(directory)
            for (path, bytes) in [("\(name).key", pair.key), ("\(name).pem", pair.certificate)] {
                let target = "\(directory)/\(path)"
                let file = try disk.open(target + ".new", .replacing)
                try file.write([ByteBuffer(bytes: bytes)], at: 0)
                try file.sync()
                try disk.rename(target + ".new", to: target)
                try disk.syncDirectory(directory)
            }
        }
    }

    /// Runs disk calls and throws what fails as an error for users.
    private func onDisk(_ body: () throws(DiskError) -> Void) throws(FlareError) {
        do {
            try body()
        } catch {
            throw error.flareError
        }
    }

    private static func days(_ count: Int) -> Duration { .seconds(count * 86_400) }

    private static func hostNameOfThisMachine() -> String {
        var buffer = [CChar](repeating: 0, count: 256)
        guard gethostname(&buffer, buffer.count - 1) == 0 else { return "localhost" }
        return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

extension Disk {
    /// A whole PEM file.
    func contents(of path: String) throws(DiskError) -> [UInt8] {
        let file = try open(path, .reading)
        let count = min(try file.sizeBytes(), Limits.certificateFileBytesMax)
        return Array(buffer: try file.read(at: 0, count: count))
    }
}
