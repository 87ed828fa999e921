import Glibc
import NIOCore
import Testing

@testable import FlareStore

/// What both disks promise.
@Suite struct DiskTests {
    enum Home: CaseIterable {
        case machine, memory
    }

    private func withDisk(_ home: Home, _ body: (any Disk, String) async throws -> Void) async throws {
        try await withTemporaryDirectory { directory in
            let disk: any Disk = home == .machine ? PosixDisk() : FaultyDisk()
            try disk.createDirectory(directory + "/deep/er")
            try await body(disk, directory + "/deep/er")
        }
    }

    @Test("what is written at a position is read there", arguments: Home.allCases)
    func readWrite(_ home: Home) async throws {
        try await withDisk(home) { disk, directory in
            let file = try disk.open(directory + "/file", .replacing)
            try file.write([ByteBuffer(string: "one"), ByteBuffer(), ByteBuffer(string: "two")], at: 2)
            #expect(try file.sizeBytes() == 8)
            #expect(Array(try file.read(at: 0, count: 8).readableBytesView) == [0, 0] + Array("onetwo".utf8))
            #expect(String(buffer: try file.read(at: 5, count: 100)) == "two")
            #expect(try file.read(at: 50, count: 10).readableBytes == 0)
            try file.write([ByteBuffer(string: "X")], at: 2)
            try file.sync()
            #expect(String(buffer: try disk.open(directory + "/file", .reading).read(at: 2, count: 6)) == "Xnetwo")
            #expect(try disk.open(directory + "/file", .replacing).sizeBytes() == 0)
        }
    }

    @Test("more parts than one call of the system takes are all written", arguments: Home.allCases)
    func manyParts(_ home: Home) async throws {
        try await withDisk(home) { disk, directory in
            let file = try disk.open(directory + "/file", .replacing)
            let parts = (0..<3000).map { ByteBuffer(string: String(10_000 + $0)) }
            try file.write(parts, at: 0)
            let text = String(buffer: try file.read(at: 0, count: 15_000))
            #expect(text == (0..<3000).map { String(10_000 + $0) }.joined())
        }
    }

    @Test("names follow renames and removals; an open file outlives its name", arguments: Home.allCases)
    func names(_ home: Home) async throws {
        try await withDisk(home) { disk, directory in
            let file = try disk.open(directory + "/a", .replacing)
            try file.write([ByteBuffer(string: "a")], at: 0)
            _ = try disk.open(directory + "/b", .replacing)
            #expect(Set(try disk.list(directory)) == ["a", "b"])
            try disk.rename(directory + "/a", to: directory + "/b")
            try disk.syncDirectory(directory)
            #expect(try disk.list(directory) == ["b"])
            try disk.remove(directory + "/b")
            #expect(try disk.list(directory) == [])
            #expect(String(buffer: try file.read(at: 0, count: 1)) == "a")
            try disk.removeDirectory(directory)
        }
    }

    @Test("what is missing is said to be missing", arguments: Home.allCases)
    func missing(_ home: Home) async throws {
        try await withDisk(home) { disk, directory in
            let path = directory + "/none"
            for mode in [DiskOpenMode.reading, .updating] {
                let error = #expect(throws: DiskError.self) { try disk.open(path, mode) }
                #expect(error?.isMissing == true)
            }
            let removal = #expect(throws: DiskError.self) { try disk.remove(path) }
            #expect(removal?.isMissing == true)
            let renaming = #expect(throws: DiskError.self) { try disk.rename(path, to: directory + "/x") }
            #expect(renaming?.isMissing == true)
            let names = try disk.list(path)
            #expect(names.isEmpty)
        }
    }

    @Test("a directory may exist already", arguments: Home.allCases)
    func directories(_ home: Home) async throws {
        try await withDisk(home) { disk, directory in
            try disk.createDirectory(directory)
            try disk.createDirectory(directory + "/more")
            #expect(try disk.list(directory) == ["more"])
        }
    }

    @Test("a power cut takes what was not synced: bytes, names, removals")
    func powerCut() throws {
        let disk = FaultyDisk()
        try disk.createDirectory("/d")
        let file = try disk.open("/d/a", .replacing)
        try file.write([ByteBuffer(string: "synced")], at: 0)
        try file.sync()
        try disk.syncDirectory("/d")
        try file.write([ByteBuffer(string: "lost")], at: 0)
        _ = try disk.open("/d/unnamed", .replacing)
        try disk.rename("/d/a", to: "/d/b")
        disk.losePower()
        #expect(try disk.list("/d") == ["a"])
        #expect(disk.contents("/d/a") == Array("synced".utf8))
        let error = #expect(throws: DiskError.self) { try file.write([ByteBuffer(string: "x")], at: 0) }
        #expect(error?.number == EIO)
    }
}
