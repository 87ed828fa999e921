/// What one answer of a server says about the messages of a load.
struct Answer {
    /// Its length on the wire.
    var bytes: Int
    /// The messages that it answers.
    var messages: Int
    /// The records among them that are durable now.
    var records: Int
    /// The server asked to be sent less; the messages do not count and are sent again.
    var isThrottled = false
}

/// How a load reads the answers on one connection.
///
/// A value for each connection; no allocation for an answer.
protocol AnswerReader: Sendable {
    /// What is sent once, before the messages.
    var opening: [UInt8] { get }

    /// Whether the answer to the opening is whole; throws when it refuses.
    func isOpen(_ bytes: UnsafeRawBufferPointer) throws -> Bool

    /// Takes the answer in front of what has arrived; nil when it is not all there.
    ///
    /// Throws what the server objects to.
    mutating func next(in bytes: UnsafeRawBufferPointer) throws -> Answer?
}

extension AnswerReader {
    var opening: [UInt8] { [] }

    func isOpen(_ bytes: UnsafeRawBufferPointer) throws -> Bool { true }
}

extension UnsafeRawBufferPointer {
    /// Where a text first begins, at or after a place.
    func firstIndex(of text: StaticString, from start: Int = 0) -> Int? {
        let wanted = UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
        guard wanted.count <= count else { return nil }
        return (start..<Swift.max(start, count - wanted.count + 1)).first { holds(text, at: $0) }
    }

    /// Whether a text stands at a place.
    func holds(_ text: StaticString, at start: Int) -> Bool {
        let wanted = UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
        guard start >= 0, start + wanted.count <= count else { return false }
        for index in 0..<wanted.count where self[start + index] != wanted[index] { return false }
        return true
    }

    /// The decimal number that begins at a place, and where it ends.
    func number(at start: Int) -> (value: Int, end: Int) {
        var value = 0
        var end = start
        while end < count, case let digit = self[end], digit >= 48, digit <= 57 {
            value = value &* 10 &+ Int(digit - 48)
            end += 1
        }
        return (value, end)
    }

    /// The text, cut for an error message.
    var excerpt: String { String(decoding: prefix(500), as: UTF8.self) }
}
