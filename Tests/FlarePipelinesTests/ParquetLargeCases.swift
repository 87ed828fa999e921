import FlareModel

@testable import FlarePipelines

/// Cases that are made, not written.
extension ParquetCase {
    /// Several pages, dictionaries that are given up early and late, runs of levels of all lengths.
    static var large: [ParquetCase] {
        var numbers = SplitMix64(seed: 7)
        let rows = (0..<20_000).map { row in
            let city = ["Oslo", "Zürich", "São Paulo", "東京"][row % 4]
            let text = String(numbers.next(), radix: 36) + String(repeating: "-", count: row % 90)
            let late = row < 15_000 ? "\(row % 3)" : "\(numbers.next() >> 1)"
            let gap = row % 1000 < 700 ? #","gap":\#(row)"# : ""
            let list = (0..<(row % 5)).map(String.init).joined(separator: ",")
            return #"{"row":\#(row),"city":"\#(city)","text":"\#(text)","late":\#(late),"half":\#(Double(row) / 2)"#
                + #"\#(gap),"on":\#(row % 3 == 0),"same":"always","list":[\#(list)]}"#
        }
        let wide = (0..<60).map { row in
            "{" + (0..<400).filter { $0 % 60 <= row }.map { "\"c\($0)\":\(row * $0)" }.joined(separator: ",") + "}"
        }
        // More members than there may be fields: the rest is kept as JSON.
        let scattered = (0..<900).map { #"{"k\#($0)":\#($0),"deep":{"n\#($0)":1},"list":[{"z\#($0)":null}]}"# }
        let deep = [20, 31, 60].map { levels in
            String(repeating: #"{"d":["#, count: levels) + "1" + String(repeating: "]}", count: levels)
        }
        // Members named by data, inside of a member: their nulls would be more than the records.
        let sparse = (0..<4_000).map { #"{"a":{"n\#($0 % 990)":\#($0)},"l":[null,{"b":1}],"c":null}"# }
        let sparseLater =
            [#"{"a":[{\#((0..<500).map { #""n\#($0)":1"# }.joined(separator: ","))}]}"#]
            + (0..<3_000).map { #"{"a":[null,{},null,{"n\#($0 % 9)":\#($0)}]}"# }
        let lateField =
            (0..<3_000).map { #"{"a":\#($0),"b":"some text to fill the sample \#($0)"}"# } + [
                #"{"a":1.5,"b":null,"c":[{"d":1}]}"#
            ]
        let longText = (0..<40).map { #"{"s":"\#(String(repeating: "x\($0) ", count: 20_000))","i":\#($0)}"# }
        let few = (0..<5_000).map { #"{"s":"text \#($0 % 7)"}"# }
        let many = (0..<9_000).map { #"{"s":"\#(String(repeating: "long ", count: 30))\#($0)"}"# }
        return [
            ParquetCase(name: "dictionary-overflow", lines: few + many),
            ParquetCase(name: "rows", lines: rows),
            ParquetCase(name: "rows-snappy", lines: Array(rows.prefix(9_000)), compression: .snappy),
            ParquetCase(name: "rows-gzip", lines: Array(rows.prefix(9_000)), compression: .gzip),
            ParquetCase(name: "rows-plain", lines: Array(rows.prefix(9_000)), compression: .none),
            ParquetCase(name: "row-groups", lines: Array(rows.prefix(4_500)), groupRowsMax: 1_000),
            ParquetCase(name: "wide", lines: wide),
            ParquetCase(name: "scattered", lines: scattered),
            ParquetCase(name: "sparse", lines: sparse),
            ParquetCase(name: "sparse-later", lines: sparseLater),
            ParquetCase(name: "deep", lines: deep),
            ParquetCase(name: "late-field", lines: lateField),
            ParquetCase(name: "long-text", lines: longText),
        ]
    }

    /// Records of random shape: some all alike, some with nothing in common.
    static var random: [ParquetCase] {
        (0..<60).map { seed in
            var random = RandomJSON(numbers: SplitMix64(seed: UInt64(seed)), disorder: [0, 3, 30][seed % 3])
            let lines = (0..<(seed % 7 == 0 ? 3 : 120)).map { _ in random.record() }
            return ParquetCase(
                name: "random-\(seed)",
                lines: lines,
                compression: ParquetCompression.allCases[seed % ParquetCompression.allCases.count]
            )
        }
    }
}

extension ParquetCase {
    /// Records of random shape under a schema that some of them fit: the one that tidy records would have.
    static func randomDeclared() throws -> [ParquetCase] {
        try (0..<24).map { seed in
            var tidy = RandomJSON(numbers: SplitMix64(seed: UInt64(seed % 4)), disorder: 0)
            let sample = Array((0..<200).map { _ in tidy.record() + "\n" }.joined().utf8)
            let fields = sample.withUnsafeBufferPointer { lines -> [SchemaField] in
                guard let base = lines.baseAddress else { return [] }
                var inference = TypeInference(lines, base: base)
                inference.read(until: lines.count)
                return inference.fields
            }
            // Half of the schemas lack a field and require the others.
            let kept =
                seed % 2 == 0
                ? fields
                : fields.dropLast().map {
                    SchemaField(name: $0.name, type: $0.type, required: true)
                }
            let schema = try RecordSchema(fields: kept)
            var random = RandomJSON(numbers: SplitMix64(seed: UInt64(1000 + seed)), disorder: [0, 2, 20][seed % 3])
            return ParquetCase(
                name: "random-declared-\(seed)",
                lines: (0..<120).map { _ in random.record() },
                schema: String(decoding: FlareJSON.encode(schema), as: UTF8.self)
            )
        }
    }
}

/// Numbers that are the same in every run. https://prng.di.unimi.it/splitmix64.c
struct SplitMix64: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
        return value ^ value >> 31
    }
}

/// JSON objects of a random shape; the type of a member depends on its name, except where disorder rules.
private struct RandomJSON {
    var numbers: SplitMix64
    /// Of a hundred values, how many have any type.
    let disorder: Int

    private mutating func below(_ count: Int) -> Int { Int.random(in: 0..<count, using: &numbers) }

    mutating func record() -> String { object(depth: 0) }

    private mutating func object(depth: Int) -> String {
        var names = (0..<7).filter { _ in below(100) < 70 }
        if below(10) == 0 { names.shuffle(using: &numbers) }
        let space = below(20) == 0 ? " " : ""
        return "{" + space
            + names.map { "\"m\($0)\(depth)\"\(space):\(space)" + value(kind: $0 + depth, depth: depth) }
            .joined(separator: space + ",") + "}"
    }

    private mutating func value(kind: Int, depth: Int) -> String {
        if below(100) < 8 { return "null" }
        let kind = below(100) < disorder ? below(7) : kind % 7
        switch kind {
        case 0: return String(below(2) == 0 ? below(5) : Int(bitPattern: UInt(numbers.next())))
        case 1: return "\"" + text() + "\""
        case 2 where depth < 3: return object(depth: depth + 1)
        case 3 where depth < 3:
            let element = below(disorder == 0 ? 1 : 40) == 0 ? 1 : below(7)
            let count = below(5)
            let elements = (0..<count).map { _ in value(kind: element, depth: depth + 1) }
            return "[" + elements.joined(separator: ",") + "]"
        case 4: return below(2) == 0 ? "true" : "false"
        case 5: return "\(Double(below(2_000_000) - 1_000_000) / 64)"
        default: return "\(Double.random(in: -1...1, using: &numbers) * 1e17)"
        }
    }

    private mutating func text() -> String {
        let parts = ["a", "é", "\\n", "\\u20ac", "😀", "\\ud83d\\ude00", " ", "\\\"", "xyz", "\\ud800", "{", ","]
        return (0..<below(9)).map { _ in parts[below(parts.count)] }.joined()
    }
}
