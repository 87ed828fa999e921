import FlareModel

/// Reads one object of a configuration, with errors that name the file and the path of the field.
struct ConfigurationReader {
    let file: String
    /// Such as `queues.consumers[0]`; empty at the top.
    let path: String
    let members: [String: JSONValue]

    init(file: String, path: String = "", value: JSONValue) throws {
        guard case .object(let members) = value else {
            throw Self.problem(file, "\(path.isEmpty ? "the file" : path) must be an object")
        }
        self.file = file
        self.path = path
        self.members = members
    }

    func text(_ key: String) throws -> String? {
        switch members[key] {
        case nil, .null: return nil
        case .string(let text) where !text.isEmpty: return text
        default: throw problem(key, "must be a text that is not empty")
        }
    }

    func requiredText(_ key: String) throws -> String {
        guard let text = try text(key) else { throw problem(key, "is missing") }
        return text
    }

    func integer(_ key: String, _ range: ClosedRange<Int>) throws -> Int? {
        guard let value = members[key], value != .null else { return nil }
        guard let number = value.integerValue, range.contains(number) else {
            throw problem(key, "must be a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    func number(_ key: String, _ range: ClosedRange<Double>) throws -> Double? {
        let number: Double
        switch members[key] {
        case nil, .null: return nil
        case .integer(let value): number = Double(value)
        case .number(let value): number = value
        default: number = .nan
        }
        guard range.contains(number) else {
            throw problem(key, "must be a number from \(Int(range.lowerBound)) to \(Int(range.upperBound))")
        }
        return number
    }

    func texts(_ key: String) throws -> [String] {
        switch members[key] {
        case nil, .null: return []
        case .array(let values):
            let texts = values.compactMap(\.stringValue)
            guard texts.count == values.count else { throw problem(key, "must be a list of texts") }
            return texts
        default: throw problem(key, "must be a list of texts")
        }
    }

    /// Cron expressions, as one text or a list of them; nil when they are absent.
    func crons(_ key: String) throws -> [String]? {
        let texts: [String]
        switch members[key] {
        case nil, .null: return nil
        case .string: texts = [try requiredText(key)]
        default: texts = try self.texts(key)
        }
        for (index, text) in texts.enumerated() {
            do {
                _ = try CronExpression(text)
            } catch let error as FlareError {
                var problem = problem(texts.count == 1 ? key : "\(key)[\(index)]", "is wrong: \(error.message)")
                problem.hint = error.hint
                throw problem
            }
        }
        return texts
    }

    /// A nested object; empty when it is absent.
    func object(_ key: String) throws -> ConfigurationReader {
        switch members[key] {
        case nil, .null: try ConfigurationReader(file: file, path: place(of: key), value: .object([:]))
        case let value?: try ConfigurationReader(file: file, path: place(of: key), value: value)
        }
    }

    /// A list of objects; empty when it is absent.
    func objects(_ key: String) throws -> [ConfigurationReader] {
        switch members[key] {
        case nil, .null: return []
        case .array(let values):
            return try values.enumerated().map {
                try ConfigurationReader(file: file, path: "\(place(of: key))[\($0.offset)]", value: $0.element)
            }
        default: throw problem(key, "must be a list")
        }
    }

    func problem(_ key: String, _ what: String) -> FlareError {
        Self.problem(file, "\(place(of: key)) \(what)")
    }

    /// The whole path of a field.
    func place(of key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

    private static func problem(_ file: String, _ what: String) -> FlareError {
        FlareError(.invalidData, "\(file): \(what)")
    }
}
