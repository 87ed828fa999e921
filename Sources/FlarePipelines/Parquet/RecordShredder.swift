import FlareModel
import NIOCore

/// Why records cannot be shredded in the way that was tried first.
enum ShredFault: Error {
    /// A name occurs twice in one object: the last one counts, but the first is in its column already.
    case repeatedName
    /// A member has no column.
    case unknownMember
    /// A value is not of its column's type, or a required one is missing.
    case misfit
    /// The nulls of columns below groups that are mostly absent outweigh the records.
    case tooSparse
}

/// Splits records into the columns of a Parquet file, in one pass over their bytes.
///
/// https://parquet.apache.org/docs/file-format/nestedencoding/ tells of the levels.
struct RecordShredder {
    /// What to do with what the fields do not foresee.
    struct Rules {
        /// The name of the column that keeps such members, as one JSON object a record; nil: `unknownMember` is thrown.
        var extraName: String?
        /// Members are checked before they are shredded, and kept with the unforeseen ones when they do not fit.
        ///
        /// Without it `misfit` is thrown.
        var checksMembers = false
        /// A number that a double would round is a misfit.
        var keepsNumbers = false
        /// Throws `tooSparse` beyond `Limits.parquetNullsPerByteMax`.
        var boundsNulls = false
        var groupRowsMax = Limits.parquetGroupRowsMax
    }

    private let rules: Rules
    private let root: ShredNode
    private let plan: SchemaPlan
    private let extraColumn: ColumnBuilder?
    private var file: ParquetFile
    private var walker: JSONWalker
    /// Complete records in this row group.
    private var rowCount = 0
    /// For each member of the record: the rows that its columns have.
    ///
    /// They lag behind while it is missing.
    private var rowsDone: [Int]
    private var groupStart = 0
    /// The members of this record that go into the extra column, as JSON without the braces.
    private var extra: [UInt8] = []
    private var hasUnknownMember = false
    /// Nulls below the members of the record, where each is added by itself.
    private var innerNullCount = 0

    init(
        _ lines: UnsafeBufferPointer<UInt8>,
        base: UnsafePointer<UInt8>,
        fields: [SchemaField],
        rules: Rules,
        compression: ParquetCompression,
        level: Int
    ) {
        var fields = fields
        plan = SchemaPlan(fields)
        if let name = rules.extraName { fields.append(SchemaField(name: name, type: .scalar(.json))) }
        self.rules = rules
        root = ShredNode.root(fields, compression: compression, level: level)
        extraColumn = rules.extraName == nil ? nil : root.columns.last
        file = ParquetFile(fields: fields, columns: root.columns, compression: compression)
        walker = JSONWalker(base, range: 0..<lines.count)
        rowsDone = Array(repeating: 0, count: root.children.count)
    }

    /// Shreds all records; returns the file.
    mutating func run() throws -> ByteBuffer {
        while true {
            walker.skipWhitespace()
            guard walker.position < walker.end else { break }
            try record()
            rowCount += 1
            if rowCount >= rules.groupRowsMax
                || walker.position - groupStart >= Limits.parquetGroupBytesMax
            {
                try endRowGroup()
            }
        }
        try endRowGroup()
        return file.finish()
    }

    private mutating func endRowGroup() throws {
        for index in root.children.indices { try fill(index) }
        try file.endRowGroup(rowCount: rowCount)
        rowCount = 0
        groupStart = walker.position
        for index in rowsDone.indices { rowsDone[index] = 0 }
    }

    /// Gives a member's columns nulls for the records that lacked it.
    @inline(__always)
    private mutating func fill(_ index: Int) throws {
        let missing = rowCount - rowsDone[index]
        guard missing > 0 else { return }
        let node = root.children[index]
        guard !node.isRequired else { throw ShredFault.misfit }
        for column in node.columns { column.appendNull(0, 0, count: missing) }
        rowsDone[index] = rowCount
    }

