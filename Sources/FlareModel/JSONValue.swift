import FoundationEssentials

/// Any JSON value, for bodies whose shape belongs to the user.
///
/// Whole numbers that fit keep their digits.
package enum JSONValue: Sendable, Hashable {
    case null
    case bool(Bool)
    case integer(Int64)
    case number(Double)
    case string(String)
    case array([JSONValue])
    case object([String: JSONValue])

    /// Decodes JSON text; throws `invalidData` when it is not JSON.
    package init(json: some Sequence<UInt8>) throws {
        do {
            self = try JSONDecoder().decode(JSONValue.self, from: Data(json))
        } catch {
            throw FlareError(.invalidData, "the text is not valid JSON", cause: error)
        }
    }

    /// Compact JSON text with sorted keys.
    package var jsonBytes: [UInt8] { FlareJSON.encode(self) }

    package subscript(key: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members[key]
    }

    package var stringValue: String? {
        guard case .string(let text) = self else { return nil }
        return text
    }

    package var integerValue: Int? {
        switch self {
        case .integer(let value): Int(value)
        case .number(let value) where value.rounded() == value && abs(value) < 9e15: Int(value)
        default: nil
        }
    }

    package var boolValue: Bool? {
        guard case .bool(let value) = self else { return nil }
        return value
    }

    package var arrayValue: [JSONValue]? {
        guard case .array(let elements) = self else { return nil }
        return elements
    }

    package var objectValue: [String: JSONValue]? {
        guard case .object(let members) = self else { return nil }
        return members
    }
}

extension JSONValue: Codable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {
            self = .bool(value)
        } else if let value = try? container.decode(Int64.self) {
            self = .integer(value)
        } else if let value = try? container.decode(Double.self) {
            self = .number(value)
        } else if let value = try? container.decode(String.self) {
            self = .string(value)
        } else if let value = try? container.decode([JSONValue].self) {
            self = .array(value)
        } else {
            self = .object(try container.decode([String: JSONValue].self))
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .null: try container.encodeNil()
        case .bool(let value): try container.encode(value)
        case .integer(let value): try container.encode(value)
        case .number(let value): try container.encode(value)
        case .string(let value): try container.encode(value)
        case .array(let value): try container.encode(value)
        case .object(let value): try container.encode(value)
        }
    }
}

/// The one way JSON is written: sorted keys, slashes unescaped, so that output is stable.
package enum FlareJSON {
    package static func encode(_ value: some Encodable, pretty: Bool = false) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting =
            pretty ? [.sortedKeys, .withoutEscapingSlashes, .prettyPrinted] : [.sortedKeys, .withoutEscapingSlashes]
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: "Infinity",
            negativeInfinity: "-Infinity",
            nan: "NaN"
        )
        do {
            return Array(try encoder.encode(value))
        } catch {
            preconditionFailure("a body of the API could not be encoded: \(error)")
        }
    }

    /// Decodes a control body; throws `invalidData` naming the field that does not fit.
    package static func decode<Value: Decodable>(_ type: Value.Type, from bytes: some Sequence<UInt8>) throws -> Value {
        let data = Data(bytes)
        do {
            return try JSONDecoder().decode(type, from: data)
        } catch let error as DecodingError {
            throw FlareError(.invalidData, describe(error, of: data), cause: error)
        }
    }

    /// Where something is in a body: `.rules[0].actions`.
    package static func path(_ keys: [any CodingKey]) -> String {
        keys.map { $0.intValue.map { "[\($0)]" } ?? ".\($0.stringValue)" }.joined()
    }

    private static func describe(_ error: DecodingError, of data: Data) -> String {
        func field(_ context: DecodingError.Context) -> String {
            context.codingPath.isEmpty ? "the body" : "the field \"\(path(context.codingPath))\""
        }
        return switch error {
        case .keyNotFound(let key, let context): "the body lacks the field \"\(path(context.codingPath + [key]))\""
        case .typeMismatch(let type, let context): "\(field(context)) is not \(words(for: type))"
        case .valueNotFound(_, let context): "\(field(context)) must not be null"
        case .dataCorrupted(let context) where !context.codingPath.isEmpty:
            "\(field(context)) is not valid: \(context.debugDescription)"
        // The decoder does not say where, when a number does not fit.
        case .dataCorrupted where JSONBytes.isValid(data):
            "a number in the body is not a whole number, or is too large"
        case .dataCorrupted: "the body is not valid JSON"
        @unknown default: "the body does not have the expected shape"
        }
    }

    /// What JSON calls a type that the decoder names.
    private static func words(for type: any Any.Type) -> String {
        switch type {
        case is String.Type: "a string"
        case is Bool.Type: "true or false"
        case is any FixedWidthInteger.Type: "a whole number"
        case is any BinaryFloatingPoint.Type: "a number"
        case is [Any].Type: "a list"
        case is [String: Any].Type: "an object"
        default: "of type \(type)"
        }
    }
}

extension RawRepresentable where Self: Decodable & CaseIterable, RawValue == String {
    /// Says which values there are, in the place of the name of a Swift type.
    package init(from decoder: any Decoder) throws {
        let text = try decoder.singleValueContainer().decode(String.self)
        guard let value = Self(rawValue: text) else {
            let names = Self.allCases.map(\.rawValue)
            let near = nearestName(to: text, in: names).map { ". Did you mean \"\($0)\"?" } ?? ""
            throw FlareError(
                .invalidData,
                "the field \"\(FlareJSON.path(decoder.codingPath))\" cannot be \"\(shortened(text))\"\(near)",
                hint: "it is one of \(names.joined(separator: ", "))"
            )
        }
        self = value
    }
}
