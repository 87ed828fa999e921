import FlareModel
import FlareStore
import Glibc
import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import FlarePipelines

/// A stream on a disk in memory, and what it answered.
private final class StreamHarness: Sendable {
    static let loop = MultiThreadedEventLoopGroup.singleton.any()

    let disk = FaultyDisk()
    let log: SegmentLog
    let stream: StreamLog
    private let ledger = Mutex<[String]>([])

    init(unflushedBytesMax: Int = 1_000_000) throws {
        log = try SegmentLog(directory: "/streams/one", disk: disk, segmentBytes: 65_536)
        stream = StreamLog(
            pipelineName: "orders",
            log: log,
            room: DiskRoom(directory: "/streams", disk: disk, trustedBytesMax: 0),
            unflushedBytesMax: unflushedBytesMax
        )
    }

    static func batch(_ stamp: ProducerStamp?, _ body: String = "{}") throws -> IngestBatch {
        try IngestBatch.scan(
            ByteBuffer(string: body),
            form: .detect,
            source: .http,
            rules: IngestRules(),
            stamp: stamp,
            at: Timestamp(milliseconds: 0)
        )
    }

    /// The answers in their order: `a: 0`, `a: 0 again`, `a: sequence_gap`.
    var answers: [String] { ledger.withLock { $0 } }

    /// Appends a batch without waiting.
    func send(_ name: String, _ stamp: ProducerStamp?, _ body: String = "{}") throws {
        stream.append(try Self.batch(stamp, body), on: Self.loop) { result in
            let text =
                switch result {
                case .success(let receipt): "\(receipt.offset)\(receipt.isDuplicate ? " again" : "")"
                case .failure(let error): error.code.spelling
                }
            self.ledger.withLock { $0.append("\(name): \(text)") }
        }
    }

    /// Appends a batch and waits for the answer.
    func ask(_ name: String, _ stamp: ProducerStamp?, _ body: String = "{}") async throws -> String {
        let before = answers.count
        try send(name, stamp, body)
        await until("an answer for \(name)") { self.answers.count > before }
        return answers.last ?? ""
    }

    func until(_ what: String, _ condition: () -> Bool) async {
        let deadline = ContinuousClock.now + .seconds(60)
        while !condition() {
            guard ContinuousClock.now < deadline else {
                Issue.record("did not happen: \(what); answered: \(answers)")
                return
            }
            await Task.yield()
        }
    }

    /// Lets appends hang on the disk, until `disk.release`.
    func hang() async throws {
        // The segment and its successor are ready, so that nothing else writes meanwhile.
        _ = try await ask("first", nil)
        await until("the log is calm") { log.unflushedBytes == 0 }
        disk.hold(.sync)
    }

    /// Has a batch written and its sync held, so that what comes next is another write.
    func sendAhead() async throws {
        let written = disk.count(of: .write)
        try send("other", nil)
        await until("it is on its way") { disk.count(of: .write) > written }
    }

    static func key(_ id: UInt8, fingerprint: UInt32 = 0) -> ProducerStamp {
        ProducerStamp(kind: .idempotencyKey, id: [id], fingerprint: fingerprint)
    }

    static func numbered(_ kind: ProducerStamp.Kind, _ sequence: Int64) -> ProducerStamp {
        ProducerStamp(kind: kind, id: [9], firstSequence: sequence, lastSequence: sequence)
    }
}

@Suite("the stream of a pipeline")
struct StreamLogTests {
    private typealias Harness = StreamHarness

    @Test("a batch with a stamp is stored once and answered with its first offset again; one without each time")
    func once() async throws {
        let harness = try Harness()
        #expect(try await harness.ask("a", Harness.key(1), "[{},{},{}]") == "a: 0")
        #expect(try await harness.ask("b", Harness.key(2)) == "b: 3")
        #expect(try await harness.ask("a", Harness.key(1), "[{},{},{}]") == "a: 0 again")
        #expect(try await harness.ask("a", Harness.key(1, fingerprint: 5)) == "a: idempotency_key_reused")
        #expect(try await harness.ask("c", nil) == "c: 4")
        #expect(try await harness.ask("c", nil) == "c: 5")
        #expect(harness.log.endOffset == 6)
        #expect(harness.stream.unflushedBytes == 18)
        harness.log.close()
    }

