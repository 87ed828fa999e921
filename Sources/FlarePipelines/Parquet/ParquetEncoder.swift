import FlareModel
import NIOCore

/// Turns the lines of a batch into a Parquet file.
enum ParquetEncoder {
    /// Bytes of the batch whose records tell the fields of all, until one of the others does not fit.
    private static let sampleBytes = 65_536

    /// The column of members that the schema does not name, or whose values are not of its types.
    private static let extraName = "_extra"

    /// Encodes records: one valid JSON object a line.
    ///
    /// With a schema the columns are its fields. What it does not name is kept in a column `_extra`, which is there
    /// only when it is needed: one JSON object a record, holding the whole member of the record that something unnamed
    /// lies in. A value that is not of its field's type is kept there too, and its field is null; a required field that
    /// lacks a value somewhere is an optional one in this file. Of a time the digits below the unit are cut off.
    ///
    /// Without one the fields are found from the records; see `TypeInference`. Missing members and null are both null.
    ///
    /// Throws `internalError` when a library fails, which it does only for lack of memory.
    static func encode(
        lines: ByteBuffer,
        schema: RecordSchema?,
        compression: ParquetCompression,
        level: Int,
        groupRowsMax: Int = Limits.parquetGroupRowsMax
    ) throws -> ByteBuffer {
        let target = ParquetTarget(compression: compression, level: level, groupRowsMax: groupRowsMax)
        return try lines.withUnsafeReadableBytes { raw in
            let bytes = raw.assumingMemoryBound(to: UInt8.self)
            do {
                return try encode(bytes, schema, target)
            } catch ShredFault.repeatedName {
                return try RepeatedNames.removed(from: bytes).withUnsafeBufferPointer {
                    try encode($0, schema, target)
                }
            } catch let fault as ShredFault {
                throw FlareError(.internalError, "a batch does not fit the columns found for it", cause: fault)
            }
        }
    }

    /// What a file is to be.
    private struct ParquetTarget {
        let compression: ParquetCompression
        let level: Int
        let groupRowsMax: Int
    }

    private static func encode(
        _ lines: UnsafeBufferPointer<UInt8>,
        _ schema: RecordSchema?,
        _ target: ParquetTarget
    ) throws -> ByteBuffer {
        guard let schema else { return try encodeInferred(lines, target) }
        var rules = RecordShredder.Rules()
        do {
            return try shred(lines, schema.fields, rules, target)
        } catch ShredFault.unknownMember {
            rules.extraName = freeExtraName(besides: schema.fields)
        } catch ShredFault.misfit {}
        if rules.extraName != nil {
            do {
                return try shred(lines, schema.fields, rules, target)
            } catch ShredFault.misfit {}
        }
        rules.extraName = freeExtraName(besides: schema.fields)
        rules.checksMembers = true
        return try shred(lines, relaxed(schema.fields), rules, target)
    }

    private static func encodeInferred(
        _ lines: UnsafeBufferPointer<UInt8>,
        _ target: ParquetTarget
    ) throws -> ByteBuffer {
        var rules = RecordShredder.Rules(keepsNumbers: true, boundsNulls: true)
        guard let base = lines.baseAddress else {
            return try shred(lines, [emptyField], rules, target)
        }
        var inference = TypeInference(lines, base: base)
        inference.read(until: sampleBytes)
        if !inference.isAtEnd, !inference.isCut {
            do {
                return try shred(lines, inference.fields, rules, target)
            } catch ShredFault.unknownMember {
            } catch ShredFault.tooSparse {
            } catch ShredFault.misfit {}
        }
        inference.read(until: lines.count)
        var fields = inference.fields
        if inference.isCut { rules.extraName = freeExtraName(besides: fields) }
        // A file must have a column to tell how many rows it has.
        if fields.isEmpty { fields = [emptyField] }
        do {
            return try shred(lines, fields, rules, target)
        } catch ShredFault.tooSparse {
            rules.boundsNulls = false
            return try shred(lines, fields.map(withoutWideGroups), rules, target)
        }
    }

    /// A member with many columns below it becomes one column of JSON.
    private static func withoutWideGroups(_ field: SchemaField) -> SchemaField {
        guard columnCount(field.type) > Limits.parquetSparseColumnsMax else { return field }
        return SchemaField(name: field.name, type: .scalar(.json))
    }

    private static func columnCount(_ type: SchemaType) -> Int {
        switch type {
        case .scalar: 1
        case .list(let items, _): columnCount(items)
        case .structure(let fields): fields.reduce(0) { $0 + columnCount($1.type) }
        }
    }

    private static let emptyField = SchemaField(name: extraName, type: .scalar(.json))

    private static func shred(
        _ lines: UnsafeBufferPointer<UInt8>,
        _ fields: [SchemaField],
        _ rules: RecordShredder.Rules,
        _ target: ParquetTarget
    ) throws -> ByteBuffer {
        var rules = rules
        rules.groupRowsMax = target.groupRowsMax
        // No lines at all have no address; nothing is read from this one.
        let nothing: StaticString = "\n"
        var shredder = RecordShredder(
            lines,
            base: lines.baseAddress ?? nothing.utf8Start,
            fields: fields,
            rules: rules,
            compression: target.compression,
            level: target.level
        )
        return try shredder.run()
    }

    private static func freeExtraName(besides fields: [SchemaField]) -> String {
        var name = extraName
        while fields.contains(where: { $0.name == name }) { name += "_" }
        return name
    }

    /// The members of the record made optional, whichever they are, so that all records find a place.
    private static func relaxed(_ fields: [SchemaField]) -> [SchemaField] {
        fields.map { SchemaField(name: $0.name, type: $0.type, required: false) }
    }
}
