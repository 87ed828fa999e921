import FlareModel

/// One column of a Parquet file while rows are added to it.
///
/// A class, because a row meets its columns from many places of a tree; the state is one value, so that each addition
/// is one access.
final class ColumnBuilder {
    /// The names from the record down to the column, those of list groups included.
    let path: [[UInt8]]
    let type: SchemaScalar
    private var pages: ColumnPages

    init(path: [[UInt8]], pages: ColumnPages) {
        self.path = path
        type = pages.type
        self.pages = pages
    }

    /// Adds nulls, or whatever else is less than a value.
    @inline(__always)
    func appendNull(_ repetition: Int, _ definition: Int, count: Int = 1) {
        pages.appendNull(repetition, definition, count: count)
    }

    /// Adds the value at the walker's position and passes it; false when it is not of the column's type.
    ///
    /// - Parameter keepsNumbers: refuses a number that a double would round.
    @inline(__always)
    func append(_ walker: inout JSONWalker, _ repetition: Int, keepsNumbers: Bool) throws -> Bool {
        try pages.append(&walker, repetition, keepsNumbers: keepsNumbers)
    }

    /// Adds a JSON text that is no part of a record as it came.
    func append(json: [UInt8]) throws {
        try pages.append(json: json)
    }

    /// Ends the row group: what the footer says of this column, and its bytes; the next row group begins empty.
    func takeChunk() throws -> (chunk: ColumnChunk, bytes: [UInt8]) {
        try pages.takeChunk()
    }
}
