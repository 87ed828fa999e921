import FlareModel
import FoundationEssentials

extension QueueMessageBody {
    /// The bytes of the body.
    func bytes() throws -> [UInt8] {
        guard encoding == "base64" else { return Array(body.utf8) }
        guard let data = Data(base64Encoded: body) else {
            throw FlareError(.invalidData, "the body of message \(id) is not valid base64")
        }
        return Array(data)
    }

    /// The body on one line, cut to `width` characters if that is given.
    func oneLine(width: Int?) -> String {
        let line = SafePath.oneLine(body)
        guard let width, line.count > width else { return line }
        return line.prefix(width - 1) + "…"
    }

    /// The line that a tail shows; as wide as the terminal, but never without the beginning of the body.
    func tailLine(columns: Int?) -> String {
        let head = "\(timestamp.text)  \(cursor.map { "\($0)" } ?? "-")  \(id)  "
        return head + oneLine(width: columns.map { max(Self.shownCharacters, $0 - head.count) })
    }

    /// Characters of a body that fit a row of a terminal beside the rest, or that are worth a second one.
    static let shownCharacters = 60
}
