import FlareModel
import NIOCore

/// How the records of a pipeline are spread over folders: by values in them, and by when they came in.
///
/// A layout is a list such as `.merchantId,day`: JSON keys begin with a dot; `year`, `month`, `day` and `hour` and
/// patterns such as `dt=%Y%m%d` stand for the time; `none` leaves the time out. The key of `--batch-on-json-key` goes
/// first unless the layout names it. Without a layout records are spread by hour.
struct Partitioning: Sendable, Hashable {
    private enum Segment: Sendable, Hashable {
        /// The place of a key in `keys`.
        case key(Int)
        case time(String)
    }

    private static let patterns = [
        "year": "year=%Y", "month": "year=%Y/month=%m", "day": "event_date=%Y-%m-%d",
        "hour": "event_date=%Y-%m-%d/hr=%H",
        "none": "",
    ]

    let keys: [JSONKey]
    private let segments: [Segment]

    /// Throws `invalidArgument` with the forms that are known.
    init(key: String?, layout: String) throws {
        var keys: [JSONKey] = []
        var segments: [Segment] = []
        let elements = layout.split(separator: ",").map { $0.filter { $0 != " " } }
        if let key, !elements.contains(key), !elements.contains("." + key) {
            keys.append(try JSONKey(key))
            segments.append(.key(0))
        }
        for element in elements {
            if element.hasPrefix(".") {
                segments.append(.key(keys.count))
                keys.append(try JSONKey(element))
            } else {
                segments.append(.time(try Self.pattern(element)))
            }
        }
        let hasTime = segments.contains { if case .time = $0 { true } else { false } }
        if !hasTime && elements.isEmpty { segments.append(.time(Self.patterns["hour"] ?? "")) }
        guard keys.count <= Limits.partitionKeysMax, layout.utf8.count <= Limits.jsonKeyBytesMax else {
            throw FlareError(.invalidArgument, "records are spread by at most \(Limits.partitionKeysMax) keys")
        }
        self.keys = keys
        self.segments = segments
    }

    private static func pattern(_ element: String) throws -> String {
        if let known = patterns[element] { return known }
        var specifiers = element.split(separator: "%", omittingEmptySubsequences: false).dropFirst()
        specifiers = specifiers.filter { !$0.isEmpty }
        guard element.contains("%"), specifiers.allSatisfy({ "YmdHM".contains($0.first ?? " ") }),
            !element.contains("..")
        else {
            throw FlareError(
                .invalidArgument,
                "\"\(element)\" is no way to spread records",
                hint: "write a JSON key such as .merchantId, one of year, month, day, hour, none, "
                    + "or a pattern of %Y %m %d %H %M"
            )
        }
        return element
    }

    /// What records that belong together have in common: the value of the key, or the values of all keys as one text.
    func key(in payload: ByteBuffer, at range: Range<Int>) -> ByteBuffer {
        if keys.count == 1 { return keys[0].value(in: payload, at: range) }
        var result = ByteBuffer()
        for (index, key) in keys.enumerated() {
            if index > 0 { result.writeInteger(UInt8(ascii: "/")) }
            result.writeString(ObjectNaming.percentEncoded(key.value(in: payload, at: range).readableBytesView))
        }
        return result
    }

    /// The folders of a batch: `merchantId=m-1/event_date=2024-04-01/hr=12`.
    func folders(key: ByteBuffer, at time: Timestamp) -> [String] {
        // One key's value is kept as it is, several are encoded already.
        let values =
            keys.count == 1
            ? [ObjectNaming.percentEncoded(key.readableBytesView)]
            : String(buffer: key).split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        return segments.compactMap { segment in
            switch segment {
            case .key(let index):
                guard index < values.count else { return nil }
                return "\(ObjectNaming.percentEncoded(keys[index].label.utf8))=\(values[index])"
            case .time(let pattern):
                return pattern.isEmpty ? nil : Self.expand(pattern, at: time)
            }
        }
    }

    private static func expand(_ pattern: String, at time: Timestamp) -> String {
        // RFC 3339 in UTC: 2013-01-01T05:17:00.000Z
        let text = Array(time.text.utf8)
        func part(_ range: Range<Int>) -> String { String(decoding: text[range], as: UTF8.self) }
        var result = ""
        var rest = Substring(pattern)
        while let first = rest.popFirst() {
            guard first == "%", let specifier = rest.popFirst() else {
                result.append(first)
                continue
            }
            switch specifier {
            case "Y": result += part(0..<4)
            case "m": result += part(5..<7)
            case "d": result += part(8..<10)
            case "H": result += part(11..<13)
            case "M": result += part(14..<16)
            default: result.append(specifier)
            }
        }
        return result
    }
}
