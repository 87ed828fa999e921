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
        let line = Self.oneLine(body)
        guard let width, line.count > width else { return line }
        return line.prefix(width - 1) + "…"
    }

    /// A text on one line that a terminal only shows: line ends and other control characters escaped.
    static func oneLine(_ text: String) -> String {
        guard SafePath.visible(text) != text else { return text }
        // By scalars, as a CR LF is one character.
        return text.unicodeScalars.map { scalar in
            switch scalar {
            case "\\": "\\\\"
            case "\n": "\\n"
            case "\r": "\\r"
            case "\t": "\\t"
            default: SafePath.visible(String(scalar))
            }
        }.joined()
    }
}
