import FlareModel

/// A field as the shredder walks over it: where its columns are, and which levels its values have.
final class ShredNode {
    enum Shape {
        case column(ColumnBuilder)
        /// The node is that of an element.
        case list(ShredNode)
        case structure
    }

    let shape: Shape
    let isRequired: Bool
    /// The definition level of a value that is there.
    let definition: Int
    /// Of a list: the repetition level of its second element and those after it.
    let repetition: Int
    /// All columns at or below this node.
    let columns: [ColumnBuilder]

    /// Of a struct: its members, and for each the last object that had it.
    let names: NameTable
    let children: [ShredNode]
    var lastObjects: [Int]
    /// Objects walked over so far.
    var objectCount = 0

    private init(
        shape: Shape,
        isRequired: Bool,
        definition: Int,
        repetition: Int,
        columns: [ColumnBuilder],
        names: NameTable = NameTable(),
        children: [ShredNode] = []
    ) {
        self.shape = shape
        self.isRequired = isRequired
        self.definition = definition
        self.repetition = repetition
        self.columns = columns
        self.names = names
        self.children = children
        lastObjects = Array(repeating: -1, count: children.count)
    }

    /// The node of the record itself.
    static func root(_ fields: [SchemaField], compression: ParquetCompression, level: Int) -> ShredNode {
        var path: [[UInt8]] = []
        return make(.structure(fields), isRequired: true, path: &path, definition: 0, repetition: 0) {
            path,
            type,
            definition,
            repetition in
            let pages = ColumnPages(
                type,
                definitionMax: definition,
                repetitionMax: repetition,
                compression: compression,
                level: level
            )
            return ColumnBuilder(path: path, pages: pages)
        }
    }

    private typealias MakeColumn = ([[UInt8]], SchemaScalar, Int, Int) -> ColumnBuilder

    private static func make(
        _ type: SchemaType,
        isRequired: Bool,
        path: inout [[UInt8]],
        definition: Int,
        repetition: Int,
        column: MakeColumn
    ) -> ShredNode {
        let present = definition + (isRequired ? 0 : 1)
        switch type {
        case .scalar(let scalar):
            let column = column(path, scalar, present, repetition)
            return ShredNode(
                shape: .column(column),
                isRequired: isRequired,
                definition: present,
                repetition: repetition,
                columns: [column]
            )
        case .list(let items, let required):
            path += [ParquetElement.listName, Array(ParquetElement.elementName.utf8)]
            defer { path.removeLast(2) }
            let element = make(
                items,
                isRequired: required,
                path: &path,
                definition: present + 1,
                repetition: repetition + 1,
                column: column
            )
            return ShredNode(
                shape: .list(element),
                isRequired: isRequired,
                definition: present,
                repetition: repetition + 1,
                columns: element.columns
            )
        case .structure(let fields):
            var names = NameTable()
            var children: [ShredNode] = []
            for field in fields {
                let name = Array(field.name.utf8)
                _ = name.withUnsafeBufferPointer { names.add($0) }
                path.append(name)
                children.append(
                    make(
                        field.type,
                        isRequired: field.required,
                        path: &path,
                        definition: present,
                        repetition: repetition,
                        column: column
                    )
                )
                path.removeLast()
            }
            return ShredNode(
                shape: .structure,
                isRequired: isRequired,
                definition: present,
                repetition: repetition,
                columns: children.flatMap(\.columns),
                names: names,
                children: children
            )
        }
    }
}
