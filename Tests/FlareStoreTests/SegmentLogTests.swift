import FlareModel
import NIOCore
import NIOPosix
import Testing

@testable import FlareStore

@Suite struct SegmentLogTests {
    private func withLog(_ body: (SegmentLog, String) async throws -> Void) async throws {
        try await withTemporaryDirectory { directory in
            let log = try SegmentLog(directory: directory + "/log", segmentBytes: 65_536)
            try await body(log, directory + "/log")
            log.close()
        }
    }

    @Test("records keep their offsets and bytes over a restart")
    func restart() async throws {
        try await withTemporaryDirectory { directory in
            for life in 0..<3 {
                let log = try SegmentLog(directory: directory, segmentBytes: 8192)
                #expect(log.endOffset == Int64(life * 90))
                #expect(log.startOffset == 0)
                for index in 0..<30 {
                    let offset = try await log.append(ByteBuffer(string: "life \(life) batch \(index)"), recordCount: 3)
                    #expect(offset == Int64(life * 90 + index * 3))
                }
                var offset: Int64 = 0
                while let frame = try log.frames(from: offset, bytesMax: 1).first {
                    #expect(String(buffer: frame.payload) == "life \(offset / 90) batch \(offset % 90 / 3)")
                    offset = frame.endOffset
                }
                #expect(offset == Int64((life + 1) * 90))
                log.close()
            }
        }
    }

    @Test("an event loop gets its offsets in the order of its appends, on the loop")
    func order() async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 2)
        try await withLog { log, _ in
            let answers = Monitor<[[Int64]]>([[], []])
            for (number, loop) in [group.next(), group.next()].enumerated() {
                loop.execute {
                    for index in 0..<2000 {
                        log.append(ByteBuffer(string: "loop \(number) record \(index)"), recordCount: 1, on: loop) {
                            result in
                            #expect(loop.inEventLoop)
                            answers.withLock { $0[number].append((try? result.get()) ?? -1) }
                            answers.notifyAll()
                        }
                    }
                }
            }
            let all = answers.wait { $0.allSatisfy { $0.count == 2000 } ? $0 : nil }
            for offsets in all { #expect(offsets == offsets.sorted()) }
            #expect(Set(all.joined()) == Set(0..<4000))
            #expect(log.endOffset == 4000)
            #expect(log.unflushedBytes == 0)
        }
        try await group.shutdownGracefully()
    }

    @Test("reading begins with the frame that holds the offset, and goes on from anywhere")
    func reading() async throws {
        let log = try LogHarness.open(FaultyDisk(), segmentBytes: 16_384)
        for index in 0..<800 {
            _ = try await log.append(ByteBuffer(repeating: UInt8(index % 251), count: 10 + index % 90), recordCount: 2)
        }
        for offset: Int64 in [0, 1, 2, 299, 300, 1599, 801, 7, 1598] {
            let frame = try #require(try log.frames(from: offset, bytesMax: 100).first)
            #expect(frame.firstOffset == offset / 2 * 2)
            #expect(frame.payload.readableBytes == 10 + Int(offset / 2) % 90)
            #expect(frame.payload.readableBytesView.allSatisfy { $0 == UInt8(offset / 2 % 251) })
        }
        #expect(try log.frames(from: 1600, bytesMax: 100).isEmpty)
        #expect(try log.frames(from: 60_000, bytesMax: 100).isEmpty)
        let many = try log.frames(from: 0, bytesMax: 10_000)
        #expect(many.count > 50)
        #expect(many.reduce(0) { $0 + $1.payload.readableBytes } <= 10_000)
        log.close()
    }

    @Test("a batch larger than a segment is kept like any other")
    func largeBatches() async throws {
        try await withTemporaryDirectory { directory in
            let sizes = [100, 70_000, 5, 1_000_000, 65_536 - FrameHeader.byteCount, 65_536, 1]
            for _ in 0..<2 {
                let log = try SegmentLog(directory: directory, segmentBytes: 65_536)
                for (index, size) in sizes.enumerated() {
                    _ = try await log.append(ByteBuffer(repeating: UInt8(index), count: size), recordCount: 1)
                }
                for offset in 0..<log.endOffset {
                    let frame = try #require(try log.frames(from: offset, bytesMax: 1).first)
                    #expect(frame.payload.readableBytes == sizes[Int(offset) % sizes.count])
                    #expect(frame.payload.readableBytesView.last == UInt8(Int(offset) % sizes.count))
                }
                log.close()
            }
        }
    }

    @Test("consumed segments are used again, and only what was asked to go is gone")
    func recycling() async throws {
        try await withTemporaryDirectory { directory in
            let log = try SegmentLog(directory: directory, segmentBytes: 16_384)
            for index in 0..<700 {
                _ = try await log.append(
                    ByteBuffer(string: "a record of always the same length \(1000 + index)"),
                    recordCount: 1
                )
                if index % 100 == 99 {
                    log.recycle(below: log.endOffset - 50)
                    #expect(log.startOffset <= log.endOffset - 50)
                    #expect(try PosixDisk().list(directory).count <= 6)
                }
            }
            #expect(log.startOffset > 300)
            let start = log.startOffset
            let error = #expect(throws: FlareError.self) { try log.frames(from: start - 1, bytesMax: 100) }
            #expect(error?.code == .invalidArgument)
            log.close()

            let again = try SegmentLog(directory: directory, segmentBytes: 16_384)
            #expect(again.startOffset == start)
            #expect(again.endOffset == 700)
            for (offset, text) in try LogHarness.contents(of: again) {
                #expect(text == "a record of always the same length \(1000 + offset)")
            }
            again.close()
        }
    }

    @Test("readers are told when records have become durable")
    func durableActions() async throws {
        try await withLog { log, _ in
            let seen = Monitor<Int64>(0)
            log.onDurable { [weak log] in
                let end = log?.endOffset ?? 0
                seen.withLock { $0 = max($0, end) }
                seen.notifyAll()
            }
            _ = try await log.append(ByteBuffer(string: "x"), recordCount: 5)
            #expect(seen.wait { $0 >= 5 ? $0 : nil } == 5)
        }
    }

    @Test("a closed log takes nothing more, and what it took before is kept")
    func closing() async throws {
        try await withTemporaryDirectory { parent in
            let directory = parent + "/log"
            let log = try SegmentLog(directory: directory)
            _ = try await log.append(ByteBuffer(string: "x"), recordCount: 1)
            log.close()
            log.close()
            let error = await #expect(throws: FlareError.self) {
                try await log.append(ByteBuffer(string: "y"), recordCount: 1)
            }
            #expect(error?.code == .engineUnavailable)
            #expect(try LogHarness.contents(of: log) == [0: "x"])
            try SegmentLog.remove(directory: directory)
            #expect(try PosixDisk().list(directory).isEmpty)
        }
    }

    @Test("opening a new log writes no segment, so that making a stream is quick")
    func opening() async throws {
        let disk = FaultyDisk()
        disk.hold(.write)
        let log = try LogHarness.open(disk, segmentBytes: 16_777_216)
        #expect(log.endOffset == 0)
        disk.release()
        #expect(
            await eventually { disk.contents(LogHarness.directory + "/spare-0")?.count == Limits.logFirstSegmentBytes }
        )
        log.close()
    }
}
