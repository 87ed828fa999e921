import CFlareSystem
import FlareModel
package import FlareStore
import Synchronization

/// Makes, lists, revokes and checks the tokens of the TCP door.
package final class TokenService: Sendable {
    private let database: Database
    private let time: any TimeSource
    private let valid = Mutex(Valid())

    /// The digests of all tokens, so that a request does not wait for the database.
    private struct Valid {
        /// Nil until they are read, and after each change.
        var digests: Set<[UInt8]>?
        /// Counts the changes: what was read before one is not kept after it.
        var changes = 0
    }

    package init(database: Database, time: any TimeSource) {
        self.database = database
        self.time = time
    }

    /// Makes a token and returns it, the only time that it is shown.
    ///
    /// Throws `alreadyExists` for a name in use.
    func create(name: String) async throws -> String {
        try NameRule.token.validate(name)
        let token = Self.make()
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
            transaction.afterCommit { self.forget() }
        }
        return token
    }

    /// The one token that can be shown again, made when there is none.
    func environmentToken() async throws -> String {
        let token = Self.make()
        let now = time.now()
        return try await database.write { transaction in
            if let existing = try EnvironmentTokenRecord.find(in: transaction) { return existing }
            // Somebody may have given the name to a token of their own.
            var name = "environment"
            var number = 1
            while try TokenRecord.exists(name: name, in: transaction) {
                number += 1
                name = "environment-\(number)"
            }
            try TokenRecord.insert(name: name, digest: Self.digest(token), at: now, in: transaction)
            try EnvironmentTokenRecord.insert(name: name, token: token, in: transaction)
            transaction.afterCommit { self.forget() }
            return token
        }
    }

    func list() async throws -> [TokenRecord] {
        try await database.read { try TokenRecord.all(in: $0) }
    }

    func revoke(name: String) async throws {
        try await database.write { transaction in
            guard try !TokenRecord.delete(name: name, in: transaction) else {
                return transaction.afterCommit { self.forget() }
            }
            throw FlareError.notFound(
                .tokenNotFound,
                kind: "token",
                name: name,
                candidates: try TokenRecord.all(in: transaction).map(\.name),
                listing: "flare engine tokens list"
            )
        }
    }

    func accepts(_ token: String) async throws -> Bool {
        let digest = Self.digest(token)
        let (known, changes) = valid.withLock { ($0.digests, $0.changes) }
        if let known { return known.contains(digest) }
        let digests = Set(try await database.read { try TokenRecord.digests(in: $0) })
        valid.withLock { if $0.changes == changes { $0.digests = digests } }
        return digests.contains(digest)
    }

    private func forget() {
        valid.withLock {
            $0.digests = nil
            $0.changes += 1
        }
    }

    private static func make() -> String { "flare_" + Identifier.hexadecimal() + Identifier.hexadecimal() }

    private static func digest(_ token: String) -> [UInt8] {
        let bytes = Array(token.utf8)
        return [UInt8](unsafeUninitializedCapacity: 32) { buffer, count in
            guard let base = buffer.baseAddress else { return }
            flare_sha256(bytes, bytes.count, base)
            count = 32
        }
    }
}
