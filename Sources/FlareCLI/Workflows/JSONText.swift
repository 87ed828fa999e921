import FlareModel

/// JSON given on the command line.
enum JSONText {
    /// Reads JSON from the text itself, from `@FILE`, or from stdin for `-`.
    ///
    /// It is passed on as text, so that the order of its keys is kept. Throws `invalidData` when it is not JSON.
    static func read(_ argument: String, _ option: String) throws -> JSONValue {
        var bytes: [UInt8] = Array(argument.utf8)
        if argument == "-" || argument.hasPrefix("@") {
            let input = try FileInput(path: argument == "-" ? nil : String(argument.dropFirst()))
            defer { input.close() }
            bytes = []
            while let piece = try input.next() {
                bytes += piece
                guard bytes.count <= Limits.bodyBytesMax else {
                    throw FlareError(.bodyTooLarge, "\(option) is larger than \(formatSizeBytes(Limits.bodyBytesMax))")
                }
            }
        }
        do {
            _ = try JSONValue(json: bytes)
        } catch {
            throw FlareError(
                .invalidData,
                "\(option) is not valid JSON",
                hint: "quote it for the shell: \(option) '{\"key\": \"value\"}', or read a file: \(option) @file.json"
            )
        }
        return .string(String(decoding: bytes, as: UTF8.self))
    }
}
