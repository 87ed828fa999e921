/// What the footer says of one column in one row group.
struct ColumnChunk {
    private(set) var entryCount = 0
    var nullCount = 0
    var lower: ColumnBounds.Bound?
    var upper: ColumnBounds.Bound?
    /// With the headers of pages.
    private(set) var bytes = 0
    private(set) var compressedBytes = 0
    private(set) var plainPages: Int32 = 0
    private(set) var dictionaryDataPages: Int32 = 0
    /// The bytes of the dictionary's page, which stands before the others; 0 when there is none.
    private(set) var dictionaryPageBytes = 0
    /// Where the chunk begins in the file.
    var offset = 0

    var usesDictionary: Bool { dictionaryDataPages > 0 }

    /// Encodings of the format, by their numbers.
    enum Encoding {
        static let plain: Int32 = 0
        static let hybrid: Int32 = 3
        static let dictionary: Int32 = 8
    }

    private enum PageType {
        static let data: Int32 = 0
        static let dictionary: Int32 = 2
    }

    /// Counts a page in; returns the header to write before it.
    mutating func addDataPage(entryCount: Int, isDictionary: Bool, bytes: Int, compressedBytes: Int) -> [UInt8] {
        self.entryCount += entryCount
        if isDictionary { dictionaryDataPages += 1 } else { plainPages += 1 }
        let header = Self.header(PageType.data, bytes, compressedBytes) { thrift in
            thrift.field(5) {
                $0.field(1, Int32(entryCount))
                $0.field(2, isDictionary ? Encoding.dictionary : Encoding.plain)
                $0.field(3, Encoding.hybrid)
                $0.field(4, Encoding.hybrid)
            }
        }
        count(header, bytes, compressedBytes)
        return header
    }

    mutating func addDictionaryPage(entryCount: Int, bytes: Int, compressedBytes: Int) -> [UInt8] {
        let header = Self.header(PageType.dictionary, bytes, compressedBytes) { thrift in
            thrift.field(7) {
                $0.field(1, Int32(entryCount))
                $0.field(2, Encoding.plain)
            }
        }
        count(header, bytes, compressedBytes)
        dictionaryPageBytes = header.count + compressedBytes
        return header
    }

    private static func header(
        _ type: Int32,
        _ bytes: Int,
        _ compressedBytes: Int,
        _ body: (inout ThriftWriter) -> Void
    ) -> [UInt8] {
        var thrift = ThriftWriter()
        thrift.structure {
            $0.field(1, type)
            $0.field(2, Int32(bytes))
            $0.field(3, Int32(compressedBytes))
            body(&$0)
        }
        return thrift.bytes
    }

    private mutating func count(_ header: [UInt8], _ bytes: Int, _ compressedBytes: Int) {
        self.bytes += header.count + bytes
        self.compressedBytes += header.count + compressedBytes
    }

    /// Writes ColumnMetaData.
    func write(to thrift: inout ThriftWriter, column: ColumnBuilder, codec: Int32) {
        thrift.field(1, ParquetPlain.physical(column.type).rawValue)
        thrift.field(2, integers: encodings)
        thrift.field(3, strings: column.path)
        thrift.field(4, codec)
        thrift.field(5, Int64(entryCount))
        thrift.field(6, Int64(bytes))
        thrift.field(7, Int64(compressedBytes))
        thrift.field(9, Int64(offset + dictionaryPageBytes))
        if usesDictionary { thrift.field(11, Int64(offset)) }
        thrift.field(12) { writeStatistics(to: &$0) }
        thrift.field(13, structures: pageKinds) { thrift, kind in
            thrift.field(1, kind.type)
            thrift.field(2, kind.encoding)
            thrift.field(3, kind.count)
        }
    }

    private var encodings: [Int32] {
        var encodings = [Encoding.hybrid]
        if plainPages > 0 || usesDictionary { encodings.append(Encoding.plain) }
        if usesDictionary { encodings.append(Encoding.dictionary) }
        return encodings
    }

    private var pageKinds: [(type: Int32, encoding: Int32, count: Int32)] {
        [
            (PageType.dictionary, Encoding.plain, usesDictionary ? 1 : 0),
            (PageType.data, Encoding.dictionary, dictionaryDataPages),
            (PageType.data, Encoding.plain, plainPages),
        ].filter { $0.2 > 0 }
    }

    private func writeStatistics(to thrift: inout ThriftWriter) {
        thrift.field(3, Int64(nullCount))
        if let upper { thrift.field(5, upper.bytes) }
        if let lower { thrift.field(6, lower.bytes) }
        if let upper { thrift.field(7, upper.isExact) }
        if let lower { thrift.field(8, lower.isExact) }
    }
}
