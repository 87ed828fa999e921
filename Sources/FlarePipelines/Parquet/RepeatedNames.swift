/// Writes records again without the members that a later one of the same name replaces.
///
/// Few records have such members, so this takes its time.
struct RepeatedNames {
    private var walker: JSONWalker
    private var result: [UInt8] = []

    /// The lines with every name once in each object; the last one counts, as for `JSON.parse`.
    static func removed(from lines: UnsafeBufferPointer<UInt8>) -> [UInt8] {
        guard let base = lines.baseAddress else { return [] }
        var names = RepeatedNames(walker: JSONWalker(base, range: 0..<lines.count))
        names.result.reserveCapacity(lines.count)
        while true {
            names.walker.skipWhitespace()
            guard names.walker.position < names.walker.end else { return names.result }
            names.value()
            names.result.append(UInt8(ascii: "\n"))
        }
    }

    private init(walker: JSONWalker) {
        self.walker = walker
    }

    private mutating func value() {
        switch walker.current {
        case UInt8(ascii: "{"): object()
        case UInt8(ascii: "["): array()
        default:
            let start = walker.position
            walker.skipValue()
            copy(start..<walker.position)
        }
    }

    private mutating func copy(_ range: Range<Int>) {
        result.append(contentsOf: UnsafeBufferPointer(start: walker.base + range.lowerBound, count: range.count))
    }

    private mutating func array() {
        result.append(UInt8(ascii: "["))
        var isFirst = true
        while walker.nextElement(isFirst: isFirst) {
            if !isFirst { result.append(UInt8(ascii: ",")) }
            isFirst = false
            value()
        }
        result.append(UInt8(ascii: "]"))
    }

    private mutating func object() {
        var names = NameTable()
        // The range of each name between its quotes, and where its last value begins.
        var members: [(name: Range<Int>, value: Int)] = []
        var hasEscapes = false
        while let name = walker.nextMember(hasEscapes: &hasEscapes) {
            if let place = names.find(name, in: walker, hasEscapes, expected: members.count) {
                members[place].value = walker.position
            } else {
                _ = names.add(name, in: walker, hasEscapes)
                members.append((name, walker.position))
            }
            walker.skipValue()
        }
        let end = walker.position
        result.append(UInt8(ascii: "{"))
        for (index, member) in members.enumerated() {
            if index > 0 { result.append(UInt8(ascii: ",")) }
            copy((member.name.lowerBound - 1)..<(member.name.upperBound + 1))
            result.append(UInt8(ascii: ":"))
            walker.position = member.value
            value()
        }
        result.append(UInt8(ascii: "}"))
        walker.position = end
    }
}
