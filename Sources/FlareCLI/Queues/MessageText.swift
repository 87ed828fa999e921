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

    /// The body on one line: line ends escaped, and cut to `width` characters if that is given.
    func oneLine(width: Int?) -> String {
        let line = body.replacing("\\", with: body.contains("\n") ? "\\\\" : "\\")
            .replacing("\r", with: "\\r")
            .replacing("\n", with: "\\n")
        guard let width, line.count > width else { return line }
        return line.prefix(width - 1) + "…"
    }
}
