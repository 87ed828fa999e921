import Foundation

/// One file of the repository, split into lines.
struct SourceFile: Sendable, CustomStringConvertible {
    /// Its path below the top of the repository.
    let path: String
    let text: String
    let lines: [Substring]

    var description: String { path }
    var name: String { String(path.split(separator: "/").last ?? "") }
    /// The target that a file of `Sources` or `Tests` belongs to.
    var target: String { path.split(separator: "/").dropFirst().first.map(String.init) ?? "" }
    var isSwift: Bool { path.hasSuffix(".swift") }

    /// The lines that hold a text as a word of its own, counted from 1.
    ///
    /// Comment lines do not count.
    func numbers(ofLinesWith word: String) -> [Int] {
        guard text.contains(word) else { return [] }
        return lines.indices.filter { !isComment($0) && holds(word, in: lines[$0]) }.map { $0 + 1 }
    }

    private func isComment(_ index: Int) -> Bool {
        lines[index].drop { $0 == " " }.hasPrefix("//")
    }

    /// Whether `word` occurs and is not a part of a longer word: `print(` does not count in `fingerprint(`.
    private func holds(_ word: String, in line: Substring) -> Bool {
        var rest = line
        while let range = rest.range(of: word) {
            let before = line[..<range.lowerBound].last
            let after = line[range.upperBound...].first
            let startsInside = word.first.map(isWordCharacter) == true && before.map(isWordCharacter) == true
            let endsInside = word.last.map(isWordCharacter) == true && after.map(isWordCharacter) == true
            if !startsInside && !endsInside { return true }
            rest = line[range.upperBound...]
        }
        return false
    }

    private func isWordCharacter(_ character: Character) -> Bool {
        character.isLetter || character.isNumber || character == "_"
    }
}

/// The repository as the tests see it: what people wrote, without data and generated files.
enum SourceTree {
    /// The top of the repository, found from this file.
    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path

    static let all = files(below: "Sources") + files(below: "Tests") + ["Package.swift", "Makefile"].compactMap(file)
    static let sources = all.filter { $0.path.hasPrefix("Sources/") && $0.isSwift }
    static let swift = all.filter(\.isSwift)

    static func file(_ path: String) -> SourceFile? {
        guard let text = try? String(contentsOfFile: root + "/" + path, encoding: .utf8) else { return nil }
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        if lines.last == "" { lines.removeLast() }
        return SourceFile(path: path, text: text, lines: lines)
    }

    private static func files(below directory: String) -> [SourceFile] {
        let written = [".swift", ".c", ".h", ".mjs", ".ts", ".md", ".jsonc", ".py", ".sh"]
        let paths = FileManager.default.enumerator(atPath: root + "/" + directory)?.compactMap { $0 as? String } ?? []
        return paths.filter { path in written.contains { path.hasSuffix($0) } }.sorted()
            .compactMap { file(directory + "/" + $0) }
    }
}
