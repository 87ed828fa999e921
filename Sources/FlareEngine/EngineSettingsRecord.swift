import FlareModel
import FlareStore

/// What the engine remembers of itself between starts: its ports.
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
        )
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
}
