import FlareModel
import NIOCore

/// The bytes of a Parquet file: row groups one after the other, and the footer that says where everything is.
///
/// https://parquet.apache.org/docs/file-format/
struct ParquetFile {
    private struct RowGroup {
        var chunks: [ColumnChunk]
        var rowCount: Int
    }

    private static let magic = Array("PAR1".utf8)

    private let fields: [SchemaField]
    private let columns: [ColumnBuilder]
    private let codec: Int32
    private var buffer: ByteBuffer
    private var groups: [RowGroup] = []

    init(fields: [SchemaField], columns: [ColumnBuilder], compression: ParquetCompression) {
        self.fields = fields
        self.columns = columns
        codec = compression.codec
        buffer = ByteBuffer(bytes: Self.magic)
    }

    /// Takes what the columns hold as one row group.
    mutating func endRowGroup(rowCount: Int) throws {
        guard rowCount > 0 else { return }
        var group = RowGroup(chunks: [], rowCount: rowCount)
        for column in columns {
            var (chunk, bytes) = try column.takeChunk()
            chunk.offset = buffer.writerIndex
            buffer.writeBytes(bytes)
            group.chunks.append(chunk)
        }
        groups.append(group)
    }

    /// Writes the footer; returns the whole file.
    consuming func finish() -> ByteBuffer {
        var thrift = ThriftWriter()
        thrift.structure { writeMetadata(to: &$0) }
        buffer.writeBytes(thrift.bytes)
        buffer.writeInteger(UInt32(thrift.bytes.count), endianness: .little)
        buffer.writeBytes(Self.magic)
        return buffer
    }

    /// FileMetaData of https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift .
    private func writeMetadata(to thrift: inout ThriftWriter) {
        thrift.field(1, Int32(2))
        thrift.field(2, structures: ParquetElement.flatten(fields)) { $1.write(to: &$0) }
        thrift.field(3, Int64(groups.reduce(0) { $0 + $1.rowCount }))
        thrift.field(4, structures: groups) { thrift, group in
            thrift.field(1, structures: Array(zip(columns, group.chunks))) { thrift, pair in
                thrift.field(2, Int64(0))
                thrift.field(3) { pair.1.write(to: &$0, column: pair.0, codec: codec) }
            }
            thrift.field(2, Int64(group.chunks.reduce(0) { $0 + $1.bytes }))
            thrift.field(3, Int64(group.rowCount))
            thrift.field(5, Int64(group.chunks.first?.offset ?? 0))
            thrift.field(6, Int64(group.chunks.reduce(0) { $0 + $1.compressedBytes }))
        }
        thrift.field(6, Array("flare".utf8))
        // Least and greatest values follow the order of their type: the one kind of order that there is.
        thrift.field(7, structures: columns) { thrift, _ in thrift.field(1) { _ in } }
    }
}

/// SchemaElement: one node of the tree of fields, which the format lists parents first.
struct ParquetElement {
    private enum Repetition: Int32 { case required = 0, optional, repeated }

    private let name: [UInt8]
    private var repetition: Repetition?
    private var type: SchemaScalar?
    private var childCount: Int?
    private var isList = false

    /// The whole tree below the record, which comes first.
    static func flatten(_ fields: [SchemaField]) -> [ParquetElement] {
        var elements = [ParquetElement(name: Array("schema".utf8), childCount: fields.count)]
        for field in fields { append(field, to: &elements) }
        return elements
    }

    private static func append(_ field: SchemaField, to elements: inout [ParquetElement]) {
        var element = ParquetElement(name: Array(field.name.utf8), repetition: field.required ? .required : .optional)
        switch field.type {
        case .scalar(let type):
            element.type = type
            elements.append(element)
        case .structure(let fields):
            element.childCount = fields.count
            elements.append(element)
            for field in fields { append(field, to: &elements) }
        case .list(let items, let required):
            // https://github.com/apache/parquet-format/blob/master/LogicalTypes.md#lists
            element.childCount = 1
            element.isList = true
            elements.append(element)
            elements.append(ParquetElement(name: Self.listName, repetition: .repeated, childCount: 1))
            append(SchemaField(name: elementName, type: items, required: required), to: &elements)
        }
    }

    /// The names that the format prescribes inside of a list.
    static let listName = Array("list".utf8)
    static let elementName = "element"

    func write(to thrift: inout ThriftWriter) {
        if let type {
            let physical = ParquetPlain.physical(type)
            thrift.field(1, physical.rawValue)
            if physical == .fixedLengthByteArray { thrift.field(2, Int32(ParquetPlain.decimalBytes)) }
        }
        if let repetition { thrift.field(3, repetition.rawValue) }
        thrift.field(4, name)
        if let childCount { thrift.field(5, Int32(childCount)) }
        if let converted = isList ? 3 : type?.parquetConvertedType { thrift.field(6, converted) }
        if case .decimal128(let precision, let scale) = type {
            thrift.field(7, Int32(scale))
            thrift.field(8, Int32(precision))
        }
        if isList {
            thrift.field(10) { $0.field(3) { _ in } }
        } else if let type, type.hasParquetLogicalType {
            thrift.field(10) { type.writeParquetLogicalType(to: &$0) }
        }
    }
}
