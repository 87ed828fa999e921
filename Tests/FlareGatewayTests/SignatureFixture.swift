import FlareModel
import FlareStore
import Foundation
import NIOCore
import Testing

@testable import FlareBuckets
@testable import FlareGateway

/// A request that another program has signed.
struct SignatureGolden: Sendable, CustomTestStringConvertible {
    let name: String
    let method: String
    let host: String
    let target: String
    let headers: [(String, String)]
    var body = ""
    var sessionToken: String?

    var testDescription: String { name }

    var head: S3RequestHead { requestHead(method, target, host: host, headers: headers) }
}

/// The head of a request as the S3 door reads it.
func requestHead(
    _ method: String,
    _ target: String,
    host: String = "127.0.0.1:8702",
    headers: [(String, String)] = []
) -> S3RequestHead {
    var head = S3RequestHead(
        method: method,
        target: target,
        headers: [("host", host)] + headers.map { (name: $0.0, value: $0.1) },
        host: host,
        isTLS: false
    )
    head.query = head.rawQuery.split(separator: "&").map { part in
        let words = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        let value = words.count == 2 ? PercentCoding.decode(words[1], plusIsSpace: true) ?? "" : ""
        return (PercentCoding.decode(words[0], plusIsSpace: true) ?? "", value)
    }
    return head
}

/// The access keys of an engine whose clock stands where AWS's own examples are signed, with the key of those.
struct SignatureFixture {
    static let id = "AKIAIOSFODNN7EXAMPLE"
    static let secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
    static let start = Timestamp(compactText: "20130524T000000Z")

    let keys: AccessKeyService
    let authenticator: S3Authenticator
    let database: Database
    let time: ManualTime

    /// - Parameter sessionToken: makes the key a temporary one.
    static func with(
        sessionToken: String? = nil,
        expiresAt: Timestamp? = nil,
        _ body: (SignatureFixture) async throws -> Void
    ) async throws {
        let directory = FileManager.default.temporaryDirectory.path + "/signatures-\(Identifier.hexadecimal())"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let database = try Database.open(path: directory + "/flare.db", migrations: AccessKeyService.migrations)
        let start = try #require(start)
        try await database.write { tx in
            let parent = AccessKeyRecord(id: "parent", createdAt: start)
            try parent.insert(in: tx)
            var record = AccessKeyRecord(id: id, secret: secret, createdAt: start, expiresAt: expiresAt)
            if let sessionToken {
                record.kind = .temporary
                record.parent = parent.id
                record.sessionToken = sessionToken
                record.expiresAt = expiresAt ?? start + .seconds(3600)
            }
            try record.insert(in: tx)
        }
        let time = ManualTime(start: start)
        let keys = AccessKeyService(database: database, time: time)
        let authenticator = S3Authenticator(keys: keys, time: time)
        try await body(
            SignatureFixture(keys: keys, authenticator: authenticator, database: database, time: time)
        )
        try database.close()
    }

    /// The error that a request is refused with.
    func refusal(of head: S3RequestHead) async -> S3Error? {
        do {
            _ = try await authenticator.authenticate(head)
            return nil
        } catch {
            return error as? S3Error
        }
    }
}

/// Signs requests as a client does.
///
/// That it signs as others do is shown by the goldens, which what it is made of is checked with.
struct TestSigner {
    var id = SignatureFixture.id
    var secret = SignatureFixture.secret
    var time = "20130524T000000Z"
    var region = "auto"
    /// Left out of the signed headers, though they are sent.
    var unsigned: Set<String> = []

    var scope: SignatureScope { SignatureScope(date: String(time.prefix(8)), region: region) }
    var key: SigningKey { SigningKey(secret: secret, scope: scope) }

    func head(
        _ method: String = "GET",
        _ target: String = "/data/a",
        payload: String = "UNSIGNED-PAYLOAD",
        headers: [(String, String)] = []
    ) -> S3RequestHead {
        let all = headers + [("x-amz-date", time), ("x-amz-content-sha256", payload)]
        var head = requestHead(method, target, headers: all)
        let signed = head.headers.filter { !unsigned.contains($0.name) }.sorted { $0.name < $1.name }
        let request = CanonicalRequest(
            method: method,
            path: CanonicalRequest.canonicalPath(head.rawPath),
            query: CanonicalRequest.canonicalQuery(head.rawQuery),
            headers: signed.map { (name: $0.name, value: CanonicalRequest.canonicalValue($0.value)) },
            payload: payload
        )
        let signature = key.signature(of: request.stringToSign(time: time, scope: scope))
        let names = signed.map(\.name).joined(separator: ";")
        let credential = "\(id)/\(scope.text)"
        head.headers.append(
            ("authorization", "AWS4-HMAC-SHA256 Credential=\(credential),SignedHeaders=\(names),Signature=\(signature)")
        )
        return head
    }
}
