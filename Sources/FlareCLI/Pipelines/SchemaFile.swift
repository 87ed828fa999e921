import FlareModel

/// A schema in a file of the user's.
enum SchemaFile {
    /// Throws `fileNotFound`, or `invalidData` naming the file and what is wrong in it, where that is known the line.
    ///
    /// - Parameter path: `-` for stdin.
    static func read(_ path: String) throws -> RecordSchema {
        let input = try FileInput(path: path == "-" ? nil : path)
        defer { input.close() }
        var text: [UInt8] = []
        while let piece = try input.next() {
            text += piece
            guard text.count <= Limits.bodyBytesMax else {
                throw FlareError(.bodyTooLarge, "the schema file \(path) is larger than a schema can be")
            }
        }
        do {
            return try RecordSchema(json: text)
        } catch let error as FlareError {
            let name = path == "-" ? "stdin" : path
            if let place = JSONPlace.ofMistake(in: text) {
                throw FlareError(.invalidData, "\(name):\(place.line):\(place.column): this is not JSON")
            }
            throw FlareError(
                error.code,
                "\(name): \(error.message.replacing("the body", with: "the schema"))",
                hint: error.hint ?? #"write {"fields": [{"name": "id", "type": "string", "required": true}]}"#
            )
        }
    }
}
