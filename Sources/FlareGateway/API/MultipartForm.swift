import FlareModel
import Glibc

/// A body of the type `multipart/form-data`, taken apart.
/// https://www.rfc-editor.org/rfc/rfc7578
struct MultipartForm {
    struct Part: Equatable {
        var name: String
        var fileName: String?
        var type: String?
        var bytes: [UInt8]
    }

    let parts: [Part]

    /// - Parameters:
    ///   - type: the request's Content-Type, which names what stands between the parts.
    ///   - partsMax: more are refused.
    /// - Throws: `unsupportedMediaType` for another type, `invalidData` saying what is wrong with the body.
    init(_ body: [UInt8], type: String?, partsMax: Int) throws {
        let delimiter = Array("--\(try Self.boundary(type))".utf8)
        var reader = Reader(body: body, delimiter: delimiter)
        var parts: [Part] = []
        try reader.skipFirstDelimiter()
        while try !reader.isAtEnd() {
            guard parts.count < partsMax else {
                throw Self.problem("the body has more than \(partsMax) parts")
            }
            parts.append(try reader.part(number: parts.count + 1))
        }
        self.parts = parts
    }

    /// The parts of a name.
    func parts(named name: String) -> [Part] { parts.filter { $0.name == name } }

    private static func boundary(_ type: String?) throws -> String {
        let header = Header(type ?? "")
        guard header.value.lowercased() == "multipart/form-data" else {
            throw FlareError(
                .unsupportedMediaType,
                "the body is of the type \"\(header.value)\"; it must be multipart/form-data",
                hint: "send a part \"metadata\" with JSON, and each module as a part with its name as file name"
            )
        }
        guard let boundary = header.parameters["boundary"], (1...70).contains(boundary.utf8.count) else {
            throw problem("the Content-Type multipart/form-data has no valid \"boundary\"")
        }
        return boundary
    }

    fileprivate static func problem(_ text: String) -> FlareError {
        FlareError(.invalidData, text)
    }
}

/// Walks through a multipart body.
private struct Reader {
    let body: [UInt8]
    let delimiter: [UInt8]
    private var index = 0

    private static let newline: [UInt8] = [13, 10]

    init(body: [UInt8], delimiter: [UInt8]) {
        self.body = body
        self.delimiter = delimiter
    }

    /// The body begins with it, after at most a line end.
    mutating func skipFirstDelimiter() throws {
        if body.starts(with: Self.newline) { index = 2 }
        guard has(delimiter, at: index) else {
            throw MultipartForm.problem("the body does not begin with the boundary that its Content-Type names")
        }
        index += delimiter.count
    }

    /// Behind a delimiter: whether it was the last one; otherwise a part follows.
    mutating func isAtEnd() throws -> Bool {
        if has(Array("--".utf8), at: index) { return true }
        // Blanks may pad a delimiter.
        while index < body.count, body[index] == 32 || body[index] == 9 { index += 1 }
        guard has(Self.newline, at: index) else { throw cutOff }
        index += 2
        return false
    }

    /// One part and the delimiter behind it.
    mutating func part(number: Int) throws -> MultipartForm.Part {
        let headers = try headers(number: number)
        guard let disposition = headers["content-disposition"].map(Header.init),
            disposition.value.lowercased() == "form-data", let name = disposition.parameters["name"]
        else {
            throw MultipartForm.problem(
                "part \(number) of the body has no name: it needs a header "
                    + "Content-Disposition: form-data; name=\"…\""
            )
        }
        if let encoding = headers["content-transfer-encoding"]?.lowercased(),
            !["binary", "8bit", "7bit"].contains(encoding)
        {
            throw MultipartForm.problem("the part \"\(name)\" is encoded as \(encoding); send its bytes as they are")
        }
        // The line end of the last header is the delimiter's too when nothing stands between them.
        // https://www.rfc-editor.org/rfc/rfc2046#section-5.1.1
        let end = try nextDelimiter(from: index - 2)
        let bytes = Array(body[index..<max(index, end)])
        index = end + 2 + delimiter.count
        return MultipartForm.Part(
            name: name,
            fileName: disposition.parameters["filename"],
            type: headers["content-type"],
            bytes: bytes
        )
    }

