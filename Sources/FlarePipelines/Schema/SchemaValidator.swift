package import FlareModel

/// Tells whether records are what a schema says, and if not, which field is wrong.
///
/// Members that the schema does not name are accepted. Where a name occurs twice the last one counts. Nothing is
/// allocated for a record that fits.
package struct SchemaValidator: Sendable, Hashable {
    package let schema: RecordSchema
    private let plan: SchemaPlan

    package init(_ schema: RecordSchema) throws {
        self.schema = schema
        plan = SchemaPlan(schema.fields)
    }

    /// Checks one JSON object whose syntax `JSONScanner` has checked.
    ///
    /// Nil when it fits, else a sentence with the field's path: `.user.id: expected int64, found a string`.
    package func mismatch(in record: UnsafeBufferPointer<UInt8>) -> String? {
        guard let base = record.baseAddress else { return "a record must be a JSON object" }
        var check = SchemaCheck(plan: plan, walker: JSONWalker(base, range: 0..<record.count))
        check.walker.skipWhitespace()
        return check.value(0)?.sentence
    }
}

/// What is wrong with a record, and where.
struct SchemaMismatch {
    enum Step {
        case member(String)
        case element(Int)
    }

    /// From the record down to the field; the innermost step first.
    var path: [Step] = []
    /// Nil when the field is missing.
    var found: (expected: String, found: String)?

    var sentence: String {
        let place = path.reversed().map { step in
            switch step {
            case .element(let index): "[\(index)]"
            case .member(let name): Self.needsQuotes(name) ? ".\"\(name)\"" : ".\(name)"
            }
        }.joined()
        guard let found else { return "\(place) is required and missing" }
        return "\(place): expected \(found.expected), found \(found.found)"
    }

    private static func needsQuotes(_ name: String) -> Bool {
        name.isEmpty || name.utf8.contains { $0 <= 0x20 || $0 == 0x22 || $0 == 0x2E || $0 == 0x5B || $0 == 0x5D }
    }
}

/// One walk over one record.
struct SchemaCheck {
    let plan: SchemaPlan
    var walker: JSONWalker

    /// Checks the value at the walker's position against a node and passes it.
    mutating func value(_ index: Int) -> SchemaMismatch? {
        let node = plan.nodes[index]
        if walker.current == UInt8(ascii: "n"), !node.isRequired {
            walker.skipPlainScalar()
            return nil
        }
        switch node.kind {
        case .structure where walker.current == UInt8(ascii: "{"):
            return members(of: node)
        case .list where walker.current == UInt8(ascii: "["):
            return elements(of: node)
        case .scalar(let type):
            guard let misfit = ScalarText(&walker).misfit(type) else { return nil }
            return SchemaMismatch(found: (node.kind.words, misfit.words))
        case .structure, .list:
            let found = JSONKind(first: walker.current).words
            walker.skipValue()
            return SchemaMismatch(found: (node.kind.words, found))
        }
    }

    private mutating func elements(of node: SchemaPlan.Node) -> SchemaMismatch? {
        let start = walker.position
        var index = 0
        while walker.nextElement(isFirst: index == 0) {
            if var mismatch = value(node.firstChild) {
                mismatch.path.append(.element(index))
                walker.position = start
                walker.skipValue()
                return mismatch
            }
            index += 1
        }
        return nil
    }

    private mutating func members(of node: SchemaPlan.Node) -> SchemaMismatch? {
        withUnsafeTemporaryAllocation(of: UInt64.self, capacity: (node.childCount + 63) / 64) { seen in
            seen.initialize(repeating: 0)
            // Those of names that occur again may still be made good.
            var mismatches: [(child: Int, mismatch: SchemaMismatch)] = []
            var expected = 0
            var hasEscapes = false
            while let name = walker.nextMember(hasEscapes: &hasEscapes) {
                guard let child = plan.names[node.names].find(name, in: walker, hasEscapes, expected: expected) else {
                    walker.skipValue()
                    continue
                }
                expected = child + 1
                seen[child / 64] |= 1 << UInt64(child % 64)
                let mismatch = value(node.firstChild + child)
                if !mismatches.isEmpty { mismatches.removeAll { $0.child == child } }
                if let mismatch { mismatches.append((child, mismatch)) }
            }
            if let (child, mismatch) = mismatches.first { return self.mismatch(mismatch, at: child, of: node) }
            for child in 0..<node.childCount where plan.nodes[node.firstChild + child].isRequired {
                guard seen[child / 64] & (1 << UInt64(child % 64)) == 0 else { continue }
                return mismatch(SchemaMismatch(), at: child, of: node)
            }
            return nil
        }
    }

    private func mismatch(_ mismatch: SchemaMismatch, at child: Int, of node: SchemaPlan.Node) -> SchemaMismatch {
        var mismatch = mismatch
        mismatch.path.append(.member(String(decoding: plan.names[node.names][child], as: UTF8.self)))
        return mismatch
    }
}

extension NameTable {
    /// The place of a name as it is written in a record.
    @inline(__always)
    func find(_ name: Range<Int>, in walker: JSONWalker, _ hasEscapes: Bool, expected: Int) -> Int? {
        let written = UnsafeBufferPointer(start: walker.base + name.lowerBound, count: name.count)
        guard hasEscapes else { return find(written, expected: expected) }
        return JSONString.unescaped(written).withUnsafeBufferPointer { find($0, expected: expected) }
    }
}
