import Testing

/// The form of the sources, where the formatter does not look.
@Suite("the sources are tidy")
struct FormTests {
    @Test("the sources are found")
    func found() {
        #expect(SourceTree.sources.count > 30)
        #expect(Set(SourceTree.sources.map(\.target)).isSuperset(of: ["FlareModel", "FlareCLI", "FlareEngine"]))
    }

    @Test("no line is longer than 120 columns")
    func columns() {
        for file in SourceTree.all {
            for (index, line) in file.lines.enumerated() where line.count > 120 {
                Issue.record("\(file):\(index + 1) has \(line.count) columns")
            }
        }
    }

    @Test("no file is longer than 500 lines")
    func fileLength() {
        for file in SourceTree.all where file.lines.count > 500 {
            Issue.record("\(file) has \(file.lines.count) lines; has it two subjects?")
        }
    }

    /// Relies on the formatter: a body ends at the first brace that is indented like its declaration.
    @Test("no function is longer than 70 lines")
    func functionLength() {
        for file in SourceTree.swift {
            for (start, line) in file.lines.enumerated() {
                let code = line.drop { $0 == " " }
                guard code.contains("func ") || code.contains("init("), !code.hasPrefix("//"), line.hasSuffix("{")
                else { continue }
                let end = line.prefix { $0 == " " } + "}"
                guard let length = file.lines[(start + 1)...].firstIndex(where: { $0 == end }).map({ $0 - start + 1 })
                else { continue }
                if length > 70 { Issue.record("\(file):\(start + 1): a function of \(length) lines") }
            }
        }
    }

    @Test("files end with one newline and hold no tabs")
    func newlines() {
        for file in SourceTree.all where !file.text.isEmpty {
            #expect(file.text.hasSuffix("\n") && !file.text.hasSuffix("\n\n"), "\(file) must end with one newline")
            guard file.name != "Makefile" else { continue }
            #expect(!file.text.contains("\t"), "\(file) holds a tab")
        }
    }

    @Test("the README tells of every target")
    func roomMap() throws {
        let readme = try #require(SourceTree.file("README.md"))
        for target in Set(SourceTree.all.filter { $0.path.hasPrefix("Sources/") }.map(\.target)) {
            #expect(readme.text.contains("`\(target)`"), "README.md does not mention the target \(target)")
        }
    }
}
