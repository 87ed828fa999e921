import FlareModel
package import FlareStore

/// A bearer token for the TCP door.
///
/// Only its SHA-256 is stored.
struct TokenRecord: Sendable {
    let name: String
    let createdAt: Timestamp

    static func insert(name: String, digest: [UInt8], at now: Timestamp, in transaction: Transaction) throws {
        try transaction.execute(
            "INSERT INTO api_tokens (name, digest, created_at) VALUES (?, ?, ?)",
            .text(name),
            .blob(digest),
            .integer(now.milliseconds)
        )
    }

    static func all(in transaction: Transaction) throws -> [TokenRecord] {
        try transaction.rows("SELECT name, created_at FROM api_tokens ORDER BY name") {
            TokenRecord(name: $0.text(0), createdAt: $0.time(1))
        }
    }

    static func exists(name: String, in transaction: Transaction) throws -> Bool {
        try transaction.row("SELECT 1 FROM api_tokens WHERE name = ?", .text(name)) { _ in true } ?? false
    }

    static func exists(digest: [UInt8], in transaction: Transaction) throws -> Bool {
        try transaction.row("SELECT 1 FROM api_tokens WHERE digest = ?", .blob(digest)) { _ in true } ?? false
    }

    static func delete(name: String, in transaction: Transaction) throws -> Bool {
        try transaction.execute("DELETE FROM api_tokens WHERE name = ?", .text(name)) > 0
    }
}

/// The one token that is stored as it is, since `flare env` shows it each time.
///
/// It is revoked with its row in `api_tokens`.
enum EnvironmentTokenRecord {
    static func find(in transaction: Transaction) throws -> String? {
        try transaction.row("SELECT token FROM environment_token") { $0.text(0) }
    }

    static func insert(name: String, token: String, in transaction: Transaction) throws {
        try transaction.execute(
            "INSERT INTO environment_token (only, name, token) VALUES (1, ?, ?)",
            .text(name),
            .text(token)
        )
    }
}

/// The schema of the gateway's own rows.
package enum GatewayMigrations {
    package static let all = [
        Migration(
            "gateway-1",
            """
            CREATE TABLE api_tokens (
                name TEXT PRIMARY KEY CHECK (length(name) BETWEEN 1 AND 64),
                digest BLOB NOT NULL UNIQUE,
                created_at INTEGER NOT NULL
            );
            """
        ),
        Migration(
            "gateway-2-environment",
            """
            -- The one token that can be shown again; `only` is always 1.
            CREATE TABLE environment_token (
                only INTEGER NOT NULL PRIMARY KEY CHECK (only = 1),
                name TEXT NOT NULL REFERENCES api_tokens (name) ON DELETE CASCADE,
                token TEXT NOT NULL CHECK (token <> '')
            );
            """
        ),
    ]
}
