import FlareModel

/// The errors that esbuild printed, as one error of flare that names the user's file, line and column.
///
/// esbuild prints, for each error:
/// ```
/// ✘ [ERROR] Expected ";" but found "x"
///
///     src/index.ts:3:10:
///       3 │ let a = 1 x
///         ╵           ^
/// ```
struct BuildErrors {
    private struct Problem {
        var message: String
        /// `src/index.ts:3:10`, columns from 0 as esbuild counts them.
        ///
        /// Nil for errors of the command itself.
        var place: String?
        var excerpt: [Substring] = []
    }

    private let problems: [Problem]
    private let output: String

    init(output: String) {
        self.output = output
        var problems: [Problem] = []
        for line in output.split(separator: "\n", omittingEmptySubsequences: true) {
            if let marker = line.firstRange(of: "[ERROR] ") {
                problems.append(Problem(message: Self.withModuleNames(line[marker.upperBound...])))
            } else if let last = problems.indices.last {
                Self.add(line, to: &problems[last])
            }
        }
        self.problems = problems
    }

    /// One line naming the first error and how many follow; the excerpt of the source and a hint behind it.
    func error(tool: String) -> FlareError {
        guard let first = problems.first else {
            return FlareError(.buildFailed, "esbuild failed: \(output.prefix(500))", hint: "this was \(tool)")
        }
        let place = first.place.map { "\($0): " } ?? ""
        let more = problems.count > 1 ? " (and \(problems.count - 1) more)" : ""
        let excerpt = first.excerpt.prefix(2).map { "\n\($0)" }.joined()
        return FlareError(.buildFailed, "\(place)\(first.message)\(more)\(excerpt)", hint: hint(first, tool: tool))
    }

    /// The files in which the errors are, as esbuild names them.
    var files: [String] {
        problems.compactMap { problem in
            problem.place?.split(separator: ":", omittingEmptySubsequences: false).dropLast(2).joined(separator: ":")
        }
    }

    private static func add(_ line: Substring, to problem: inout Problem) {
        let text = line.drop { $0 == " " }
        let isPlace = text.hasSuffix(":") && text.split(separator: ":").suffix(2).allSatisfy { Int($0) != nil }
        if problem.place == nil, isPlace {
            problem.place = String(text.dropLast())
        } else if text.contains("│") || text.contains("╵") {
            problem.excerpt.append(line)
        }
    }

    /// The message with the name of a module of Cloudflare's runtime in the place of the file that stands in for it.
    private static func withModuleNames(_ message: Substring) -> String {
        guard let start = message.firstRange(of: "/shim-"),
            let end = message[start.upperBound...].firstRange(of: ".mjs\""),
            let quote = message[..<start.lowerBound].lastIndex(of: "\"")
        else { return String(message) }
        let module = message[start.upperBound..<end.lowerBound]
        return "\(message[...quote])cloudflare:\(module)\"\(message[end.upperBound...])"
    }

    private func hint(_ problem: Problem, tool: String) -> String {
        let isFile = problem.message.contains("\".") || problem.message.contains("\"/")
        if problem.message.hasPrefix("Could not resolve"), !isFile {
            return "is the package installed in the project? (\(tool))"
        }
        if problem.message.hasPrefix("Could not resolve") {
            return "is the file there? a relative path begins at the file that imports it (\(tool))"
        }
        if problem.message.hasPrefix("No matching export") { return "does the module export that name? (\(tool))" }
        if problem.message.hasPrefix("No loader is configured") {
            let rule = #""rules": [{"type": "Text", "globs": ["**/*.ENDING"]}]"#
            return problem.message.contains("\".wasm\"")
                ? "WebAssembly modules are not supported"
                : "say in the wrangler file what it is: \(rule), or type Data"
        }
        return "bundled by \(tool); newer syntax needs a newer esbuild in the project's node_modules"
    }
}
