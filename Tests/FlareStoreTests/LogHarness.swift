import FlareModel
import NIOCore
import Synchronization
import Testing

@testable import FlareStore

/// Appends texts to a log and remembers what was sent and what was acknowledged.
final class LogHarness: Sendable {
    static let directory = "/streams/one"

    private struct Ledger {
        var sent: Set<String> = []
        var acknowledged: [Int64: String] = [:]
        var failures: [FlareError] = []
        var answers = 0
    }

    private let ledger = Mutex(Ledger())

    var acknowledged: [Int64: String] { ledger.withLock { $0.acknowledged } }
    var failures: [FlareError] { ledger.withLock { $0.failures } }
    var answers: Int { ledger.withLock { $0.answers } }

    static func open(_ disk: any Disk, segmentBytes: Int = 4096, waitingBytesMax: Int = 1_000_000) throws -> SegmentLog
    {
        try SegmentLog(directory: directory, disk: disk, segmentBytes: segmentBytes, waitingBytesMax: waitingBytesMax)
    }

    /// Appends one record and waits for its answer; true when it was acknowledged.
    @discardableResult
    func append(_ text: String, to log: SegmentLog) async -> Bool {
        send(text)
        do {
            let offset = try await log.append(ByteBuffer(string: text), recordCount: 1)
            finish(text, .success(offset))
            return true
        } catch {
            finish(text, .failure((error as? FlareError) ?? FlareError(.internalError, "\(error)")))
            return false
        }
    }

    /// Appends one record without waiting.
    func append(_ text: String, to log: SegmentLog, on loop: any EventLoop) {
        send(text)
        log.append(ByteBuffer(string: text), recordCount: 1, on: loop) { self.finish(text, $0) }
    }

    /// What the log holds, by offset.
    ///
    /// Fails the test where frames do not follow each other.
    static func contents(of log: SegmentLog, bytesMax: Int = 1000) throws -> [Int64: String] {
        var result: [Int64: String] = [:]
        var offset = log.startOffset
        while true {
            let frames = try log.frames(from: offset, bytesMax: bytesMax)
            if frames.isEmpty { break }
            for frame in frames {
                #expect(frame.firstOffset == offset)
                result[frame.firstOffset] = String(buffer: frame.payload)
                offset = frame.endOffset
            }
        }
        #expect(offset == log.endOffset)
        return result
    }

    /// Everything acknowledged is there at its offset, and nothing else but what was sent.
    func expectKept(in log: SegmentLog) throws {
        let found = try Self.contents(of: log)
        let (sent, acknowledged) = ledger.withLock { ($0.sent, $0.acknowledged) }
        for (offset, text) in acknowledged where offset >= log.startOffset { #expect(found[offset] == text) }
        for text in found.values { #expect(sent.contains(text)) }
    }

    private func send(_ text: String) {
        ledger.withLock { _ = $0.sent.insert(text) }
    }

    private func finish(_ text: String, _ result: Result<Int64, FlareError>) {
        ledger.withLock { ledger in
            ledger.answers += 1
            switch result {
            case .success(let offset):
                if let other = ledger.acknowledged[offset] {
                    Issue.record("\(offset) was given to \(other) and \(text)")
                }
                ledger.acknowledged[offset] = text
            case .failure(let error): ledger.failures.append(error)
            }
        }
    }
}