    /// The headers by their names in small letters; afterwards `index` is at the first byte of the content.
    private mutating func headers(number: Int) throws -> [String: String] {
        var headers: [String: String] = [:]
        let limit = min(body.count, index + Limits.partHeaderBytesMax)
        while true {
            guard let end = find(Self.newline, from: index, until: limit) else {
                guard limit == body.count else {
                    let most = formatSizeBytes(Limits.partHeaderBytesMax)
                    throw MultipartForm.problem("the headers of part \(number) of the body are larger than \(most)")
                }
                throw cutOff
            }
            let line = body[index..<end]
            index = end + 2
            if line.isEmpty { return headers }
            guard let text = String(validating: line, as: UTF8.self), let colon = text.firstIndex(of: ":") else {
                throw MultipartForm.problem("part \(number) of the body has a header that is none")
            }
            let name = text[..<colon].lowercased()
            let value = Header.trimmed(text[text.index(after: colon)...])
            guard headers.updateValue(value, forKey: name) == nil else {
                throw MultipartForm.problem("part \(number) of the body has two headers \"\(name)\"")
            }
        }
    }

    /// Where the line end before the next delimiter begins.
    private func nextDelimiter(from start: Int) throws -> Int {
        let full = Self.newline + delimiter
        var from = start
        while let found = find(full, from: from, until: body.count) {
            let after = found + full.count
            let next = after < body.count ? body[after] : 0
            // Otherwise it only begins like one.
            if [13, 32, 9].contains(next) || has(Array("--".utf8), at: after) { return found }
            from = found + 1
        }
        throw cutOff
    }

    private var cutOff: FlareError {
        MultipartForm.problem("the body ends before its last part does: it was cut off, or its boundary is wrong")
    }

    private func has(_ text: [UInt8], at index: Int) -> Bool {
        index + text.count <= body.count && body[index..<index + text.count].elementsEqual(text)
    }

    /// Where a text that lies before `end` begins.
    private func find(_ text: [UInt8], from start: Int, until end: Int) -> Int? {
        body.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress else { return nil }
            var from = start
            while from + text.count <= end,
                let found = memchr(base + from, Int32(text[0]), end - from - text.count + 1)
            {
                let index = UnsafeRawPointer(found) - base
                if memcmp(base + index, text, text.count) == 0 { return index }
                from = index + 1
            }
            return nil
        }
    }
}

/// The value of a header and the parameters behind it.
private struct Header {
    let value: String
    /// By their names in small letters; of two with one name the first, and none without `=`.
    let parameters: [String: String]

    init(_ text: String) {
        var rest = text[...]
        value = Self.trimmed(Self.cut(&rest, at: ";"))
        var parameters: [String: String] = [:]
        while !rest.isEmpty {
            let text = rest.prefix { $0 != "=" && $0 != ";" }
            let hasContent = rest[text.endIndex...].first == "="
            rest = rest[text.endIndex...].dropFirst()
            guard hasContent else { continue }
            let (name, content) = (Self.trimmed(text).lowercased(), Self.content(&rest))
            if parameters[name] == nil { parameters[name] = content }
        }
        self.parameters = parameters
    }

    static func trimmed(_ text: Substring) -> String {
        var text = text
        while let first = text.first, first == " " || first == "\t" { text.removeFirst() }
        while let last = text.last, last == " " || last == "\t" { text.removeLast() }
        return String(text)
    }

    /// The text before the first of the characters, which is cut off with it.
    private static func cut(_ rest: inout Substring, at ends: Character...) -> Substring {
        let end = rest.firstIndex { ends.contains($0) } ?? rest.endIndex
        defer { rest = end < rest.endIndex ? rest[rest.index(after: end)...] : "" }
        return rest[..<end]
    }

    /// A word, or a text in quotes in which browsers write `"` as `%22` and other programs as `\"`.
    private static func content(_ rest: inout Substring) -> String {
        while rest.first == " " { rest.removeFirst() }
        guard rest.first == "\"" else { return trimmed(cut(&rest, at: ";")) }
        rest.removeFirst()
        var text = ""
        while let character = rest.popFirst(), character != "\"" {
            if character == "\\", let next = rest.first, next == "\"" || next == "\\" {
                text.append(next)
                rest.removeFirst()
            } else {
                text.append(character)
            }
        }
        _ = cut(&rest, at: ";")
        for (code, sign) in [("%22", "\""), ("%0D", "\r"), ("%0A", "\n")] { text.replace(code, with: sign) }
        return text
    }
}
