import CFlareSystem
import FlareModel
import NIOCore
import Testing

@testable import FlarePipelines

@Suite("the parts of a Parquet file")
struct ParquetEncodingTests {
    private func hybrid(_ values: [UInt32], bitWidth: Int) -> [UInt8] {
        var encoder = HybridEncoder(bitWidth: bitWidth)
        for value in values { encoder.append(value) }
        encoder.finish()
        return encoder.bytes
    }

    /// Reads as https://parquet.apache.org/docs/file-format/data-pages/encodings/#RLE says.
    private func decode(_ bytes: [UInt8], bitWidth: Int, count: Int) -> [UInt32] {
        var values: [UInt32] = []
        var index = 0
        while index < bytes.count {
            var header = 0
            var shift = 0
            repeat {
                header |= Int(bytes[index] & 0x7F) << shift
                shift += 7
                index += 1
            } while bytes[index - 1] & 0x80 != 0
            if header & 1 == 0 {
                let width = (bitWidth + 7) / 8
                let value = bytes[index..<(index + width)].reversed().reduce(0) { $0 << 8 | UInt32($1) }
                index += width
                values += Array(repeating: value, count: header >> 1)
            } else {
                let bits = bytes[index..<(index + (header >> 1) * bitWidth)]
                    .flatMap { byte in (0..<8).map { UInt32(byte >> $0 & 1) } }
                index += (header >> 1) * bitWidth
                for start in 0..<((header >> 1) * 8) {
                    values.append((0..<bitWidth).reduce(0) { $0 | bits[start * bitWidth + $1] << UInt32($1) })
                }
            }
        }
        return Array(values.prefix(count))
    }

    @Test("runs and packed groups have the bytes of the specification's example")
    func knownBytes() {
        // 0 to 7 in three bits each: the example of the specification.
        #expect(hybrid(Array(0...7), bitWidth: 3) == [0x03, 0x88, 0xC6, 0xFA])
        #expect(hybrid(Array(repeating: 1, count: 100), bitWidth: 1) == [0xC8, 0x01, 0x01])
        #expect(hybrid([], bitWidth: 1) == [])
        #expect(hybrid(Array(repeating: 0, count: 9), bitWidth: 0) == [0x12])
    }

    @Test("every mixture of runs is read back", arguments: [0, 1, 2, 3, 5, 8, 9, 17, 20])
    func roundTrip(bitWidth: Int) {
        var numbers = SplitMix64(seed: UInt64(bitWidth))
        for _ in 0..<200 {
            var values: [UInt32] = []
            var encoder = HybridEncoder(bitWidth: bitWidth)
            for _ in 0..<Int.random(in: 0...60, using: &numbers) {
                let value = UInt32.random(in: 0...(1 << UInt32(bitWidth) - 1), using: &numbers)
                let count = [1, 1, 2, 7, 8, 9, 70, 700].randomElement(using: &numbers) ?? 1
                values += Array(repeating: value, count: count)
                if count > 2 {
                    encoder.append(value, count: count)
                } else {
                    for _ in 0..<count { encoder.append(value) }
                }
            }
            encoder.finish()
            #expect(decode(encoder.bytes, bitWidth: bitWidth, count: values.count) == values)
        }
    }

    @Test("Thrift fields have the bytes of the compact protocol")
    func thrift() {
        var thrift = ThriftWriter()
        thrift.structure {
            $0.field(1, Int32(-1))
            $0.field(2, true)
            $0.field(3, false)
            $0.field(20, Int64(300))
            $0.field(21, Array("ab".utf8))
            $0.field(22) { $0.field(1, Int16(1)) }
            $0.field(23, integers: [1, -2])
            $0.field(24, strings: Array(repeating: [0x78], count: 15))
            $0.field(25, byte: 7)
        }
        let strings = [[UInt8]](repeating: [0x01, 0x78], count: 15).flatMap(\.self)
        let before: [UInt8] = [
            0x15, 0x01, 0x11, 0x12, 0x06, 0x28, 0xD8, 0x04, 0x18, 0x02, 0x61, 0x62, 0x1C, 0x14, 0x02,
        ]
        let lists: [UInt8] = [0x00, 0x19, 0x25, 0x02, 0x03, 0x19, 0xF8, 0x0F]
        let expected = before + lists + strings + [0x13, 0x07, 0x00]
        #expect(thrift.bytes == expected)
    }

    private func encode(_ lines: String) throws -> [UInt8] {
        let file = try ParquetEncoder.encode(
            lines: ByteBuffer(string: lines),
            schema: nil,
            compression: .none,
            level: 1
        )
        return Array(file.readableBytesView)
    }

