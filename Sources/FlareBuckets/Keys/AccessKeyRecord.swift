package import FlareModel
import FlareStore

/// A row of `access_keys`: who may do what at the S3 door.
///
/// The secret lies in `flare.db` as it is, for a signature can only be checked by making it once more. The state
/// directory is its owner's alone (mode 0700).
package struct AccessKeyRecord: Sendable, Hashable {
    /// 32 hexadecimal digits.
    package var id: String
    /// 64 hexadecimal digits.
    package var secret: String
    /// For people; need not be unique.
    package var name: String
    package var kind: AccessKeyKind
    package var permission: AccessKeyPermission
    /// Whether it may change objects only, not the bucket itself.
    package var isForObjectsOnly = false
    /// The buckets that it opens; nil for all.
    package var buckets: [String]?
    /// Beginnings of the keys that it opens; with `objects` empty as well, all keys.
    package var prefixes: [String] = []
    /// Whole keys that it opens.
    package var objects: [String] = []
    /// The key that a temporary one was made of, and ends with.
    package var parent: String?
    /// What a request by a temporary key must show beside its signature.
    package var sessionToken: String?
    package var createdAt: Timestamp
    package var expiresAt: Timestamp?

    private static let columns = """
        id, secret, name, kind, permission, objects_only, buckets, prefixes, objects, parent, session_token, \
        created_at, \
        expires_at
        """

    package init(
        id: String = Identifier.hexadecimal(),
        secret: String = Identifier.hexadecimal() + Identifier.hexadecimal(),
        name: String = "",
        kind: AccessKeyKind = .named,
        permission: AccessKeyPermission = .write,
        buckets: [String]? = nil,
        createdAt: Timestamp,
        expiresAt: Timestamp? = nil
    ) {
        self.id = id
        self.secret = secret
        self.name = name
        self.kind = kind
        self.permission = permission
        self.buckets = buckets
        self.createdAt = createdAt
        self.expiresAt = expiresAt
    }

    private init(_ row: SQLRow) throws {
        id = row.text(0)
        secret = row.text(1)
        name = row.text(2)
        kind = AccessKeyKind(rawValue: row.text(3)) ?? .named
        permission = AccessKeyPermission(rawValue: row.text(4)) ?? .read
        isForObjectsOnly = row.bool(5)
        buckets = try row.optionalText(6).map(Self.list)
        prefixes = try Self.list(row.text(7))
        objects = try Self.list(row.text(8))
        parent = row.optionalText(9)
        sessionToken = row.optionalText(10)
        createdAt = row.time(11)
        expiresAt = row.optionalTime(12)
    }

    /// Whether the key opens nothing any more.
    package func isExpired(at now: Timestamp) -> Bool { expiresAt.map { $0 <= now } ?? false }

    func insert(in tx: Transaction) throws {
        try tx.execute(
            "INSERT INTO access_keys (\(Self.columns)) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            .text(id),
            .text(secret),
            .text(name),
            .text(kind.rawValue),
            .text(permission.rawValue),
            .integer(isForObjectsOnly ? 1 : 0),
            SQLValue(buckets.map(Self.text)),
            .text(Self.text(prefixes)),
            .text(Self.text(objects)),
            SQLValue(parent),
            SQLValue(sessionToken),
            .integer(createdAt.milliseconds),
            SQLValue(expiresAt.map { Int($0.milliseconds) })
        )
    }

    /// Every key, oldest first.
    ///
    /// At most `Limits.accessKeysMax`.
    static func all(in tx: Transaction) throws -> [AccessKeyRecord] {
        try tx.rows("SELECT \(columns) FROM access_keys ORDER BY created_at, id", decode: AccessKeyRecord.init)
    }

    static func find(_ id: String, in tx: Transaction) throws -> AccessKeyRecord? {
        try tx.row("SELECT \(columns) FROM access_keys WHERE id = ?", .text(id), decode: AccessKeyRecord.init)
    }

    static func findEnvironment(in tx: Transaction) throws -> AccessKeyRecord? {
        try tx.row("SELECT \(columns) FROM access_keys WHERE kind = 'environment'", decode: AccessKeyRecord.init)
    }

    static func count(in tx: Transaction) throws -> Int {
        try tx.row("SELECT count(*) FROM access_keys") { $0.int(0) } ?? 0
    }

    /// Deletes a key, and with it the temporary ones made of it.
    static func delete(_ id: String, in tx: Transaction) throws {
        try tx.execute("DELETE FROM access_keys WHERE id = ?", .text(id))
    }

    /// Deletes the temporary keys whose time is over.
    static func deleteExpired(at now: Timestamp, in tx: Transaction) throws {
        try tx.execute(
            "DELETE FROM access_keys WHERE kind = 'temporary' AND expires_at <= ?",
            .integer(now.milliseconds)
        )
    }

    private static func list(_ text: String) throws -> [String] {
        text == "[]" ? [] : try FlareJSON.decode([String].self, from: Array(text.utf8))
    }

    private static func text(_ list: [String]) -> String { String(decoding: FlareJSON.encode(list), as: UTF8.self) }
}
