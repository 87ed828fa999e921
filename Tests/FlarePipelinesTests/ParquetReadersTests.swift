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
        let python = try #require(preparedPython)
        let directory = FileManager.default.temporaryDirectory
            .appendingPathComponent("parquet-\(Identifier.hexadecimal())")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        let cases = ParquetCase.all
        for parquetCase in cases { try parquetCase.write(in: directory) }

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
        #expect(text == "ok \(cases.count) cases\n")
        #expect(process.terminationStatus == 0)
    }
}

/// Records, and the file that is to be made of them.
struct ParquetCase {
    let name: String
    let lines: [String]
    var schema: String?
    var compression = ParquetCompression.zstd

    func write(in directory: URL) throws {
        let text = lines.map { $0 + "\n" }.joined()
        let file = try ParquetEncoder.encode(
            lines: ByteBuffer(string: text),
            schema: try schema.map { try RecordSchema(json: $0.utf8) },
            compression: compression,
            level: 1
        )
        let base = directory.appendingPathComponent(name)
        try Data(file.readableBytesView).write(to: base.appendingPathExtension("parquet"))
        try Data(text.utf8).write(to: base.appendingPathExtension("ndjson"))
        if let schema { try Data(schema.utf8).write(to: base.appendingPathExtension("schema.json")) }
    }
}
