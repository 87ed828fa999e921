import FlareModel
import NIOCore
import Testing

@testable import FlareStore

@Suite struct SegmentLogDamageTests {
    private let path = LogHarness.directory + "/" + LogSegment(number: 1, firstOffset: 0).fileName
    private let texts = ["one", "two", "three", "", "a fifth record, longer than the others"]

    /// A log whose records were each synced alone, and the bytes of its only segment, without the space behind them.
    private func sample(closed: Bool) async throws -> (FaultyDisk, [UInt8]) {
        let disk = FaultyDisk()
        let log = try LogHarness.open(disk)
        for text in texts { _ = try await log.append(ByteBuffer(string: text), recordCount: 1) }
        if !closed { disk.killProcess() }
        log.close()
        let end = texts.reduce(0) { $0 + FrameHeader.byteCount + $1.utf8.count } + (closed ? FrameHeader.byteCount : 0)
        return (disk, Array(try #require(disk.contents(path)).prefix(end)))
    }

    private func expected(_ count: Int) -> [Int64: String] {
        Dictionary(uniqueKeysWithValues: texts.prefix(count).enumerated().map { (Int64($0), $1) })
    }

    @Test("a file cut at any byte gives the whole frames before it, and the log goes on there")
    func truncation() async throws {
        let (disk, bytes) = try await sample(closed: false)
        var ends = [0]
        for text in texts { ends.append(ends[ends.count - 1] + FrameHeader.byteCount + text.utf8.count) }
        for length in 0...bytes.count {
            disk.overwrite(path, with: Array(bytes.prefix(length)))
            let log = try LogHarness.open(disk)
            let whole = ends.count { $0 <= length } - 1
            #expect(try LogHarness.contents(of: log) == expected(whole))
            #expect(try await log.append(ByteBuffer(string: "next"), recordCount: 1) == Int64(whole))
            disk.killProcess()
            log.close()

            let again = try LogHarness.open(disk)
            #expect(try LogHarness.contents(of: again) == expected(whole).merging([Int64(whole): "next"]) { $1 })
            again.close()
            for name in try disk.list(LogHarness.directory) where name.hasPrefix("segment-") && !path.hasSuffix(name) {
                try disk.remove(LogHarness.directory + "/" + name)
            }
        }
    }

    @Test("a changed byte before the end stops a closed log, and nothing is changed or cut")
    func flippedBytes() async throws {
        let (disk, bytes) = try await sample(closed: true)
        let whole = try #require(disk.contents(path))
        for index in 0..<(bytes.count - FrameHeader.byteCount) {
            var damaged = whole
            damaged[index] ^= 0x40
            disk.overwrite(path, with: damaged)
            let error = #expect(throws: FlareError.self) { try LogHarness.open(disk) }
            #expect(error?.code == .corruptStore)
            #expect(error?.message.contains(path) == true)
            #expect(disk.contents(path) == damaged)
        }
    }

    @Test("a changed byte in the closing mark or behind the end changes no record")
    func flippedBehindEnd() async throws {
        let (disk, bytes) = try await sample(closed: true)
        let whole = try #require(disk.contents(path))
        let mark = bytes.count - FrameHeader.byteCount
        for index in Array(mark..<min(whole.count, bytes.count + 300)) {
            var damaged = whole
            damaged[index] ^= 0x01
            disk.overwrite(path, with: damaged)
            let log = try LogHarness.open(disk)
            #expect(try LogHarness.contents(of: log) == expected(texts.count))
            disk.killProcess()
            log.close()
        }
    }

    @Test("after a crash a changed byte is found, or costs only the last group, which may have been torn")
    func flippedAfterCrash() async throws {
        let (disk, bytes) = try await sample(closed: false)
        let whole = try #require(disk.contents(path))
        for index in bytes.indices {
            var damaged = whole
            damaged[index] ^= 0x80
            disk.overwrite(path, with: damaged)
            do {
                let log = try LogHarness.open(disk)
                #expect(try LogHarness.contents(of: log) == expected(texts.count - 1))
                disk.killProcess()
                log.close()
            } catch let error as FlareError {
                #expect(error.code == .corruptStore)
            }
        }
    }

    @Test("damage in an older segment is reported by whoever reads it, a missing one when the log is opened")
    func olderSegments() async throws {
        let disk = FaultyDisk()
        let log = try LogHarness.open(disk, segmentBytes: 512)
        for index in 0..<40 { _ = try await log.append(ByteBuffer(string: "record \(index)"), recordCount: 1) }
        log.close()
        let names = try disk.list(LogHarness.directory).filter { $0.hasPrefix("segment-") }.sorted()
        try #require(names.count > 3)
        let second = LogHarness.directory + "/" + names[1]
        var bytes = try #require(disk.contents(second))
        bytes[FrameHeader.byteCount + 2] ^= 1
        disk.overwrite(second, with: bytes)
        let damaged = try LogHarness.open(disk, segmentBytes: 512)
        let error = #expect(throws: FlareError.self) { try LogHarness.contents(of: damaged) }
        #expect(error?.code == .corruptStore)
        damaged.close()

        try disk.remove(second)
        let missing = #expect(throws: FlareError.self) { try LogHarness.open(disk, segmentBytes: 512) }
        #expect(missing?.code == .corruptStore)
    }
}
