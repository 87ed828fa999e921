package import FlareModel

/// Which bytes of an object are asked for.
package enum ObjectRange: Sendable, Hashable {
    /// From an offset, `length` bytes or to the end.
    case from(offset: Int, length: Int?)
    /// The last bytes.
    case suffix(Int)

    /// The bytes meant in an object of `size` bytes; nil when none of them exists.
    ///
    /// What reaches beyond the end is cut off.
    package func resolve(size: Int) -> Range<Int>? {
        switch self {
        case .from(let offset, let length):
            guard offset >= 0, offset < size, length.map({ $0 > 0 }) ?? true else { return nil }
            return offset..<(length.map { $0 < size - offset ? offset + $0 : size } ?? size)
        case .suffix(let length):
            guard length > 0, size > 0 else { return nil }
            return max(0, size - length)..<size
        }
    }

    /// Reads a `Range` header with one range of bytes.
    ///
    /// Nil for other units, several ranges and bad syntax, which a server ignores.
    /// https://www.rfc-editor.org/rfc/rfc9110#section-14.2
    package init?(header: String) {
        guard header.lowercased().hasPrefix("bytes=") else { return nil }
        let parts = header.dropFirst("bytes=".count).split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2 else { return nil }
        let first = parts[0].filter { $0 != " " }
        let last = parts[1].filter { $0 != " " }
        if first.isEmpty {
            guard let length = Self.number(last) else { return nil }
            self = .suffix(length)
        } else {
            guard let start = Self.number(first) else { return nil }
            if last.isEmpty {
                self = .from(offset: start, length: nil)
            } else {
                guard let end = Self.number(last), end >= start else { return nil }
                self = .from(offset: start, length: end - start + 1)
            }
        }
    }

    /// Reads R2's `{offset?, length?}` or `{suffix}`.
    package init?(json: JSONValue) throws {
        guard let members = json.objectValue else {
            if json == .null { return nil }
            throw FlareError(.invalidArgument, "range must be {offset?, length?} or {suffix}")
        }
        func number(_ name: String) throws -> Int? {
            guard let value = members[name], value != .null else { return nil }
            guard let number = value.integerValue, number >= 0 else {
                throw FlareError(.invalidArgument, "range.\(name) must be a whole number that is not negative")
            }
            return number
        }
        let (offset, length, suffix) = (try number("offset"), try number("length"), try number("suffix"))
        if let suffix {
            guard offset == nil, length == nil else {
                throw FlareError(.invalidArgument, "range.suffix cannot be combined with offset or length")
            }
            self = .suffix(suffix)
        } else {
            if offset == nil, length == nil { return nil }
            self = .from(offset: offset ?? 0, length: length)
        }
    }

    /// A number however long; those that no object reaches are all the same.
    private static func number(_ text: some StringProtocol) -> Int? {
        guard !text.isEmpty, text.utf8.allSatisfy({ (48...57).contains($0) }) else { return nil }
        return min(Int(text) ?? .max, .max - 1)
    }
}
