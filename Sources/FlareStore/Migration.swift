/// One step of the schema, contributed by a room.
///
/// Runs once, in a transaction, in the order of the list.
package struct Migration: Sendable {
    /// Stable and unique: `queues-1`.
    package let id: String
    /// Statements separated by semicolons.
    package let sql: String

    package init(_ id: String, _ sql: String) {
        self.id = id
        self.sql = sql
    }
}