    @Test(
        "lists and structs have the levels of the format",
        arguments: [
            // Repetition 0 1 0 0 0 and definition 3 2 1 0 3: eight packed values each, after the length of both.
            (
                #"{"a":[1,null]}|{"a":[]}|{"a":null}|{"a":[3]}"#,
                [0x02, 0, 0, 0, 0x03, 0b00010, 0x03, 0, 0, 0, 0x03, 0b00_01_10_11, 0b11]
            ),
            // No repetition; definition 3 2 1 0.
            (#"{"a":{"b":{"c":1}}}|{"a":{"b":{}}}|{"a":{}}|{}"#, [0x03, 0, 0, 0, 0x03, 0b00_01_10_11, 0x00]),
            // Repetition 0 2 1 1 and definition 5 5 3 2.
            (
                #"{"a":[[1,2],[],null]}"#,
                [0x03, 0, 0, 0, 0x03, 0b01_01_10_00, 0, 0x04, 0, 0, 0, 0x03, 0b11_101_101, 0b0000_0100, 0]
            ),
        ] as [(String, [UInt8])]
    )
    func levels(lines: String, expected: [UInt8]) throws {
        let file = try encode(lines.replacing("|", with: "\n") + "\n")
        let isThere = (0..<(file.count - expected.count)).contains { file[$0...].starts(with: expected) }
        #expect(isThere)
    }

    @Test("bounds of long texts are cut to a text below and a text above them")
    func bounds() {
        func bounds(_ text: String, _ type: SchemaScalar = .string) -> ColumnBounds {
            var bounds = ColumnBounds(type)
            Array(text.utf8).withUnsafeBufferPointer { bounds.add(blob: $0) }
            return bounds
        }
        let long = bounds(String(repeating: "a", count: 65))
        #expect(long.lower == .init(bytes: Array(repeating: 0x61, count: 64), isExact: false))
        #expect(long.upper == .init(bytes: Array(repeating: 0x61, count: 63) + [0x62], isExact: false))
        #expect(bounds("short").upper == .init(bytes: Array("short".utf8), isExact: true))
        // The first half of a character does not count, and nothing comes after the last one of all.
        let halved = bounds(String(repeating: "a", count: 63) + "ü!")
        #expect(halved.lower?.bytes.count == 63)
        #expect(halved.upper?.bytes == Array(repeating: 0x61, count: 62) + [0x62])
        #expect(bounds(String(repeating: "\u{10FFFF}", count: 20)).upper == nil)
        #expect(bounds(String(repeating: "\u{D7FF}", count: 30)).upper?.bytes.suffix(3) == [0xEE, 0x80, 0x80])
        #expect(bounds("{}", .json).lower == nil)
    }

    @Test("bounds follow the order of their type")
    func order() {
        func bounds(_ words: [UInt64], _ type: SchemaScalar) -> [[UInt8]?] {
            var bounds = ColumnBounds(type)
            for word in words { bounds.add(word: word) }
            return [bounds.lower?.bytes, bounds.upper?.bytes]
        }
        func bytes(_ word: UInt64) -> [UInt8] { ParquetPlain.bytes(of: word, .int64) }
        let minusOne = UInt64.max
        #expect(bounds([1, minusOne], .int64) == [bytes(minusOne), bytes(1)])
        #expect(bounds([1, minusOne], .uint64) == [bytes(1), bytes(minusOne)])
        let doubles = [-1.5, 2.5, -300, 0.1].map(\.bitPattern)
        #expect(bounds(doubles, .float64) == [bytes((-300.0).bitPattern), bytes((2.5).bitPattern)])
        #expect(bounds([(0.0).bitPattern], .float64) == [bytes((-0.0).bitPattern), bytes((0.0).bitPattern)])
        #expect(bounds([], .int64) == [nil, nil])
    }

    @Test("a dictionary is left when it saves nothing, and later when it outgrows its bound")
    func dictionary() {
        var values = ColumnValues(.int64)
        for number in 0..<5_000 { values.append(word: UInt64(number)) }
        #expect(values.takePage().bytes == (UInt64(0)..<5_000).flatMap { ParquetPlain.bytes(of: $0, .int64) })

        values = ColumnValues(.int64)
        for number in 0..<5_000 { values.append(word: UInt64(number % 10)) }
        #expect(values.takePage().isDictionary)
        let tooMany = Limits.parquetDictionaryBytesMax / 8 + 1_024
        for number in 0..<tooMany { values.append(word: UInt64(number)) }
        let page = values.takePage()
        #expect(!page.isDictionary)
        #expect(page.bytes == (0..<tooMany).flatMap { ParquetPlain.bytes(of: UInt64($0), .int64) })
        // The first page still needs it.
        #expect(values.dictionaryPage().starts(with: (UInt64(0)..<10).flatMap { ParquetPlain.bytes(of: $0, .int64) }))
    }

    @Test("a snappy block is read back within its bounds, and a damaged one is refused")
    func snappy() throws {
        let page = Array(String(repeating: "parquet ", count: 1000).utf8)
        let block = try ParquetCompression.snappy.compress(page, level: 0)
        var length = 0
        #expect(flare_snappy_uncompressed_length(block, block.count, &length))
        #expect(length == page.count)
        var result = [UInt8](repeating: 0, count: length)
        #expect(flare_snappy_uncompress(block, block.count, &result, length))
        #expect(result == page)
        #expect(!flare_snappy_uncompress(block, block.count, &result, length - 1))
        #expect(!flare_snappy_uncompress(block, block.count - 1, &result, length))
        #expect(!flare_snappy_uncompressed_length(nil, 0, &length))
    }

    @Test("snappy, gzip and zstd shrink a page, and nothing stays nothing")
    func compression() throws {
        let page = Array(String(repeating: "parquet ", count: 1000).utf8)
        for compression in ParquetCompression.allCases {
            #expect(try compression.compress(page, level: 1).count < (compression == .none ? 8001 : 500))
            _ = try compression.compress([], level: 1)
        }
    }
}
