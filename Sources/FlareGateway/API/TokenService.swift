import CFlareSystem
import FlareModel
package import FlareStore
import Synchronization

/// Makes, lists, revokes and checks the tokens of the TCP door.
package final class TokenService: Sendable {
    /// Tokens that have been found once, so that a busy client costs no look into the database a request.
    private struct Accepted {
        var digests: Set<[UInt8]> = []
        /// Counts the revocations: what was read before one is not remembered after it.
        var revocations = 0
    }

    private let database: Database
    private let time: any TimeSource
    private let accepted = Mutex(Accepted())

    package init(database: Database, time: any TimeSource) {
        self.database = database
        self.time = time
    }

    /// Makes a token and returns it, the only time that it is shown.
    ///
    /// Throws `alreadyExists` for a name in use.
    func create(name: String) async throws -> String {
        try NameRule.token.validate(name)
        let token = "flare_" + Identifier.hexadecimal() + Identifier.hexadecimal()
        let now = time.now()
        try await database.write { transaction in
            guard try !TokenRecord.exists(name: name, in: transaction) else {
                throw FlareError(
                    .alreadyExists,
                    "a token named \"\(name)\" exists already",
                    hint: "flare engine tokens list"
                )
            }
            try TokenRecord.insert(name: name, digest: Self.digest(token), at: now, in: transaction)
        }
        return token
    }

    func list() async throws -> [TokenRecord] {
        try await database.read { try TokenRecord.all(in: $0) }
    }

    func revoke(name: String) async throws {
        try await database.write { transaction in
            guard try !TokenRecord.delete(name: name, in: transaction) else { return }
            throw FlareError.notFound(
                .tokenNotFound,
                kind: "token",
                name: name,
                candidates: try TokenRecord.all(in: transaction).map(\.name),
                listing: "flare engine tokens list"
            )
        }
        accepted.withLock { accepted in
            accepted.digests = []
            accepted.revocations += 1
        }
    }

    func accepts(_ token: String) async throws -> Bool {
        let digest = Self.digest(token)
        let (isKnown, revocations) = accepted.withLock { ($0.digests.contains(digest), $0.revocations) }
        if isKnown { return true }
        guard try await database.read({ try TokenRecord.exists(digest: digest, in: $0) }) else { return false }
        accepted.withLock { accepted in
            guard accepted.revocations == revocations, accepted.digests.count < Limits.tokensRememberedMax else {
                return
            }
            accepted.digests.insert(digest)
        }
        return true
    }

    private static func digest(_ token: String) -> [UInt8] {
        let bytes = Array(token.utf8)
        return [UInt8](unsafeUninitializedCapacity: 32) { buffer, count in
            guard let base = buffer.baseAddress else { return }
            flare_sha256(bytes, bytes.count, base)
            count = 32
        }
    }
}
