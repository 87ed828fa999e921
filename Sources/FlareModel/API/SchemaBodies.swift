/// What a pipeline's records look like: `{"fields":[…]}`, in the words of Cloudflare's stream schemas.
///
/// A value of this type has been checked: names are distinct, types are known, bounds are kept. Decoding throws
/// `invalidData` that names the field. A bare array of fields is accepted too.
package struct RecordSchema: Sendable, Hashable {
    /// Empty in `none` only.
    package let fields: [SchemaField]

    /// What takes a schema away in a change of settings: `{"fields":[]}`.
    package static let none = RecordSchema()

    private init() {
        fields = []
    }

    /// Throws `invalidData` when names repeat, or a bound of `Limits` is passed.
    package init(fields: [SchemaField]) throws {
        var count = 0
        try Self.check(fields, below: "", depth: 1, count: &count)
        self.fields = fields
    }

    /// Decodes and checks the text of a schema file; throws `invalidData`, also for one without fields.
    package init(json: some Sequence<UInt8>) throws {
        self = try FlareJSON.decode(RecordSchema.self, from: json)
        guard self != .none else { throw FlareError(.invalidData, "the schema has no fields") }
    }
}

/// One named member of a record or of a struct.
package struct SchemaField: Sendable, Hashable {
    package var name: String
    package var type: SchemaType
    /// Whether it must be there and not be null.
    package var required: Bool

    package init(name: String, type: SchemaType, required: Bool = false) {
        self.name = name
        self.type = type
        self.required = required
    }
}

/// The type of a field.
package indirect enum SchemaType: Sendable, Hashable {
    case scalar(SchemaScalar)
    /// An array; `required` says that no element may be null.
    case list(SchemaType, required: Bool)
    case structure([SchemaField])
}

/// A type whose values have no parts.
package enum SchemaScalar: Sendable, Hashable {
    case bool, int32, int64, uint32, uint64, float32, float64, string, json, bytes
    case decimal128(precision: Int, scale: Int)
    case timestamp(SchemaTimeUnit)
}

/// What an integer counts in a field of type timestamp.
package enum SchemaTimeUnit: String, Codable, Sendable, CaseIterable {
    case second, millisecond, microsecond, nanosecond
}

extension SchemaScalar {
    /// The types without parameters, by their spelling on the wire.
    static let plain: [(name: String, type: SchemaScalar)] = [
        ("bool", .bool), ("int32", .int32), ("int64", .int64), ("uint32", .uint32), ("uint64", .uint64),
        ("float32", .float32), ("float64", .float64), ("string", .string), ("json", .json), ("bytes", .bytes),
    ]

    /// The type's spelling on the wire, without parameters.
    package var name: String {
        switch self {
        case .decimal128: "decimal128"
        case .timestamp: "timestamp"
        default: Self.plain.first { $0.type == self }?.name ?? ""
        }
    }
}

extension SchemaType {
    /// The type's spelling on the wire, without parameters.
    package var name: String {
        switch self {
        case .scalar(let scalar): scalar.name
        case .list: "list"
        case .structure: "struct"
        }
    }
}

extension RecordSchema {
    private static func check(_ fields: [SchemaField], below path: String, depth: Int, count: inout Int) throws {
        guard !fields.isEmpty else {
            throw FlareError(.invalidData, path.isEmpty ? "the schema has no fields" : "\(path): a struct needs fields")
        }
        // Compared by their bytes: two spellings of one character are two names to JSON and to Parquet.
        var names: Set<[UInt8]> = []
        for field in fields {
            let path = path + "." + field.name
            guard !field.name.isEmpty, field.name.utf8.count <= Limits.schemaNameBytesMax else {
                throw FlareError(
                    .invalidData,
                    "\(path): the name of a field has 1 to \(Limits.schemaNameBytesMax) bytes"
                )
            }
            guard names.insert(Array(field.name.utf8)).inserted else {
                throw FlareError(.invalidData, "\(path): the name occurs twice")
            }
            try check(field.type, at: path, depth: depth, count: &count)
        }
    }

