import FlareModel
import Glibc
import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import FlareStore

@Suite struct SegmentLogFaultTests {
    private let loop = MultiThreadedEventLoopGroup.singleton.next()

    @Test("appends that wait are written with one write and one sync")
    func groups() async throws {
        let disk = FaultyDisk()
        let harness = LogHarness()
        let log = try LogHarness.open(disk, segmentBytes: 65_536)
        await harness.append("first", to: log)
        // The next segment is prepared in the background, with syncs of its own.
        try await waitForSpare(disk)
        let before = (disk.count(of: .write), disk.count(of: .sync))
        disk.hold(.sync)
        harness.append("alone", to: log, on: loop)
        #expect(await eventually { disk.count(of: .write) == before.0 + 1 })
        for index in 0..<200 { harness.append("waiting \(index)", to: log, on: loop) }
        #expect(log.unflushedBytes > 200)
        disk.release()
        #expect(await eventually { harness.answers == 202 })
        #expect(disk.count(of: .write) == before.0 + 2)
        #expect(disk.count(of: .sync) == before.1 + 2)
        #expect(harness.failures.isEmpty)
        log.close()
    }

    @Test("batches that belong together are taken or refused together, and alone however large they are")
    func together() async throws {
        let disk = FaultyDisk()
        let harness = LogHarness()
        let log = try LogHarness.open(disk, waitingBytesMax: 1000)
        let results = Mutex<[Result<Int64, FlareError>]>([])
        let batches = (0..<3).map { _ in (payload: ByteBuffer(repeating: 0x61, count: 400), recordCount: 2) }
        log.append(batches, on: loop) { result in results.withLock { $0.append(result) } }
        #expect(await eventually { results.withLock { $0.count } == 3 })
        #expect(results.withLock { $0.compactMap { try? $0.get() } } == [0, 2, 4])
        disk.hold(.sync)
        harness.append("first", to: log, on: loop)
        log.append(batches, on: loop) { result in results.withLock { $0.append(result) } }
        #expect(await eventually { results.withLock { $0.count } == 6 })
        #expect(results.withLock { $0.suffix(3).allSatisfy { (try? $0.get()) == nil } })
        disk.release()
        #expect(await eventually { harness.acknowledged.count == 1 })
        #expect(log.endOffset == 7)
        log.close()
    }

    @Test("more waiting bytes than the bound are refused, and taken again when the disk has caught up")
    func backPressure() async throws {
        let disk = FaultyDisk()
        let harness = LogHarness()
        let log = try LogHarness.open(disk, waitingBytesMax: 1000)
        // Alone, a batch beyond the bound is taken.
        #expect(await harness.append(String(repeating: "x", count: 3000), to: log))
        disk.hold(.sync)
        for index in 0..<30 { harness.append(String(repeating: "y", count: 98) + "\(10 + index)", to: log, on: loop) }
        #expect(log.unflushedBytes == 1000)
        #expect(await eventually { harness.failures.count == 20 })
        #expect(harness.failures.allSatisfy { $0.code == .tooManyRequests })
        disk.release()
        #expect(await eventually { harness.acknowledged.count == 11 })
        #expect(log.unflushedBytes == 0)
        #expect(await harness.append("again", to: log))
        log.close()
    }

    @Test("a full disk refuses appends; with room again the log goes on by itself")
    func fullDisk() async throws {
        for capacity in stride(from: 1000, to: 30_000, by: 1777) {
            let disk = FaultyDisk(capacityBytes: capacity)
            let harness = LogHarness()
            let log = try LogHarness.open(disk)
            for index in 0..<400 { harness.append("record number \(index)", to: log, on: loop) }
            #expect(await eventually { harness.answers == 400 })
            var index = 400
            while await harness.append("record number \(index)", to: log) { index += 1 }
            #expect(harness.failures.allSatisfy { $0.code == .diskFull })
            try harness.expectKept(in: log)

            disk.capacityBytes = .max
            #expect(await harness.append("room again", to: log))
            try harness.expectKept(in: log)
            #expect(log.endOffset == Int64(harness.acknowledged.count))
            disk.losePower()
            log.close()
            let again = try LogHarness.open(disk)
            try harness.expectKept(in: again)
            #expect(again.endOffset == Int64(harness.acknowledged.count), "a refused record must not come back")
            again.close()
        }
    }

    /// A log that holds "kept 0" and "kept 1", and then a group that was written together: "lost 2" to "lost 4".
    private func logWithGroup(_ disk: FaultyDisk, _ harness: LogHarness, room: Int) async throws -> SegmentLog {
        // Without spares the log's file grows as it is written.
        disk.fail(.open, number: EMFILE, path: "unfinished-")
        let log = try LogHarness.open(disk)
        await harness.append("kept 0", to: log)
        disk.hold(.sync)
        harness.append("kept 1", to: log, on: loop)
        #expect(await eventually { disk.count(of: .write) == 2 })
        for index in 2...4 { harness.append("lost \(index)", to: log, on: loop) }
        disk.capacityBytes = disk.usedBytes + room
        disk.release()
        #expect(await eventually { harness.answers == 5 })
        disk.capacityBytes = .max
        return log
    }

    private let kept: [Int64: String] = [0: "kept 0", 1: "kept 1"]
    private let frameBytes = FrameHeader.byteCount + 6

