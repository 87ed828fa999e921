import FlareModel

/// A record schema laid out flat, so that walking over it touches no reference counts.
///
/// Node 0 is the record itself; the children of a node stand side by side.
struct SchemaPlan: Sendable, Hashable {
    enum Kind: Sendable, Hashable {
        case scalar(SchemaScalar)
        /// Its one child is the element.
        case list
        case structure
    }

    struct Node: Sendable, Hashable {
        var kind: Kind
        var isRequired: Bool
        var firstChild = 0
        var childCount = 0
        /// Where a struct's member names are in `names`.
        var names = 0
    }

    private(set) var nodes: [Node] = []
    private(set) var names: [NameTable] = []

    init(_ fields: [SchemaField]) {
        nodes.append(Node(kind: .structure, isRequired: true))
        fill(0, with: .structure(fields))
    }

    private mutating func fill(_ index: Int, with type: SchemaType) {
        switch type {
        case .scalar: break
        case .list(let items, let required):
            (nodes[index].firstChild, nodes[index].childCount) = (nodes.count, 1)
            nodes.append(Node(kind: Kind(items), isRequired: required))
            fill(nodes[index].firstChild, with: items)
        case .structure(let fields):
            var table = NameTable()
            for field in fields {
                var name = field.name
                _ = name.withUTF8 { table.add($0) }
            }
            nodes[index].names = names.count
            names.append(table)
            let first = nodes.count
            (nodes[index].firstChild, nodes[index].childCount) = (first, fields.count)
            nodes += fields.map { Node(kind: Kind($0.type), isRequired: $0.required) }
            for (offset, field) in fields.enumerated() { fill(first + offset, with: field.type) }
        }
    }
}

extension SchemaPlan.Kind {
    init(_ type: SchemaType) {
        self =
            switch type {
            case .scalar(let scalar): .scalar(scalar)
            case .list: .list
            case .structure: .structure
            }
    }

    /// As it stands after "expected".
    var words: String {
        switch self {
        case .scalar(.decimal128(let precision, let scale)): "decimal128(\(precision),\(scale))"
        case .scalar(let scalar): scalar.name
        case .list: "list"
        case .structure: "struct"
        }
    }
}
