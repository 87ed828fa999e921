import FlareModel

/// The values of one column: those of the page being filled, and the dictionary of the chunk.
///
/// A chunk begins with a dictionary and leaves it when it grows too large or saves nothing.
struct ColumnValues {
    let type: SchemaScalar
    private let isOfWords: Bool
    /// Bytes of a number.
    private let width: Int
    /// Bytes before each byte string that tell its length; decimals need none.
    private let lengthBytes: Int
    private(set) var bounds: ColumnBounds
    private(set) var usesDictionary: Bool
    private var words = WordDictionary()
    private var blobs = BlobDictionary()
    /// Of the page, one of both: places in the dictionary, or values in PLAIN encoding.
    private var places: [UInt32] = []
    private var plain: [UInt8] = []
    /// What the page takes in PLAIN encoding.
    private var plainBytes = 0
    /// Whether it is settled if the dictionary saves anything.
    private var isTried = false

    /// Values after which a dictionary is looked at for the first time.
    private static let trialCount = 4_096

    init(_ type: SchemaScalar) {
        self.type = type
        let physical = ParquetPlain.physical(type)
        isOfWords = physical != .byteArray && physical != .fixedLengthByteArray
        width = ParquetPlain.width(type)
        lengthBytes = physical == .byteArray ? 4 : 0
        bounds = ColumnBounds(type)
        usesDictionary = type != .bool
    }

    /// Bytes of values in the page before compression, roughly.
    @inline(__always)
    var pageBytes: Int { usesDictionary ? places.count * 2 : plain.count }

    var dictionaryCount: Int { isOfWords ? words.entries.count : blobs.count }

    /// The bytes of the dictionary in PLAIN encoding.
    private var dictionaryBytes: Int {
        if isOfWords { return words.entries.count * width }
        return blobs.bytes.count + blobs.count * lengthBytes
    }

    /// Adds a number, as a bit pattern; an int32 is extended to 64 bits.
    @inline(__always)
    mutating func append(word: UInt64) {
        if usesDictionary {
            let count = words.entries.count
            let place = words.place(of: word)
            places.append(place)
            plainBytes += width
            if words.entries.count > count {
                bounds.add(word: word)
                if words.entries.count & 1023 == 0 { leaveDictionaryIfTooLarge() }
            }
            if places.count == Self.trialCount, !isTried { tryDictionary() }
        } else {
            bounds.add(word: word)
            plain.append(littleEndian: word, count: width)
        }
    }

    @inline(__always)
    mutating func append(blob: UnsafeBufferPointer<UInt8>) {
        if usesDictionary {
            let count = blobs.count
            places.append(blobs.place(of: blob))
            plainBytes += blob.count + lengthBytes
            if blobs.count > count {
                if lengthBytes > 0 { bounds.add(blob: blob) }
                leaveDictionaryIfTooLarge()
            }
            if places.count == Self.trialCount, !isTried { tryDictionary() }
        } else {
            if lengthBytes > 0 { bounds.add(blob: blob) }
            appendPlain(blob)
        }
    }

    mutating func append(decimal: Int128) {
        bounds.add(decimal: decimal)
        ParquetPlain.bytes(of: decimal).withUnsafeBufferPointer { append(blob: $0) }
    }

    @inline(__always)
    private mutating func appendPlain(_ blob: UnsafeBufferPointer<UInt8>) {
        if lengthBytes > 0 { plain.append(littleEndian: UInt64(blob.count), count: 4) }
        plain.append(contentsOf: blob)
    }

    /// Ends the page: the bytes of its values, and whether they are places in the dictionary.
    mutating func takePage() -> (bytes: [UInt8], isDictionary: Bool) {
        defer {
            places.removeAll(keepingCapacity: true)
            plain.removeAll(keepingCapacity: true)
            plainBytes = 0
            isTried = true
        }
        if !isTried { tryDictionary() }
        guard usesDictionary else { return (type == .bool ? packedBits : plain, false) }
        let bitWidth = HybridEncoder.bitWidth(of: max(dictionaryCount - 1, 0))
        var encoder = HybridEncoder(bitWidth: bitWidth)
        for place in places { encoder.append(place) }
        encoder.finish()
        return ([UInt8(bitWidth)] + encoder.bytes, true)
    }

    /// The dictionary's page in PLAIN encoding.
    func dictionaryPage() -> [UInt8] {
        var page: [UInt8] = []
        page.reserveCapacity(dictionaryBytes)
        if isOfWords {
            for word in words.entries { page.append(littleEndian: word, count: width) }
        } else {
            for index in 0..<blobs.count {
                let range = blobs[index]
                if lengthBytes > 0 { page.append(littleEndian: UInt64(range.count), count: 4) }
                page.append(contentsOf: blobs.bytes[range])
            }
        }
        return page
    }

    /// Eight booleans a byte, the first in the lowest bit.
    private var packedBits: [UInt8] {
        var bits = [UInt8](repeating: 0, count: (plain.count + 7) / 8)
        for (index, value) in plain.enumerated() { bits[index / 8] |= value << UInt8(index % 8) }
        return bits
    }

    @inline(__always)
    private mutating func leaveDictionaryIfTooLarge() {
        if dictionaryBytes > Limits.parquetDictionaryBytesMax { leaveDictionary() }
    }

    /// Only in the first page: leaves the dictionary when it and the places take as much as the values themselves.
    private mutating func tryDictionary() {
        isTried = true
        guard usesDictionary else { return }
        let bitWidth = HybridEncoder.bitWidth(of: max(dictionaryCount - 1, 0))
        if dictionaryBytes + places.count * bitWidth / 8 >= plainBytes { leaveDictionary() }
    }

    /// The page goes on in PLAIN encoding; pages before it keep the dictionary.
    private mutating func leaveDictionary() {
        usesDictionary = false
        plain.reserveCapacity(plainBytes)
        if isOfWords {
            for place in places { plain.append(littleEndian: words.entries[Int(place)], count: width) }
        } else {
            blobs.bytes.withUnsafeBufferPointer { bytes in
                for place in places { appendPlain(UnsafeBufferPointer(rebasing: bytes[blobs[Int(place)]])) }
            }
        }
        places = []
    }
}
