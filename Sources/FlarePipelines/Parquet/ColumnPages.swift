import FlareModel

/// Takes the values of one column, row after row, and turns them into pages.
///
/// `repetition` and `definition` are the levels of https://parquet.apache.org/docs/file-format/nestedencoding/ .
struct ColumnPages {
    let type: SchemaScalar
    private let isJSON: Bool
    private let definitionMax: Int
    private let repetitionMax: Int
    private let compression: ParquetCompression
    private let level: Int
    private var values: ColumnValues
    private var definitions: HybridEncoder
    private var repetitions: HybridEncoder
    /// Values and nulls in the page being filled.
    private var entryCount = 0
    private var chunk = ColumnChunk()
    private var pages: [UInt8] = []
    /// Where the bytes of a value are put together that is base64.
    private var scratch: [UInt8] = []

    init(
        _ type: SchemaScalar,
        definitionMax: Int,
        repetitionMax: Int,
        compression: ParquetCompression,
        level: Int
    ) {
        self.type = type
        isJSON = type == .json
        self.definitionMax = definitionMax
        self.repetitionMax = repetitionMax
        self.compression = compression
        self.level = level
        values = ColumnValues(type)
        definitions = HybridEncoder(bitWidth: HybridEncoder.bitWidth(of: definitionMax))
        repetitions = HybridEncoder(bitWidth: HybridEncoder.bitWidth(of: repetitionMax))
    }

    /// Adds nulls, or whatever else is less than a value.
    @inline(__always)
    mutating func appendNull(_ repetition: Int, _ definition: Int, count: Int = 1) {
        precondition(definition < definitionMax, "a required column has no nulls")
        if repetitionMax > 0 { repetitions.append(UInt32(repetition), count: count) }
        definitions.append(UInt32(definition), count: count)
        entryCount += count
        chunk.nullCount += count
    }

    /// Adds the value at the walker's position and passes it; false when it is not of the column's type.
    ///
    /// - Parameter keepsNumbers: refuses a number that a double would round.
    @inline(__always)
    mutating func append(_ walker: inout JSONWalker, _ repetition: Int, keepsNumbers: Bool) throws -> Bool {
        // A page ends between records, so that a reader can begin at any page.
        if repetition == 0, values.pageBytes >= Limits.parquetPageBytes { try endPage() }
        guard appendValue(&walker, keepsNumbers) else { return false }
        if repetitionMax > 0 { repetitions.append(UInt32(repetition)) }
        if definitionMax > 0 { definitions.append(UInt32(definitionMax)) }
        entryCount += 1
        return true
    }

    /// Adds a JSON text that is no part of a record as it came.
    mutating func append(json: [UInt8]) throws {
        if values.pageBytes >= Limits.parquetPageBytes { try endPage() }
        json.withUnsafeBufferPointer { append(text: $0) }
        definitions.append(UInt32(definitionMax))
        entryCount += 1
    }

    @inline(__always)
    private mutating func appendValue(_ walker: inout JSONWalker, _ keepsNumbers: Bool) -> Bool {
        if isJSON {
            let start = walker.position
            walker.skipValue()
            append(text: UnsafeBufferPointer(start: walker.base + start, count: walker.position - start))
            return true
        }
        let scalar = ScalarText(&walker)
        switch type {
        case .string:
            guard scalar.kind == .string else { return false }
            scalar.withUnescaped { values.append(blob: $0) }
            return true
        case .bool:
            guard scalar.kind == .boolean else { return false }
            values.append(word: scalar.text.count == 4 ? 1 : 0)
            return true
        case .bytes:
            guard scalar.kind == .string else { return false }
            scratch.removeAll(keepingCapacity: true)
            guard scalar.withUnescaped({ Base64Text.decode($0, into: &scratch) }) else { return false }
            scratch.withUnsafeBufferPointer { values.append(blob: $0) }
            return true
        case .decimal128(let precision, let scale):
            guard let decimal = scalar.decimal(precision: precision, scale: scale) else { return false }
            values.append(decimal: decimal)
            return true
        default:
            guard let word = word(scalar, keepsNumbers) else { return false }
            values.append(word: word)
            return true
        }
    }

    private mutating func append(text: UnsafeBufferPointer<UInt8>) {
        if let clean = JSONColumnText.withoutLoneSurrogates(text) {
            clean.withUnsafeBufferPointer { values.append(blob: $0) }
        } else {
            values.append(blob: text)
        }
    }

    @inline(__always)
    private func word(_ scalar: ScalarText, _ keepsNumbers: Bool) -> UInt64? {
        switch type {
        case .int64: scalar.integer(Int64.self).map { UInt64(bitPattern: $0) }
        case .uint64: scalar.integer(UInt64.self)
        case .int32: scalar.integer(Int32.self).map { UInt64(bitPattern: Int64($0)) }
        case .uint32: scalar.integer(UInt32.self).map { UInt64($0) }
        case .float32: scalar.float.map { UInt64($0.bitPattern) }
        case .timestamp(let unit): scalar.time(unit).map { UInt64(bitPattern: $0) }
        default: double(scalar, keepsNumbers).map(\.bitPattern)
        }
    }

    @inline(__always)
    private func double(_ scalar: ScalarText, _ keepsNumbers: Bool) -> Double? {
        guard scalar.kind == .number else { return nil }
        let number = NumberText(scalar.text)
        return keepsNumbers && !number.isKeptByDouble ? nil : number.double
    }

    private mutating func endPage() throws {
        guard entryCount > 0 else { return }
        var page: [UInt8] = []
        if repetitionMax > 0 { Self.take(&repetitions, into: &page) }
        if definitionMax > 0 { Self.take(&definitions, into: &page) }
        let (bytes, isDictionary) = values.takePage()
        page.append(contentsOf: bytes)
        let compressed = try compression.compress(page, level: level)
        pages += chunk.addDataPage(
            entryCount: entryCount,
            isDictionary: isDictionary,
            bytes: page.count,
            compressedBytes: compressed.count
        )
        pages += compressed
        entryCount = 0
    }

    /// Levels come with their length before them.
    private static func take(_ levels: inout HybridEncoder, into page: inout [UInt8]) {
        levels.finish()
        page.append(littleEndian: UInt64(levels.bytes.count), count: 4)
        page.append(contentsOf: levels.bytes)
        levels.removeAll()
    }

    /// Ends the row group: what the footer says of this column, and its bytes; the next row group begins empty.
    mutating func takeChunk() throws -> (chunk: ColumnChunk, bytes: [UInt8]) {
        try endPage()
        var bytes: [UInt8] = []
        if chunk.usesDictionary {
            let page = values.dictionaryPage()
            let compressed = try compression.compress(page, level: level)
            bytes = chunk.addDictionaryPage(
                entryCount: values.dictionaryCount,
                bytes: page.count,
                compressedBytes: compressed.count
            )
            bytes += compressed
        }
        bytes += pages
        chunk.lower = values.bounds.lower
        chunk.upper = values.bounds.upper
        defer {
            chunk = ColumnChunk()
            values = ColumnValues(type)
            pages = []
        }
        return (chunk, bytes)
    }
}
