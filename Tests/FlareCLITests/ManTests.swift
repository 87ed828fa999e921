import ArgumentParser
import FlareCLI
import Foundation
import Testing

@Suite("man pages")
struct ManTests {
    /// The tool of swift-argument-parser asks a program for the description of its commands.
    ///
    /// Here a script gives it, which saves building the program.
    @Test("the pages in man are those of the commands")
    func current() throws {
        let tool = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
            .appendingPathComponent("generate-manual").path
        try #require(
            FileManager.default.isExecutableFile(atPath: tool),
            "build the tool first, as make test does: swift build --product generate-manual"
        )
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent("flare-man-\(UUID().uuidString)")
        let pages = directory.appendingPathComponent("pages")
        try FileManager.default.createDirectory(at: pages, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        let description = directory.appendingPathComponent("description.json")
        try Data(Flare._dumpHelp().utf8).write(to: description)
        let program = directory.appendingPathComponent("flare")
        try Data("#!/bin/sh\ncat \(description.path)\n".utf8).write(to: program)
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: program.path)

        // The same words as in the Makefile.
        let options = ["--multi-page", "--date", "2026-01-01", "--section", "1", "-o", pages.path]
        let result = try run(tool, [program.path] + options)
        try #require(result.status == 0, "\(result.stderr)")

        let generated = Set(try FileManager.default.contentsOfDirectory(atPath: pages.path))
        let committed = try Repository.names(in: "man")
        #expect(generated == committed, "man is stale: make generate")
        for name in generated.intersection(committed).sorted() {
            let text = try String(contentsOf: pages.appendingPathComponent(name), encoding: .utf8)
            #expect(try Repository.text("man/" + name) == text, "man/\(name) is stale: make generate")
        }
    }
}
