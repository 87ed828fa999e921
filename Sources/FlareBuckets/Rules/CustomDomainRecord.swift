import FlareModel
import FlareStore

/// The rows of `bucket_domains`.
enum CustomDomainRecord {
    private static let columns = "domain, bucket, enabled, minimum_tls, ciphers, zone_id"

    static func find(_ domain: String, in tx: Transaction) throws -> CustomDomain? {
        try tx.row("SELECT \(columns) FROM bucket_domains WHERE domain = ?", .text(domain), decode: decode)
    }

    /// At most `Limits.customDomainsMax`.
    static func all(of bucket: String, in tx: Transaction) throws -> [CustomDomain] {
        try tx.rows(
            "SELECT \(columns) FROM bucket_domains WHERE bucket = ? ORDER BY domain",
            .text(bucket),
            decode: decode
        )
    }

    static func save(_ domain: CustomDomain, in tx: Transaction) throws {
        try tx.execute(
            """
            INSERT INTO bucket_domains (\(columns)) VALUES (?, ?, ?, ?, ?, ?)
            ON CONFLICT (domain) DO UPDATE SET enabled = excluded.enabled, minimum_tls = excluded.minimum_tls,
                ciphers = excluded.ciphers
            """,
            .text(domain.domain),
            .text(domain.bucket),
            .integer(domain.isEnabled ? 1 : 0),
            .text(domain.minimumTLS),
            SQLValue(domain.ciphers?.joined(separator: ",")),
            .text(domain.zoneID)
        )
    }

    static func delete(_ domain: String, in tx: Transaction) throws {
        try tx.execute("DELETE FROM bucket_domains WHERE domain = ?", .text(domain))
    }

    private static func decode(_ row: SQLRow) -> CustomDomain {
        CustomDomain(
            domain: row.text(0),
            bucket: row.text(1),
            isEnabled: row.bool(2),
            minimumTLS: row.text(3),
            ciphers: row.optionalText(4).map { $0.split(separator: ",").map(String.init) },
            zoneID: row.text(5)
        )
    }
}