    @Test("what a full disk took of a refused group never comes back, not even behind a later record")
    func refusedGroup() async throws {
        for appendsMore in [false, true] {
            let disk = FaultyDisk()
            let harness = LogHarness()
            let log = try await logWithGroup(disk, harness, room: 2 * frameBytes + 10)
            #expect(harness.failures.map(\.code) == [.diskFull, .diskFull, .diskFull])
            if appendsMore { #expect(await harness.append("more 2", to: log)) }
            disk.killProcess()
            log.close()
            let again = try LogHarness.open(disk)
            #expect(try LogHarness.contents(of: again) == (appendsMore ? kept.merging([2: "more 2"]) { $1 } : kept))
            again.close()
        }
    }

    @Test("what a crash left of a torn group never comes back behind a later record")
    func tornGroup() async throws {
        let disk = FaultyDisk()
        let log = try await logWithGroup(disk, LogHarness(), room: 100_000)
        disk.killProcess()
        log.close()
        let path = LogHarness.directory + "/" + LogSegment(number: 1, firstOffset: 0).fileName
        var bytes = try #require(disk.contents(path))
        bytes[2 * frameBytes + 20] ^= 1
        disk.overwrite(path, with: bytes)

        let second = try LogHarness.open(disk)
        #expect(try LogHarness.contents(of: second) == kept)
        _ = try await second.append(ByteBuffer(string: "more 2"), recordCount: 1)
        disk.killProcess()
        second.close()
        let third = try LogHarness.open(disk)
        #expect(try LogHarness.contents(of: third) == kept.merging([2: "more 2"]) { $1 })
        third.close()
    }

    @Test("a failed sync stops the log until it is opened again, and nothing is acknowledged after it")
    func failedSync() async throws {
        let disk = FaultyDisk()
        let harness = LogHarness()
        let log = try LogHarness.open(disk)
        await harness.append("kept", to: log)
        try await waitForSpare(disk)
        disk.fail(.sync, times: 1, number: EIO)
        #expect(await !harness.append("lost", to: log))
        #expect(await !harness.append("refused", to: log))
        #expect(harness.failures.allSatisfy { $0.code == .storeFailed })
        #expect(try LogHarness.contents(of: log) == [0: "kept"])
        disk.losePower()
        log.close()
        let again = try LogHarness.open(disk)
        #expect(try LogHarness.contents(of: again) == [0: "kept"])
        #expect(await harness.append("works", to: again))
        again.close()
    }

    @Test(
        "whichever call fails, once or for ever, what was acknowledged is there after a power cut",
        arguments: [DiskOperation.write, .sync, .syncDirectory, .rename, .open, .remove],
        [EIO, ENOSPC]
    )
    func failNth(_ operation: DiskOperation, _ number: Int32) async throws {
        for times in [1, Int.max] {
            for passes in 0..<16 {
                let disk = FaultyDisk()
                let harness = LogHarness()
                guard let log = try? LogHarness.open(disk, segmentBytes: 1024) else { continue }
                disk.fail(operation, after: passes, times: times, number: number)
                for index in 0..<45 {
                    await harness.append("record \(index)", to: log)
                    if index % 15 == 14 { log.recycle(below: log.endOffset) }
                }
                disk.losePower()
                log.close()
                disk.heal()
                let again = try LogHarness.open(disk, segmentBytes: 1024)
                try harness.expectKept(in: again)
                #expect(again.startOffset <= again.endOffset)
                #expect(await harness.append("after", to: again))
                try harness.expectKept(in: again)
                again.close()
            }
        }
    }

    @Test("power cuts at any moment, with sectors written in any order, lose nothing acknowledged", arguments: 0..<60)
    func powerCuts(_ seed: Int) async throws {
        var random = SeededGenerator(seed: seed)
        let disk = FaultyDisk()
        let harness = LogHarness()
        var count = 0
        for _ in 0..<8 {
            let log = try LogHarness.open(disk, segmentBytes: 2048)
            try harness.expectKept(in: log)
            for _ in 0..<Int.random(in: 0...30, using: &random) {
                count += 1
                await harness.append(text(count, &random), to: log)
            }
            for _ in 0..<Int.random(in: 0...60, using: &random) {
                count += 1
                harness.append(text(count, &random), to: log, on: loop)
            }
            if Bool.random(using: &random) { log.recycle(below: log.endOffset - 20) }
            for _ in 0..<Int.random(in: 0...3, using: &random) { await Task.yield() }
            switch Int.random(in: 0...3, using: &random) {
            case 0: break
            case 1: disk.killProcess()
            default: disk.losePower { Bool.random(using: &random) }
            }
            log.close()
        }
        let log = try LogHarness.open(disk, segmentBytes: 2048)
        try harness.expectKept(in: log)
        log.close()
    }

    private func waitForSpare(_ disk: FaultyDisk) async throws {
        let isReady = try await eventually {
            let names = try disk.list(LogHarness.directory)
            return names.contains { $0.hasPrefix("spare-") } && !names.contains { $0.hasPrefix("unfinished-") }
        }
        #expect(isReady)
    }

    private func text(_ number: Int, _ random: inout SeededGenerator) -> String {
        // Often of one length, so that old frames lie just where new ones end.
        let filling = Bool.random(using: &random) ? 20 : Int.random(in: 0...1500, using: &random)
        return "\(10_000 + number) " + String(repeating: "z", count: filling)
    }
}
