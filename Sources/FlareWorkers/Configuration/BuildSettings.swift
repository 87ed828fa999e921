import FlareModel

/// How a project is bundled, as its wrangler file says.
struct BuildSettings: Sendable {
    /// Identifiers and the JavaScript that replaces them.
    let define: [String: String]
    /// Modules and what is imported in their place.
    let alias: [String: String]
    /// How files that are no JavaScript become modules.
    let rules: ModuleRules
    let isMinified: Bool
    /// Run before bundling, by the shell; nil for none.
    let command: String?
    /// Where it runs, relative to the project.
    let commandDirectory: String
    /// What it reads, relative to the project: `flare dev` deploys again when something below changes.
    let watchedDirectories: [String]

    init(_ file: ConfigurationReader) throws {
        define = try Self.texts(file, "define")
        alias = try Self.texts(file, "alias")
        rules = try ModuleRules(file)
        switch file.members["minify"] {
        case nil, .null: isMinified = false
        case .bool(let value): isMinified = value
        default: throw file.problem("minify", "must be true or false")
        }
        let build = try file.object("build")
        command = try build.text("command")
        commandDirectory = try build.text("cwd") ?? "."
        switch build.members["watch_dir"] {
        case nil, .null: watchedDirectories = ["src"]
        case .string: watchedDirectories = [try build.requiredText("watch_dir")]
        default: watchedDirectories = try build.texts("watch_dir")
        }
    }

    private static func texts(_ file: ConfigurationReader, _ key: String) throws -> [String: String] {
        let section = try file.object(key)
        var texts: [String: String] = [:]
        for name in section.members.keys { texts[name] = try section.requiredText(name) }
        return texts
    }
}
