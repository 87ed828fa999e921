import FlareModel

/// What the `rules` of a wrangler file say about files that are no JavaScript.
///
/// A rule is `{type, globs, fallthrough?}`. esbuild knows files by their ending alone, so that only globs which end in
/// `*.ENDING` can be followed.
struct ModuleRules: Sendable {
    /// esbuild's loaders by ending, such as `.htm`.
    private(set) var loaders: [String: String] = [:]
    /// What cannot be followed, for the person who deploys.
    private(set) var warnings: [String] = []

    /// Loaders by the vendor's word; nil where esbuild knows what to do with modules of JavaScript by itself.
    private static let known: [String: String?] = ["Text": "text", "Data": "binary", "ESModule": nil, "CommonJS": nil]

    init(_ file: ConfigurationReader) throws {
        for rule in try file.objects("rules") {
            let type = try rule.requiredText("type")
            guard let loader = Self.known[type] else {
                let near = nearestName(to: type, in: Self.known.keys).map { "; did you mean \"\($0)\"?" } ?? ""
                warnings.append("\(rule.place(of: "type")): modules of type \"\(type)\" are not supported\(near)")
                continue
            }
            for glob in try rule.texts("globs") {
                guard let loader else { continue }
                if let ending = Self.ending(of: glob) {
                    // The first rule that fits is the one that counts.
                    if loaders[ending] == nil { loaders[ending] = loader }
                } else {
                    warnings.append("\(rule.place(of: "globs")): \"\(glob)\" is not applied; only **/*.ENDING is")
                }
            }
        }
    }

    /// `.html` of `**/*.html`.
    private static func ending(of glob: String) -> String? {
        guard let star = glob.lastIndex(of: "*"), glob[..<star].allSatisfy({ $0 == "*" || $0 == "/" }) else {
            return nil
        }
        let ending = glob[glob.index(after: star)...]
        guard ending.first == ".", ending.count > 1, !ending.contains(where: { "/?[]{},=".contains($0) }) else {
            return nil
        }
        return String(ending)
    }
}
