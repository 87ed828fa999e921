import FlareModel
import FlareStore

/// A row of `object_parts`: a piece of an object's bytes, in a file of its own.
package struct ObjectPartRecord: Sendable, Hashable {
    /// As it was uploaded, 1 to `Limits.uploadPartsMax`; numbers may be missing in between.
    package var number: Int
    /// Where the part begins within the object, in bytes.
    var start: Int
    /// In bytes.
    package var size: Int
    /// MD5 in hexadecimal.
    var etag: String
    /// Of the algorithm of the object's checksum.
    package var checksum: [UInt8]?
    /// Copies of an object share it.
    var file: String

    var range: Range<Int> { start..<start + size }

    private static let columns = "number, start, size, etag, checksum, file"

    init(number: Int, start: Int, size: Int, etag: String, checksum: [UInt8]?, file: String) {
        self.number = number
        self.start = start
        self.size = size
        self.etag = etag
        self.checksum = checksum
        self.file = file
    }

    private init(_ row: SQLRow) {
        number = row.int(0)
        start = row.int(1)
        size = row.int(2)
        etag = row.text(3)
        checksum = row.optionalBlob(4)
        file = row.text(5)
    }

    func insert(version: String, in tx: Transaction) throws {
        try tx.execute(
            "INSERT INTO object_parts (version, \(Self.columns)) VALUES (?, ?, ?, ?, ?, ?, ?)",
            .text(version),
            .integer(Int64(number)),
            .integer(Int64(start)),
            .integer(Int64(size)),
            .text(etag),
            checksum.map { .blob($0) } ?? .null,
            .text(file)
        )
    }

    /// All parts of a version, empty ones too, in their order.
    ///
    /// At most `Limits.uploadPartsMax`.
    static func parts(of version: String, in tx: Transaction) throws -> [ObjectPartRecord] {
        try tx.rows(
            "SELECT \(columns) FROM object_parts WHERE version = ? ORDER BY number",
            .text(version),
            decode: ObjectPartRecord.init
        )
    }

    /// The parts of a version with higher numbers than `number`, in their order.
    static func parts(
        of version: String,
        after number: Int,
        limit: Int,
        in tx: Transaction
    ) throws -> [ObjectPartRecord] {
        try tx.rows(
            "SELECT \(columns) FROM object_parts WHERE version = ? AND number > ? ORDER BY number LIMIT ?",
            .text(version),
            .integer(Int64(number)),
            .integer(Int64(limit)),
            decode: ObjectPartRecord.init
        )
    }

    /// Deletes the parts of a version.
    ///
    /// Returns their files.
    static func delete(version: String, in tx: Transaction) throws -> [String] {
        let files = try tx.rows("SELECT file FROM object_parts WHERE version = ?", .text(version)) { $0.text(0) }
        try tx.execute("DELETE FROM object_parts WHERE version = ?", .text(version))
        return files
    }

    /// The parts that hold these bytes of a version, in their order.
    ///
    /// At most `Limits.uploadPartsMax`.
    static func parts(of version: String, within range: Range<Int>, in tx: Transaction) throws -> [ObjectPartRecord] {
        try tx.rows(
            """
            SELECT \(columns) FROM object_parts WHERE version = ? AND start < ? AND start + size > ? ORDER BY number
            """,
            .text(version),
            .integer(Int64(range.upperBound)),
            .integer(Int64(range.lowerBound)),
            decode: ObjectPartRecord.init
        )
    }

    static func find(_ number: Int, of version: String, in tx: Transaction) throws -> ObjectPartRecord? {
        try tx.row(
            "SELECT \(columns) FROM object_parts WHERE version = ? AND number = ?",
            .text(version),
            .integer(Int64(number)),
            decode: ObjectPartRecord.init
        )
    }

    /// Whether bytes of an object are in this file.
    static func isReferenced(file: String, in tx: Transaction) throws -> Bool {
        try tx.row("SELECT 1 FROM object_parts WHERE file = ? LIMIT 1", .text(file)) { _ in true } ?? false
    }
}
