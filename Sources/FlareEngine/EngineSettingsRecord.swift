import FlareModel
import FlareStore

/// What the engine remembers of itself between starts: its ports, and what TLS it offers.
enum EngineSettingsRecord {
    static let migrations = [
        Migration(
            "engine-1",
            """
            CREATE TABLE engine_settings (
                name TEXT PRIMARY KEY,
                value INTEGER NOT NULL
            );
            """
        ),
        Migration(
            "engine-2",
            """
            CREATE TABLE engine_texts (
                name TEXT PRIMARY KEY,
                value TEXT NOT NULL
            );
            """
        ),
    ]

    static func value(_ name: String, in transaction: Transaction) throws -> Int? {
        try transaction.row("SELECT value FROM engine_settings WHERE name = ?", .text(name)) { $0.int(0) }
    }

    static func set(_ name: String, _ value: Int, in transaction: Transaction) throws {
        try transaction.execute(
            """
            INSERT INTO engine_settings (name, value) VALUES (?, ?)
            ON CONFLICT (name) DO UPDATE SET value = excluded.value
            """,
            .text(name),
            .integer(Int64(value))
        )
    }

    static func text(_ name: String, in transaction: Transaction) throws -> String? {
        try transaction.row("SELECT value FROM engine_texts WHERE name = ?", .text(name)) { $0.text(0) }
    }

    /// Keeps a text; nil forgets it.
    static func set(_ name: String, text: String?, in transaction: Transaction) throws {
        guard let text else {
            try transaction.execute("DELETE FROM engine_texts WHERE name = ?", .text(name))
            return
        }
        try transaction.execute(
            """
            INSERT INTO engine_texts (name, value) VALUES (?, ?)
            ON CONFLICT (name) DO UPDATE SET value = excluded.value
            """,
            .text(name),
            .text(text)
        )
    }
}