    private mutating func record() throws {
        var expected = 0
        var hasEscapes = false
        // The extra column has a name that no member may be shredded by.
        let knownCount = root.children.count - (extraColumn == nil ? 0 : 1)
        while let name = walker.nextMember(hasEscapes: &hasEscapes) {
            guard let child = root.names.find(name, in: walker, hasEscapes, expected: expected), child < knownCount
            else {
                walker.skipValue()
                try keepExtra(from: name.lowerBound - 1)
                continue
            }
            expected = child + 1
            guard rowsDone[child] <= rowCount else { throw ShredFault.repeatedName }
            if rules.checksMembers, !fits(child) {
                walker.skipValue()
                try keepExtra(from: name.lowerBound - 1)
                continue
            }
            if walker.current == UInt8(ascii: "n"), !root.children[child].isRequired {
                // Left to `fill`, which adds the nulls of many rows at once.
                walker.skipPlainScalar()
                continue
            }
            try fill(child)
            rowsDone[child] = rowCount + 1
            try value(root.children[child], 0, 0)
            if hasUnknownMember {
                hasUnknownMember = false
                try keepExtra(from: name.lowerBound - 1)
            }
        }
        if !extra.isEmpty { try endExtra() }
    }

    private func fits(_ child: Int) -> Bool {
        var check = SchemaCheck(plan: plan, walker: walker)
        return check.value(plan.nodes[0].firstChild + child) == nil
    }

    /// Keeps the member that ends at the walker's position for the extra column.
    private mutating func keepExtra(from start: Int) throws {
        guard extraColumn != nil else { throw ShredFault.unknownMember }
        if !extra.isEmpty { extra.append(UInt8(ascii: ",")) }
        extra.append(contentsOf: UnsafeBufferPointer(start: walker.base + start, count: walker.position - start))
    }

    private mutating func endExtra() throws {
        guard let extraColumn else { return }
        try fill(root.children.count - 1)
        rowsDone[root.children.count - 1] = rowCount + 1
        try extraColumn.append(json: [UInt8(ascii: "{")] + extra + [UInt8(ascii: "}")])
        extra.removeAll(keepingCapacity: true)
    }

    /// Shreds the value at the walker's position; `definition` is the level of what it lies in.
    private mutating func value(_ node: ShredNode, _ repetition: Int, _ definition: Int) throws {
        let first = walker.current
        if first == UInt8(ascii: "n"), !node.isRequired {
            walker.skipPlainScalar()
            return try appendNulls(node, repetition, definition)
        }
        switch node.shape {
        case .column(let column):
            guard try column.append(&walker, repetition, keepsNumbers: rules.keepsNumbers) else {
                throw ShredFault.misfit
            }
        case .structure:
            guard first == UInt8(ascii: "{") else { throw ShredFault.misfit }
            try members(of: node, repetition)
        case .list(let element):
            guard first == UInt8(ascii: "[") else { throw ShredFault.misfit }
            try elements(element, of: node, repetition)
        }
    }

    private mutating func members(of node: ShredNode, _ repetition: Int) throws {
        let object = node.objectCount
        node.objectCount += 1
        var expected = 0
        var seenCount = 0
        var hasEscapes = false
        while let name = walker.nextMember(hasEscapes: &hasEscapes) {
            guard let child = node.names.find(name, in: walker, hasEscapes, expected: expected) else {
                guard extraColumn != nil else { throw ShredFault.unknownMember }
                hasUnknownMember = true
                walker.skipValue()
                continue
            }
            expected = child + 1
            guard node.lastObjects[child] != object else { throw ShredFault.repeatedName }
            node.lastObjects[child] = object
            seenCount += 1
            try value(node.children[child], repetition, node.definition)
        }
        guard seenCount < node.children.count else { return }
        for (index, child) in node.children.enumerated() where node.lastObjects[index] != object {
            guard !child.isRequired else { throw ShredFault.misfit }
            try appendNulls(child, repetition, node.definition)
        }
    }

    private mutating func elements(_ element: ShredNode, of node: ShredNode, _ repetition: Int) throws {
        var isFirst = true
        while walker.nextElement(isFirst: isFirst) {
            try value(element, isFirst ? repetition : node.repetition, node.definition + 1)
            isFirst = false
        }
        guard isFirst else { return }
        try appendNulls(node, repetition, node.definition)
    }

    /// One null for each column at or below a node.
    @inline(__always)
    private mutating func appendNulls(_ node: ShredNode, _ repetition: Int, _ definition: Int) throws {
        for column in node.columns { column.appendNull(repetition, definition) }
        innerNullCount += node.columns.count
        // A batch of a few kilobytes may be as sparse as it likes.
        guard rules.boundsNulls, innerNullCount > Limits.parquetNullsPerByteMax * (walker.position + 65_536) else {
            return
        }
        throw ShredFault.tooSparse
    }
}
