/// Bounds of record schemas and of Parquet objects.
extension Limits {
    /// Fields of a record schema, those of its structs and lists included.
    package static let schemaFieldsMax = 1_000

    /// Levels of structs and lists in a record schema.
    package static let schemaDepthMax = 16

    /// Bytes of a field's name: what the readers of Parquet and SQL engines can be relied on to take.
    package static let schemaNameBytesMax = 255

    /// Digits of a decimal128: 10^38 is the last power of ten below 2^127.
    package static let decimalPrecisionRange = 1...38

    /// Levels of objects and arrays that become groups of a Parquet file; what lies deeper is kept as JSON text.
    package static let parquetDepthMax = 32

    /// Fields of a Parquet file whose schema is found from its records; members beyond it are kept as JSON text.
    ///
    /// Bounds the footer and the memory of the columns when member names are themselves data.
    package static let parquetFieldsMax = 1_000

    /// Nulls of columns inside of structs and lists per byte of JSON, where the fields were found from the records.
    ///
    /// Beyond it member names are data, and members with more columns than the second bound become JSON text: their
    /// nulls would take longer to write than all else.
    package static let parquetNullsPerByteMax = 4
    package static let parquetSparseColumnsMax = 32

    /// Bytes of values in one page before compression: the unit that readers decompress at once.
    package static let parquetPageBytes = 1_048_576

    /// Bytes of the dictionary of one column chunk, as most writers bound it.
    package static let parquetDictionaryBytesMax = 1_048_576

    /// Bounds of one row group, in rows and in bytes of JSON: what a reader holds in memory at least.
    package static let parquetGroupRowsMax = 1_000_000
    package static let parquetGroupBytesMax = 134_217_728

    /// Bytes of the least and greatest value of a column in the footer; longer ones are cut to a bound.
    package static let parquetBoundBytesMax = 64
}
