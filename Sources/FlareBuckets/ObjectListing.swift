import FlareModel
import FoundationEssentials

/// What to list of a bucket.
package struct ObjectListRequest: Sendable, Hashable {
    package var prefix: String
    /// Keys that have this text after the prefix are rolled up into the part up to it, its end included.
    package var delimiter: String?
    /// Where the page before ended.
    package var cursor: String?
    /// List only keys, and rolled-up prefixes, after this text: also the marker of S3's first version of listings.
    package var startAfter: String?
    /// Objects and rolled-up prefixes together, 1 to `Limits.objectListMax`.
    package var limit: Int

    package init(
        prefix: String = "",
        delimiter: String? = nil,
        cursor: String? = nil,
        startAfter: String? = nil,
        limit: Int = Limits.objectListMax
    ) {
        self.prefix = prefix
        self.delimiter = delimiter
        self.cursor = cursor
        self.startAfter = startAfter
        self.limit = limit
    }
}

/// One page of a bucket's objects.
package struct ObjectList: Sendable, Hashable {
    package var objects: [ObjectRecord] = []
    /// What the delimiter rolled up, in order.
    package var delimitedPrefixes: [String] = []
    /// Continues after this page; nil on the last one.
    package var cursor: String?

    package init() {}
}

/// Where a listing goes on.
enum ListStart: Sendable, Hashable {
    case at(String)
    case after(String)

    /// The later of the two places.
    func later(_ other: ListStart) -> ListStart {
        let (mine, theirs) = (text, other.text)
        if mine.hasSameBytes(as: theirs) {
            if case .after = self { return self }
            return other
        }
        return mine.precedesInBytes(theirs) ? other : self
    }

    private var text: String {
        switch self {
        case .at(let text), .after(let text): text
        }
    }
}

/// The end of a page, as text that callers hand back unread: the last key, or the last prefix with all its keys.
package enum ListCursor: Sendable, Hashable {
    case key(String)
    case prefix(String)

    /// Base64 in the alphabet of URLs: the kind as one byte, then the key or prefix.
    package var text: String {
        let bytes =
            switch self {
            case .key(let key): [UInt8(ascii: "k")] + key.utf8
            case .prefix(let prefix): [UInt8(ascii: "p")] + prefix.utf8
            }
        return Data(bytes).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_")
    }

    init(text: String) throws {
        let base64 = text.replacing("-", with: "+").replacing("_", with: "/")
        guard let data = Data(base64Encoded: base64), let rest = String(validating: data.dropFirst(), as: UTF8.self)
        else { throw Self.invalid }
        switch data.first {
        case UInt8(ascii: "k"): self = .key(rest)
        case UInt8(ascii: "p"): self = .prefix(rest)
        default: throw Self.invalid
        }
    }

    /// Where the next page begins; nil when nothing can come after.
    var start: ListStart? {
        switch self {
        case .key(let key): .after(key)
        case .prefix(let prefix): ObjectKey.successor(ofPrefix: prefix).map { .at($0) }
        }
    }

    private static var invalid: FlareError {
        FlareError(.invalidArgument, "the cursor is not one that a listing has answered")
    }
}

extension ObjectListRequest {
    /// Rows read at once: a page of plain objects takes few reads, a jump over a rolled-up prefix wastes few rows.
    private static let chunk = 128

    /// Builds one page.
    ///
    /// `rows` answers the next rows of the bucket in the order of the keys' bytes.
    ///
    /// A rolled-up prefix costs one read, however many keys it holds.
    func page(_ rows: (ListStart, Int) throws -> [ObjectRecord]) throws -> ObjectList {
        try Self.check(limit: limit)
        var list = ObjectList()
        var last: ListCursor?
        guard var start = try firstStart() else { return list }
        let chunkMax = min(Self.chunk, limit + 1)
        var chunkRows = chunkMax
        while true {
            let asked = chunkRows
            let chunk = try rows(start, asked)
            var skipping: String?
            for record in chunk {
                guard record.key.beginsWithBytes(of: prefix) else { return list }
                if let skipping, record.key.beginsWithBytes(of: skipping) { continue }
                skipping = nil
                guard list.objects.count + list.delimitedPrefixes.count < limit else {
                    list.cursor = last?.text
                    return list
                }
                if let rolled = Self.rolledUp(record.key, prefix: prefix, delimiter: delimiter) {
                    list.delimitedPrefixes.append(rolled)
                    skipping = rolled
                    last = .prefix(rolled)
                } else {
                    list.objects.append(record)
                    last = .key(record.key)
                }
            }
            guard chunk.count == asked, let next = last?.start else { return list }
            start = next
            // Behind a large prefix often comes another one, of which the first key is enough.
            chunkRows = skipping == nil ? min(chunkRows * 4, chunkMax) : 2
        }
    }

    static func check(limit: Int) throws {
        guard (1...Limits.objectListMax).contains(limit) else {
            throw FlareError(
                .invalidArgument,
                "a listing takes a limit from 1 to \(Limits.objectListMax), not \(limit)"
            )
        }
    }

    private func firstStart() throws -> ListStart? {
        var start = ListStart.at(prefix)
        if let startAfter {
            if let rolled = Self.rolledUp(startAfter, prefix: prefix, delimiter: delimiter) {
                // S3 lists only rolled-up prefixes greater than the text: the one that it lies in is not.
                guard let next = ObjectKey.successor(ofPrefix: rolled) else { return nil }
                start = start.later(.at(next))
            } else {
                start = start.later(.after(startAfter))
            }
        }
        if let cursor, !cursor.isEmpty {
            guard let next = try ListCursor(text: cursor).start else { return nil }
            start = start.later(next)
        }
        return start
    }

    /// The part of a key up to and with the first delimiter after the prefix; nil when it has none, or not the prefix.
    static func rolledUp(_ key: String, prefix: String, delimiter: String?) -> String? {
        guard let delimiter, !delimiter.isEmpty, key.beginsWithBytes(of: prefix) else { return nil }
        let bytes = Array(key.utf8)
        let wanted = Array(delimiter.utf8)
        var position = prefix.utf8.count
        while position + wanted.count <= bytes.count {
            if bytes[position..<position + wanted.count].elementsEqual(wanted) {
                return String(decoding: bytes[..<(position + wanted.count)], as: UTF8.self)
            }
            position += 1
        }
        return nil
    }
}
