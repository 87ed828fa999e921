import FlareModel
import NIOCore

/// Chooses records by the values of their members: `.shop=a`, `.user.id!=7`.
///
/// All conditions must hold.
package struct RecordFilter: Sendable {
    private struct Condition {
        let key: JSONKey
        let text: ByteBuffer
        let isEqual: Bool
    }

    private let conditions: [Condition]

    /// Parses conditions; throws `invalidArgument` with the form expected.
    package init(_ texts: [String]) throws {
        guard texts.count <= Limits.recordConditionsMax else {
            throw FlareError(.invalidArgument, "at most \(Limits.recordConditionsMax) conditions are possible")
        }
        conditions = try texts.map(Self.parse)
    }

    package var isEmpty: Bool { conditions.isEmpty }

    /// Whether a record that has been checked at the door meets all conditions.
    ///
    /// The text of a value is compared: the characters of a string, a number as it is written, `true`, `false`,
    /// `null`. A record without the member, or with an object or array there, differs from every text.
    func accepts(_ payload: ByteBuffer, at range: Range<Int>) -> Bool {
        conditions.allSatisfy { condition in
            (condition.key.text(in: payload, at: range) == condition.text) == condition.isEqual
        }
    }

    private static func parse(_ text: String) throws -> Condition {
        var isQuoted = false
        for index in text.indices {
            switch text[index] {
            case "\"": isQuoted.toggle()
            case "=" where !isQuoted:
                var path = text[..<index]
                let isEqual = path.last != "!"
                if !isEqual { path.removeLast() }
                let value = text[text.index(after: index)...]
                return Condition(
                    key: try JSONKey(String(path)),
                    text: ByteBuffer(substring: value),
                    isEqual: isEqual
                )
            default: break
            }
        }
        throw FlareError(
            .invalidArgument,
            "\"\(text)\" is not a condition",
            hint: "write PATH=VALUE or PATH!=VALUE, such as .merchantId=m-1"
        )
    }
}
