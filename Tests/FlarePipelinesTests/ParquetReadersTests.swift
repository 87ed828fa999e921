import FlareModel
import Foundation
import NIOCore
import Testing

@testable import FlarePipelines

/// A Python that has the packages pyarrow and duckdb; `make test` prepares one.
private let preparedPython = ProcessInfo.processInfo.environment["FLARE_TEST_PYTHON"]

@Suite("Parquet files in the eyes of other readers")
struct ParquetReadersTests {
    @Test(
        "pyarrow and DuckDB read every value as it was sent",
        .enabled(if: preparedPython != nil, "FLARE_TEST_PYTHON is not set; make test prepares a Python")
    )
    func readers() throws {
        let cases = try ParquetCase.all + ParquetCase.randomDeclared()
        let (text, status) = try check(cases)
        #expect(text == "ok \(cases.count) cases\n")
        #expect(status == 0)
    }

    @Test(
        "they see when a value, a member or a row is not the one that was sent",
        .enabled(if: preparedPython != nil, "FLARE_TEST_PYTHON is not set; make test prepares a Python"),
        arguments: [
            #"{"a":[1,{"b":2}],"c":"x"}"#, #"{"a":[1,{"b":3}],"c":null}"#, #"{"a":[1,{"b":3}],"c":"x","d":false}"#,
            "{\"a\":[1,{\"b\":3}],\"c\":\"x\"}\n{}",
        ]
    )
    func differences(sent: String) throws {
        let (text, status) = try check([ParquetCase(name: "one", lines: [#"{"a":[1,{"b":3}],"c":"x"}"#])]) {
            directory in
            try Data(sent.utf8).write(to: directory.appendingPathComponent("one.ndjson"))
        }
        #expect(text.hasPrefix("one: Difference: "))
        #expect(status == 1)
    }

    private func check(
        _ cases: [ParquetCase],
        then change: (URL) throws -> Void = { _ in }
    ) throws -> (text: String, status: Int32) {
        let python = try #require(preparedPython)
        let directory = FileManager.default.temporaryDirectory
            .appendingPathComponent("parquet-\(Identifier.hexadecimal())")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        for parquetCase in cases { try parquetCase.write(in: directory) }
        try change(directory)

        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("FlareEndToEndTests/Clients/parquet_check.py")
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: python)
        process.arguments = [script.path, directory.path]
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return (text, process.terminationStatus)
    }
}

/// Records, and the file that is to be made of them.
struct ParquetCase {
    let name: String
    let lines: [String]
    var schema: String?
    var compression = ParquetCompression.zstd
    var groupRowsMax = 1_000_000

    func write(in directory: URL) throws {
        let text = lines.map { $0 + "\n" }.joined()
        let file = try ParquetEncoder.encode(
            lines: ByteBuffer(string: text),
            schema: try schema.map { try RecordSchema(json: $0.utf8) },
            compression: compression,
            level: 1,
            groupRowsMax: groupRowsMax
        )
        let base = directory.appendingPathComponent(name)
        try Data(file.readableBytesView).write(to: base.appendingPathExtension("parquet"))
        try Data(text.utf8).write(to: base.appendingPathExtension("ndjson"))
        if let schema { try Data(schema.utf8).write(to: base.appendingPathExtension("schema.json")) }
    }
}