    private static func check(_ type: SchemaType, at path: String, depth: Int, count: inout Int) throws {
        count += 1
        guard count <= Limits.schemaFieldsMax else {
            throw FlareError(.invalidData, "the schema has more than \(Limits.schemaFieldsMax) fields")
        }
        guard depth <= Limits.schemaDepthMax else {
            throw FlareError(.invalidData, "\(path): nested deeper than \(Limits.schemaDepthMax) levels")
        }
        switch type {
        case .list(let items, _): try check(items, at: path + "[]", depth: depth + 1, count: &count)
        case .structure(let fields): try check(fields, below: path, depth: depth + 1, count: &count)
        case .scalar(.decimal128(let precision, let scale)):
            guard Limits.decimalPrecisionRange ~= precision else {
                throw FlareError(
                    .invalidData,
                    "\(path): precision \(precision) is not between 1 and \(Limits.decimalPrecisionRange.upperBound)"
                )
            }
            guard 0...precision ~= scale else {
                throw FlareError(
                    .invalidData,
                    "\(path): scale \(scale) is not between 0 and the precision, \(precision)"
                )
            }
        case .scalar: break
        }
    }
}

extension RecordSchema: Codable {
    private enum CodingKeys: String, CodingKey { case fields }

    package init(from decoder: any Decoder) throws {
        let written: [WrittenField]
        if let list = try? decoder.unkeyedContainer() {
            _ = list
            written = try decoder.singleValueContainer().decode([WrittenField].self)
        } else {
            written = try decoder.container(keyedBy: CodingKeys.self).decode([WrittenField].self, forKey: .fields)
        }
        if written.isEmpty {
            self = .none
        } else {
            try self.init(fields: written.enumerated().map { try $1.field(below: "", index: $0) })
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(fields.map(WrittenField.init), forKey: .fields)
    }
}

/// A field as it is written on the wire, before and after it is a `SchemaField`.
private struct WrittenField: Codable {
    var name: String?
    var type: String?
    var required: Bool?
    var fields: [WrittenField]?
    /// One element, or none; an array because a struct cannot hold itself.
    var items: [WrittenField] = []
    var unit: String?
    var precision: Int?
    var scale: Int?

    private enum CodingKeys: String, CodingKey {
        case name, type, required, fields, items, unit, precision, scale
    }

    init(_ field: SchemaField) {
        self.init(field.type, required: field.required)
        name = field.name
    }

    init(_ type: SchemaType, required: Bool) {
        self.required = required
        self.type = type.name
        switch type {
        case .list(let items, let required): self.items = [WrittenField(items, required: required)]
        case .structure(let fields): self.fields = fields.map(WrittenField.init)
        case .scalar(.timestamp(let unit)): self.unit = unit.rawValue
        case .scalar(.decimal128(let precision, let scale)): (self.precision, self.scale) = (precision, scale)
        case .scalar: break
        }
    }

    /// `items` may also be the bare name of a type.
    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        name = try container.decodeIfPresent(String.self, forKey: .name)
        type = try container.decodeIfPresent(String.self, forKey: .type)
        required = try container.decodeIfPresent(Bool.self, forKey: .required)
        fields = try container.decodeIfPresent([WrittenField].self, forKey: .fields)
        unit = try container.decodeIfPresent(String.self, forKey: .unit)
        precision = try container.decodeIfPresent(Int.self, forKey: .precision)
        scale = try container.decodeIfPresent(Int.self, forKey: .scale)
        if let bare = try? container.decode(String.self, forKey: .items) {
            var element = WrittenField(.scalar(.string), required: false)
            element.type = bare
            items = [element]
        } else if let element = try container.decodeIfPresent(WrittenField.self, forKey: .items) {
            items = [element]
        }
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encodeIfPresent(name, forKey: .name)
        try container.encodeIfPresent(type, forKey: .type)
        try container.encodeIfPresent(required, forKey: .required)
        try container.encodeIfPresent(fields, forKey: .fields)
        try container.encodeIfPresent(items.first, forKey: .items)
        try container.encodeIfPresent(unit, forKey: .unit)
        try container.encodeIfPresent(precision, forKey: .precision)
        try container.encodeIfPresent(scale, forKey: .scale)
    }
}

