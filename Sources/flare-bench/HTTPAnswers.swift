import FlareModel

/// Reads HTTP/1.1 answers that have a content-length.
///
/// The first one is searched; those that follow have their length at the same place, which is only checked.
struct HTTPAnswers: AnswerReader {
    /// The records of one request.
    let records: Int
    /// Where the digits of the length begin and the body, in the answers so far.
    private var lengthAt = 0
    private var bodyAt = 0

    init(records: Int) {
        self.records = records
    }

    mutating func next(in bytes: UnsafeRawBufferPointer) throws -> Answer? {
        guard let length = bodyLength(in: bytes) else { return nil }
        guard bytes.count >= bodyAt + length else { return nil }
        var answer = Answer(bytes: bodyAt + length, messages: 1, records: records)
        if bytes.holds(" 429", at: 8) {
            answer.isThrottled = true
        } else if !bytes.holds("HTTP/1.1 200", at: 0) {
            throw FlareError(.runFailed, "the server answered: \(bytes.excerpt)")
        }
        return answer
    }

    private mutating func bodyLength(in bytes: UnsafeRawBufferPointer) -> Int? {
        if bodyAt > 0, bytes.count >= bodyAt {
            let (length, end) = bytes.number(at: lengthAt)
            if end > lengthAt, bytes.holds("\r\n", at: end), bytes.holds(": ", at: lengthAt - 2),
                bytes.holds("\r\n\r\n", at: bodyAt - 4), bytes.holds("HTTP/1.1 200", at: 0)
            {
                return length
            }
        }
        guard let end = bytes.firstIndex(of: "\r\n\r\n") else { return nil }
        let name =
            bytes.firstIndex(of: "content-length: ") ?? bytes.firstIndex(of: "Content-Length: ")
        guard let name, name < end else { return nil }
        lengthAt = name + 16
        bodyAt = end + 4
        return bytes.number(at: lengthAt).value
    }
}