    @Test("of two that are sent at once the second waits for the first, and neither is stored twice")
    func atOnce() async throws {
        let harness = try Harness()
        try await harness.hang()
        try harness.send("a", Harness.key(1))
        try harness.send("a", Harness.key(1))
        try harness.send("a", Harness.key(1, fingerprint: 5))
        try harness.send("b", Harness.key(2))
        #expect(harness.answers.count == 1)
        #expect(harness.stream.unflushedBytes == 9)
        harness.disk.release()
        await harness.until("all answers") { harness.answers.count == 5 }
        #expect(
            harness.answers.filter { $0.hasPrefix("a") } == ["a: 1", "a: 1 again", "a: idempotency_key_reused"]
        )
        #expect(harness.log.endOffset == 3)
        harness.log.close()
    }

    @Test("batches of one producer that overtake nothing are stored in their order")
    func inOrder() async throws {
        let harness = try Harness()
        try await harness.hang()
        for sequence in 0..<5 { try harness.send("\(sequence)", Harness.numbered(.kafka, Int64(sequence))) }
        harness.disk.release()
        await harness.until("all answers") { harness.answers.count == 6 }
        #expect(harness.answers.dropFirst() == ["0: 1", "1: 2", "2: 3", "3: 4", "4: 5"])
        #expect(harness.stream.lastSequence(kind: .kafka, id: [9]) == 4)
        #expect(harness.stream.lastSequence(kind: .webSocket, id: [9]) == nil)
        harness.log.close()
    }

    @Test("after a failed batch of a Kafka producer the next ones are a gap, until it comes again")
    func failedKafka() async throws {
        let harness = try Harness()
        #expect(try await harness.ask("0", Harness.numbered(.kafka, 0)) == "0: 0")
        harness.disk.fail(.write, number: ENOSPC)
        #expect(try await harness.ask("1", Harness.numbered(.kafka, 1)) == "1: disk_full")
        harness.disk.heal()
        #expect(try await harness.ask("2", Harness.numbered(.kafka, 2)) == "2: sequence_gap")
        #expect(harness.stream.unflushedBytes == 3)
        #expect(try await harness.ask("1", Harness.numbered(.kafka, 1)) == "1: 1")
        #expect(try await harness.ask("2", Harness.numbered(.kafka, 2)) == "2: 2")
        harness.log.close()
    }

    @Test("those that wait behind a failed batch of a new Kafka producer are a gap")
    func waitingKafka() async throws {
        let harness = try Harness()
        try await harness.hang()
        for sequence in 0..<3 { try harness.send("\(sequence)", Harness.numbered(.kafka, Int64(sequence))) }
        harness.disk.fail(.sync, number: ENOSPC)
        harness.disk.fail(.write, number: ENOSPC)
        harness.disk.release()
        await harness.until("all answers") { harness.answers.count == 4 }
        #expect(harness.answers[1].hasPrefix("0: "))
        #expect(harness.answers[1] != "0: 1")
        #expect(harness.answers.dropFirst(2) == ["1: sequence_gap", "2: sequence_gap"])
        #expect(harness.stream.unflushedBytes == 3)
        harness.log.close()
    }

    @Test("those that wait behind a failed batch of a WebSocket producer fail with it")
    func waitingWebSocket() async throws {
        let harness = try Harness()
        #expect(try await harness.ask("1", Harness.numbered(.webSocket, 1)) == "1: 0")
        try await harness.hang()
        try await harness.sendAhead()
        for sequence in 2..<5 { try harness.send("\(sequence)", Harness.numbered(.webSocket, Int64(sequence))) }
        harness.disk.fail(.write, number: ENOSPC)
        harness.disk.release()
        await harness.until("all answers") { harness.answers.count == 6 }
        #expect(
            harness.answers.filter { !$0.hasPrefix("other") }.dropFirst(2) == [
                "2: disk_full", "3: too_many_requests", "4: too_many_requests",
            ]
        )
        harness.disk.heal()
        #expect(harness.stream.lastSequence(kind: .webSocket, id: [9]) == 1)
        #expect(try await harness.ask("2", Harness.numbered(.webSocket, 2)).hasSuffix(" again") == false)
        #expect(harness.stream.lastSequence(kind: .webSocket, id: [9]) == 2)
        harness.log.close()
    }

    @Test("a key whose batch failed is free for the one that waits behind it")
    func failedKey() async throws {
        let harness = try Harness()
        try await harness.hang()
        try await harness.sendAhead()
        try harness.send("a", Harness.key(1))
        try harness.send("b", Harness.key(1))
        harness.disk.fail(.write, times: 1, number: ENOSPC, path: "segment-")
        harness.disk.release()
        await harness.until("all answers") { harness.answers.count == 4 }
        #expect(harness.answers.filter { !$0.hasPrefix("other") }.dropFirst() == ["a: disk_full", "b: 2"])
        harness.log.close()
    }

    @Test("only so many batches of one producer wait; those of others go on")
    func queueBound() async throws {
        let harness = try Harness()
        try await harness.hang()
        for _ in 0..<(Limits.producerWaitingMax + 3) { try harness.send("a", Harness.key(1)) }
        await harness.until("two refusals") { harness.answers.count == 3 }
        #expect(harness.answers.dropFirst() == ["a: too_many_requests", "a: too_many_requests"])
        try harness.send("b", Harness.key(2))
        harness.disk.release()
        await harness.until("all answers") { harness.answers.count == Limits.producerWaitingMax + 5 }
        #expect(harness.answers.filter { $0 == "a: 1 again" }.count == Limits.producerWaitingMax)
        #expect(harness.answers.filter { $0.hasPrefix("b: ") }.count == 1)
        #expect(try await harness.ask("a", Harness.key(1)) == "a: 1 again")
        harness.log.close()
    }

    @Test("a duplicate is answered even over the limit of unflushed bytes, and one that waits counts no bytes")
    func overLimit() async throws {
        let harness = try Harness(unflushedBytesMax: 6)
        #expect(try await harness.ask("a", Harness.key(1)) == "a: 0")
        #expect(try await harness.ask("b", Harness.key(2)) == "b: 1")
        #expect(try await harness.ask("c", Harness.key(3)) == "c: too_many_requests")
        #expect(try await harness.ask("a", Harness.key(1)) == "a: 0 again")
        harness.stream.subtract(3)
        #expect(try await harness.ask("c", Harness.key(3)) == "c: 2")
        harness.log.close()
    }

    @Test("nothing new is taken on a disk that is nearly full, and what is known already is answered")
    func nearlyFull() async throws {
        let harness = try Harness()
        #expect(try await harness.ask("a", Harness.key(1)) == "a: 0")
        harness.disk.announcedFreeBytes = Limits.diskReserveBytes
        #expect(try await harness.ask("b", Harness.key(2)) == "b: disk_full")
        #expect(try await harness.ask("a", Harness.key(1)) == "a: 0 again")
        #expect(harness.stream.refusal(ofBytes: 10)?.code == .diskFull)
        harness.disk.announcedFreeBytes = Limits.diskReserveBytes + 1_000
        #expect(try await harness.ask("b", Harness.key(2)) == "b: 1")
    }

    @Test("a closed door answers those on their way, and refuses those that wait")
    func closedDoor() async throws {
        let harness = try Harness()
        try await harness.hang()
        try harness.send("0", Harness.numbered(.kafka, 0))
        try harness.send("1", Harness.numbered(.kafka, 1))
        async let closed: Void = harness.stream.closeDoor()
        await harness.until("the door is closed") { harness.stream.refusal(ofBytes: 1) != nil }
        harness.disk.release()
        await closed
        await harness.until("all answers") { harness.answers.count == 3 }
        #expect(harness.answers.dropFirst() == ["0: 1", "1: pipeline_not_found"])
        harness.stream.reopenDoor()
        #expect(try await harness.ask("1", Harness.numbered(.kafka, 1)) == "1: 2")
        harness.log.close()
    }

    @Test("a door that two have closed is open when both have opened it, and both wait for what is on its way")
    func closedTwice() async throws {
        let harness = try Harness()
        try await harness.hang()
        try harness.send("a", nil)
        let close = { @Sendable in
            await harness.stream.closeDoor()
            // Whoever goes on now takes all records for read.
            return harness.log.endOffset
        }
        async let first = close()
        async let second = close()
        await harness.until("the door is closed") { harness.stream.refusal(ofBytes: 1) != nil }
        for _ in 0..<1_000 { await Task.yield() }
        harness.disk.release()
        #expect(await [first, second] == [2, 2])
        await harness.until("all answers") { harness.answers.count == 2 }
        harness.stream.reopenDoor()
        #expect(harness.stream.refusal(ofBytes: 1)?.code == .pipelineNotFound)
        harness.stream.reopenDoor()
        #expect(try await harness.ask("b", nil) == "b: 2")
        harness.log.close()
    }

    @Test("a stamped batch of no record is answered and remembers nothing")
    func empty() async throws {
        let harness = try Harness()
        #expect(try await harness.ask("a", Harness.key(1), "[1]") == "a: 0")
        #expect(try await harness.ask("a", Harness.key(1), "[{}]") == "a: 0")
        #expect(harness.log.endOffset == 1)
        harness.log.close()
    }
}