/// From the wire to a checked type; `path` is that of the field itself.
extension WrittenField {
    /// What people call the types elsewhere.
    private static let otherNames = [
        "boolean": "bool", "int": "int64", "integer": "int64", "long": "int64", "float": "float64",
        "double": "float64", "number": "float64", "decimal": "decimal128", "text": "string", "varchar": "string",
        "date": "timestamp", "datetime": "timestamp", "time": "timestamp", "array": "list", "object": "struct",
        "record": "struct", "map": "json", "any": "json", "blob": "bytes",
    ]

    func field(below path: String, index: Int) throws -> SchemaField {
        guard let name else {
            throw FlareError(.invalidData, "field \(index) of \(path.isEmpty ? "the schema" : path) has no name")
        }
        return SchemaField(name: name, type: try schemaType(at: path + "." + name), required: required ?? false)
    }

    private func schemaType(at path: String) throws -> SchemaType {
        guard let type else { throw FlareError(.invalidData, "\(path): the field has no type") }
        try refuse("fields", when: fields != nil && type != "struct", of: type, at: path)
        try refuse("items", when: !items.isEmpty && type != "list", of: type, at: path)
        try refuse("unit", when: unit != nil && type != "timestamp", of: type, at: path)
        try refuse("precision", when: precision != nil && type != "decimal128", of: type, at: path)
        try refuse("scale", when: scale != nil && type != "decimal128", of: type, at: path)
        switch type {
        case "struct":
            return .structure(try (fields ?? []).enumerated().map { try $1.field(below: path, index: $0) })
        case "list":
            guard let element = items.first else {
                throw FlareError(
                    .invalidData,
                    "\(path): a list needs items",
                    hint: #"write the type of its elements: "items": {"type": "string"}"#
                )
            }
            return .list(try element.schemaType(at: path + "[]"), required: element.required ?? false)
        case "timestamp": return .scalar(.timestamp(try timeUnit(at: path)))
        case "decimal128":
            guard let precision else { throw FlareError(.invalidData, "\(path): a decimal128 needs a precision") }
            return .scalar(.decimal128(precision: precision, scale: scale ?? 0))
        case "binary": return .scalar(.bytes)
        default:
            guard let plain = SchemaScalar.plain.first(where: { $0.name == type }) else {
                throw unknown(type, at: path)
            }
            return .scalar(plain.type)
        }
    }

    private func refuse(_ member: String, when isWrong: Bool, of type: String, at path: String) throws {
        guard isWrong, Self.names.contains(type) else { return }
        throw FlareError(.invalidData, "\(path): the type \(type) has no \(member)")
    }

    private func timeUnit(at path: String) throws -> SchemaTimeUnit {
        guard let unit else { return .millisecond }
        guard let known = SchemaTimeUnit(rawValue: unit) else {
            throw FlareError(
                .invalidData,
                "\(path): unknown unit \"\(unit)\"",
                hint: "units: " + SchemaTimeUnit.allCases.map(\.rawValue).joined(separator: ", ")
            )
        }
        return known
    }

    private func unknown(_ type: String, at path: String) -> FlareError {
        let near = Self.otherNames[type.lowercased()] ?? nearestName(to: type.lowercased(), in: Self.names)
        return FlareError(
            .invalidData,
            "\(path): unknown type \"\(type)\"" + (near.map { ". Did you mean \"\($0)\"?" } ?? ""),
            hint: "types: " + Self.names.joined(separator: ", ")
        )
    }

    private static let names =
        SchemaScalar.plain.map(\.name) + ["decimal128", "timestamp", "list", "struct"]
}
