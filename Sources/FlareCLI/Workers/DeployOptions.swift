import ArgumentParser
import FlareModel
import FoundationEssentials

/// What `deploy` and `dev` say in addition to the wrangler file, or in place of it.
struct DeployOptions: ParsableArguments, Sendable {
    @Option(
        name: .shortAndLong,
        help: "The named environment of the wrangler file to deploy. Default: CLOUDFLARE_ENV, else its top level."
    )
    var env: String?

    @Option(help: "The Worker's name, in place of the file's.")
    var name: String?

    @Option(help: ArgumentHelp("A variable for env. May be repeated.", valueName: "key:value"))
    var `var`: [String] = []

    @Option(help: ArgumentHelp("JavaScript in place of an identifier. May be repeated.", valueName: "key:value"))
    var define: [String] = []

    @Option(help: ArgumentHelp("What is imported in place of a module. May be repeated.", valueName: "module:file"))
    var alias: [String] = []

    @Flag(help: "Make the bundle smaller.")
    var minify = false

    func validate() throws {
        for (option, values) in [("--var", self.var), ("--define", define), ("--alias", alias)] {
            for value in values where Self.pair(value) == nil {
                throw ValidationError("\(option) takes KEY:VALUE, not \"\(value)\"")
            }
        }
    }

    /// The request for a project's directory.
    func body(_ directory: String, _ shell: Shell) -> DeployBody {
        var body = DeployBody(directory: Self.absolute(directory))
        body.environment = env ?? shell.variable("CLOUDFLARE_ENV")
        body.name = name
        body.vars = Self.pairs(self.var)
        body.define = Self.pairs(define)
        body.alias = Self.pairs(alias)
        body.isMinified = minify ? true : nil
        return body
    }

    static func absolute(_ path: String) -> String {
        let here = FileManager.default.currentDirectoryPath
        return URL(filePath: path.hasPrefix("/") ? path : "\(here)/\(path)").standardized.path
    }

    private static func pairs(_ texts: [String]) -> [String: String]? {
        texts.isEmpty ? nil : Dictionary(texts.compactMap(pair)) { $1 }
    }

    private static func pair(_ text: String) -> (String, String)? {
        guard let colon = text.firstIndex(of: ":"), colon != text.startIndex else { return nil }
        return (String(text[..<colon]), String(text[text.index(after: colon)...]))
    }
}
