import Foundation
import Testing

@Suite("the command line stays light")
struct LinkedLibrariesTests {
    @Test("flare links neither the database nor all of Foundation")
    func libraries() throws {
        let directory = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
        let program = try Data(contentsOf: directory.appendingPathComponent("flare"))
        let libraries = try neededLibraries(of: Array(program))
        #expect(libraries.contains { $0.hasPrefix("libc.so") }, "read wrongly: \(libraries)")
        for heavy in ["libFoundation.so", "libFoundationInternationalization", "lib_FoundationICU", "libsqlite3"] {
            #expect(!libraries.contains { $0.hasPrefix(heavy) }, "flare links \(heavy)")
        }
    }
}

/// The shared libraries that a 64-bit little-endian ELF file asks for: the DT_NEEDED entries of its dynamic section.
/// https://refspecs.linuxfoundation.org/elf/gabi4+/ch5.dynamic.html
func neededLibraries(of file: [UInt8]) throws -> [String] {
    func integer(_ offset: Int, bytes: Int) -> Int {
        file[offset..<offset + bytes].reversed().reduce(0) { $0 << 8 | Int($1) }
    }
    try #require(file.count > 64 && Array(file[..<6]) == [0x7F, 0x45, 0x4C, 0x46, 2, 1], "no 64-bit ELF file")

    // Sections: type at 4, file offset at 24, size at 32, the linked string table's index at 40.
    let (table, entryBytes, count) = (integer(40, bytes: 8), integer(58, bytes: 2), integer(60, bytes: 2))
    let sections = (0..<count).map { table + $0 * entryBytes }
    let dynamicType = 6
    let dynamic = try #require(sections.first { integer($0 + 4, bytes: 4) == dynamicType }, "no dynamic section")
    let strings = integer(sections[integer(dynamic + 40, bytes: 4)] + 24, bytes: 8)

    let start = integer(dynamic + 24, bytes: 8)
    let neededTag = 1
    return stride(from: start, to: start + integer(dynamic + 32, bytes: 8), by: 16)
        .filter { integer($0, bytes: 8) == neededTag }
        .map { String(decoding: file[(strings + integer($0 + 8, bytes: 8))...].prefix { $0 != 0 }, as: UTF8.self) }
}
