import Testing

@testable import FlareModel

@Suite struct IdentifierTests {
    @Test("ULIDs sort by time, and the same time and entropy give the same one")
    func ulids() {
        // The example of the specification's reference implementation: 1469918176385 is 01ARYZ6S41.
        #expect(Identifier.ulid(at: Timestamp(milliseconds: 1_469_918_176_385)).hasPrefix("01ARYZ6S41"))
        let time = Timestamp(milliseconds: 1_700_000_000_000)
        #expect(Identifier.ulid(at: time, entropy: (1, 2)) == Identifier.ulid(at: time, entropy: (1, 2)))
        #expect(Identifier.ulid(at: time, entropy: (0, 0)) == "01HF7YAT000000000000000000")
        #expect(Identifier.ulid(at: time, entropy: (.max, .max)) == "01HF7YAT00ZZZZZZZZZZZZZZZZ")
        let later = (0..<100).map { Identifier.ulid(at: time + .milliseconds($0)) }
        #expect(later == later.sorted())
        #expect(later.allSatisfy { $0.utf8.count == 26 })
        #expect(Set((0..<1000).map { _ in Identifier.ulid(at: time) }).count == 1000)
    }

    @Test("ids have the shape of Cloudflare's")
    func shapes() {
        let digits = Set("0123456789abcdef")
        let id = Identifier.hexadecimal()
        #expect(id.count == 32 && id.allSatisfy(digits.contains))
        let parts = Identifier.uuid().split(separator: "-")
        #expect(parts.map(\.count) == [8, 4, 4, 4, 12])
        #expect(parts[2].first == "4")
        #expect("89ab".contains(parts[3].prefix(1)))
        #expect(hexadecimalText([0, 15, 255]) == "000fff")
    }

    @Test("every digit of an id is random")
    func random() {
        let ids = (0..<500).map { _ in Array(Identifier.hexadecimal()) }
        for place in 0..<32 { #expect(Set(ids.map { $0[place] }).count == 16) }
        #expect(Set(ids).count == 500)
    }
}
