import FlareModel
import Glibc
import NIOCore
import Testing

@testable import FlareStore

@Suite struct ObjectStoreTests {
    enum Home: CaseIterable {
        case files, memory
    }

    private func withStore(_ home: Home, _ body: (FileObjectStore, any Disk, String) async throws -> Void) async throws
    {
        try await withTemporaryDirectory { directory in
            let disk: any Disk = home == .files ? PosixDisk() : FaultyDisk()
            let objects = directory + "/objects"
            try await body(try FileObjectStore(directory: objects, disk: disk), disk, objects)
        }
    }

    private func bytes(_ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 / 255) }
    }

    @Test("an object comes back as it was written, in pieces of any size", arguments: Home.allCases)
    func roundTrip(_ home: Home) async throws {
        try await withStore(home) { store, _, _ in
            // More than two of the chunks that are written at once; the last pieces are large and small by turns.
            let size = 2 * Limits.objectFileChunkBytes + 70_001
            let all = bytes(size)
            let cuts = [[size], [1_200_000], [300_000], [65_536], [7_777], [100_000, 3, 20_000]]
            for (index, pieces) in cuts.enumerated() {
                let id = "ab\(index)"
                let writer = try await store.writer(id)
                var start = 0
                for piece in (0...).lazy.map({ pieces[$0 % pieces.count] }) {
                    guard start < size else { break }
                    let end = min(size, start + piece)
                    try await writer.append(ByteBuffer(bytes: all[start..<end]))
                    start = end
                }
                try await writer.finish()
                let read = try await store.read(id)
                #expect(read.sizeBytes == all.count)
                #expect(Array(try await read.collect().readableBytesView) == all)
            }
            #expect(try await store.listIDs().sorted() == (0..<6).map { "ab\($0)" })
        }
    }

    @Test("a range gives just its bytes", arguments: Home.allCases)
    func ranges(_ home: Home) async throws {
        try await withStore(home) { store, _, _ in
            let chunk = Limits.objectFileChunkBytes
            let size = chunk + 600_000
            let all = bytes(size)
            try await store.write("range", ByteBuffer(bytes: all))
            for range in [0..<1, size - 1..<size, chunk - 1..<chunk + 1, 10..<10, 0..<size] {
                let read = try await store.read("range", range: range)
                #expect(Array(try await read.collect().readableBytesView) == Array(all[range]))
            }
            let error = await #expect(throws: FlareError.self) { try await store.read("range", range: 0..<size + 1) }
            #expect(error?.code == .corruptStore)
        }
    }

    @Test("an empty object exists", arguments: Home.allCases)
    func empty(_ home: Home) async throws {
        try await withStore(home) { store, _, _ in
            try await store.write("empty", ByteBuffer())
            #expect(try await store.read("empty").collect().readableBytes == 0)
        }
    }

    @Test("an object is not to be seen before it is finished, nor after it was discarded", arguments: Home.allCases)
    func unfinished(_ home: Home) async throws {
        try await withStore(home) { store, disk, directory in
            let writer = try await store.writer("draft")
            try await writer.append(ByteBuffer(repeating: 1, count: 1_000_000))
            let error = await #expect(throws: FlareError.self) { try await store.read("draft") }
            #expect(error?.code == .objectNotFound)
            #expect(try await store.listIDs() == [])
            #expect(try disk.list(directory + "/tmp") == ["draft"])
            await writer.discard()
            #expect(try disk.list(directory + "/tmp") == [])
        }
    }

    @Test("what an earlier life left half-written is removed when the store is opened", arguments: Home.allCases)
    func cleaning(_ home: Home) async throws {
        try await withStore(home) { store, disk, directory in
            try await store.write("whole", ByteBuffer(string: "kept"))
            _ = try await store.writer("half")
            let second = try FileObjectStore(directory: directory, disk: disk)
            #expect(try disk.list(directory + "/tmp") == [])
            #expect(String(buffer: try await second.read("whole").collect()) == "kept")
        }
    }

    @Test("deleting twice is no error", arguments: Home.allCases)
    func deleting(_ home: Home) async throws {
        try await withStore(home) { store, _, _ in
            try await store.write("gone", ByteBuffer(string: "x"))
            try await store.delete("gone")
            try await store.delete("gone")
            let error = await #expect(throws: FlareError.self) { try await store.read("gone") }
            #expect(error?.code == .objectNotFound)
        }
    }

    @Test("an object being read survives its deletion", arguments: Home.allCases)
    func deletedWhileRead(_ home: Home) async throws {
        try await withStore(home) { store, _, _ in
            try await store.write("busy", ByteBuffer(bytes: bytes(600_000)))
            let read = try await store.read("busy")
            try await store.delete("busy")
            #expect(try await read.collect().readableBytes == 600_000)
        }
    }

    @Test("ids that would leave the directory are refused", arguments: ["../../x", "a/b", "", "ab", "a.b", "é12"])
    func ids(_ id: String) async throws {
        try await withStore(.memory) { store, _, _ in
            await #expect(throws: FlareError.self) { try await store.writer(id) }
            await #expect(throws: FlareError.self) { try await store.read(id) }
            await #expect(throws: FlareError.self) { try await store.delete(id) }
        }
    }

    @Test("a finished object survives a power cut")
    func powerCut() async throws {
        let disk = FaultyDisk()
        let store = try FileObjectStore(directory: "/objects", disk: disk)
        try await store.write("safe", ByteBuffer(bytes: bytes(400_000)))
        let draft = try await store.writer("draft")
        try await draft.append(ByteBuffer(repeating: 1, count: 400_000))
        disk.losePower()
        let again = try FileObjectStore(directory: "/objects", disk: disk)
        #expect(Array(try await again.read("safe").collect().readableBytesView) == bytes(400_000))
        #expect(try await again.listIDs() == ["safe"])
    }

    @Test("the chunks of a large object are on their way to the disk before its end; none is trusted to be there")
    func earlySync() async throws {
        let disk = FaultyDisk()
        let store = try FileObjectStore(directory: "/objects", disk: disk)
        disk.fail(.beginSync, after: 1, number: EIO)
        let piece = Limits.objectFileChunkBytes / 4
        let writer = try await store.writer("large")
        for number in 0...8 { try await writer.append(ByteBuffer(repeating: UInt8(number), count: piece)) }
        try await writer.finish()
        #expect(disk.count(of: .beginSync) == 2)
        disk.losePower()
        let again = try FileObjectStore(directory: "/objects", disk: disk)
        let read = try await again.read("large").collect()
        #expect(read.readableBytes == 9 * piece)
        #expect(read.getInteger(at: 8 * piece, as: UInt8.self) == 8)
    }

    @Test(
        "an object is whole or absent, whichever call fails",
        arguments: [DiskOperation.write, .sync, .rename, .syncDirectory]
    )
    func failures(_ operation: DiskOperation) async throws {
        for number in [ENOSPC, EIO] {
            let disk = FaultyDisk()
            let store = try FileObjectStore(directory: "/objects", disk: disk)
            disk.fail(operation, number: number)
            let error = await #expect(throws: FlareError.self) {
                try await store.write("object", ByteBuffer(bytes: bytes(300_000)))
            }
            #expect(error?.code == (number == ENOSPC ? .diskFull : .storeFailed))
            disk.heal()
            try await store.write("second", ByteBuffer(string: "works again"))
            #expect(String(buffer: try await store.read("second").collect()) == "works again")
            let left = try await store.listIDs().filter { $0 == "object" }
            if !left.isEmpty {
                #expect(Array(try await store.read("object").collect().readableBytesView) == bytes(300_000))
            }
        }
    }
}
