import FlareModel
import FoundationEssentials
import TOMLKit

/// Finds and parses the wrangler file of a project.
struct WranglerFile: Sendable {
    /// The file's name, for messages.
    let name: String
    let value: JSONValue

    /// In the order of precedence.
    private static let names = ["wrangler.json", "wrangler.jsonc", "wrangler.toml"]

    /// Reads the first of the three files that exists in the directory.
    ///
    /// Throws `fileNotFound` when there is none, `invalidData` with line and column when it cannot be parsed.
    static func load(from directory: String) throws -> WranglerFile {
        var isDirectory = false
        guard FileManager.default.fileExists(atPath: directory, isDirectory: &isDirectory), isDirectory else {
            throw FlareError(.fileNotFound, "there is no directory \(directory)")
        }
        guard let name = names.first(where: { FileManager.default.fileExists(atPath: "\(directory)/\($0)") }) else {
            throw FlareError(
                .fileNotFound,
                "\(directory) holds no wrangler.jsonc, wrangler.json or wrangler.toml",
                hint: "a Worker needs at least {\"name\": \"…\", \"main\": \"src/index.ts\"} in wrangler.jsonc"
            )
        }
        let data: Data
        do {
            data = try Data(contentsOf: URL(filePath: "\(directory)/\(name)"))
        } catch {
            throw FlareError(.fileNotFound, "\(directory)/\(name) cannot be read", cause: error)
        }
        guard data.count <= Limits.configurationBytesMax else {
            throw FlareError(.bodyTooLarge, "\(name) is larger than \(formatSizeBytes(Limits.configurationBytesMax))")
        }
        return try parse(Array(data), name: name)
    }

    /// Parses the text of a file whose name ends with `.toml`, `.json` or `.jsonc`.
    static func parse(_ text: [UInt8], name: String) throws -> WranglerFile {
        WranglerFile(name: name, value: name.hasSuffix(".toml") ? try toml(text, name) : try json(text, name))
    }

    private static func json(_ text: [UInt8], _ name: String) throws -> JSONValue {
        let plain = CommentedJSON.strip(text)
        if let error = JSONSyntax.firstError(in: plain) {
            throw FlareError(.invalidData, "\(name):\(error.line):\(error.column): this is not valid JSON")
        }
        do {
            return try JSONValue(json: plain)
        } catch {
            throw FlareError(.invalidData, "\(name) is not valid JSON", cause: error)
        }
    }

    private static func toml(_ text: [UInt8], _ name: String) throws -> JSONValue {
        do {
            let table = try TOMLTable(string: String(decoding: text, as: UTF8.self))
            return try JSONValue(json: Array(table.convert(to: .json).utf8))
        } catch let error as TOMLParseError {
            let place = "\(name):\(error.source.begin.line):\(error.source.begin.column)"
            throw FlareError(.invalidData, "\(place): \(error.description)")
        }
    }
}
