import FlareModel
import Glibc

/// One connection of a load.
///
/// Owned by the thread of its loop.
final class LoadConnection<Reader: AnswerReader> {
    let descriptor: Int32
    /// When the server asked to be sent less: when it is sent more.
    var resumesAt: UInt64?
    /// Messages without an answer.
    private(set) var unanswered = 0

    private let messages: PreparedMessages
    private var reader: Reader
    /// Where the next byte to send lies in the prepared ones, and how many are due.
    private var position = 0
    private var dueBytes = 0
    /// When each unanswered message was due: a ring.
    private var dueAt: [UInt64]
    private var oldest = 0
    /// What arrived and is not read yet.
    private var received = UnsafeMutableRawBufferPointer.allocate(byteCount: 16_384, alignment: 8)
    private var receivedBytes = 0
    private static var answerBytesMax: Int { 16_777_216 }

    init(descriptor: Int32, messages: PreparedMessages, reader: Reader, window: Int) {
        self.descriptor = descriptor
        self.messages = messages
        self.reader = reader
        dueAt = [UInt64](repeating: 0, count: window)
    }

    deinit {
        received.deallocate()
        Glibc.close(descriptor)
    }

    /// Whether the socket was full when there was something to send.
    var isBlocked: Bool { dueBytes > 0 }

    /// How many more messages may be sent now.
    var room: Int { dueAt.count - unanswered }

    /// Makes another message the next one; nothing may be due.
    func turn(to index: Int) {
        precondition(dueBytes == 0, "the connection is in the middle of a message")
        position = index * messages.messageBytes
    }

    func add(_ count: Int, at now: UInt64) {
        for _ in 0..<count {
            var place = oldest + unanswered
            if place >= dueAt.count { place -= dueAt.count }
            dueAt[place] = now
            unanswered += 1
        }
        dueBytes += count * messages.messageBytes
    }

    /// Sends what is due, until the socket takes no more.
    func flush() throws {
        try messages.bytes.withUnsafeBytes { bytes in
            while dueBytes > 0 {
                let piece = UnsafeRawBufferPointer(rebasing: bytes[position..<min(bytes.count, position + dueBytes)])
                let count = send(descriptor, piece.baseAddress, piece.count, Int32(MSG_NOSIGNAL))
                if count < 0 {
                    if errno == EINTR { continue }
                    guard errno == EAGAIN else { throw lost() }
                    return
                }
                dueBytes -= count
                position = position + count == bytes.count ? 0 : position + count
                // The socket is full; the loop hears of it when it is no longer.
                if count < piece.count { return }
            }
        }
    }

    /// Reads what has arrived, as much as fits; the loop hears of the rest again.
    func receive(_ answered: (Answer) throws -> Void) throws {
        let free = UnsafeMutableRawBufferPointer(rebasing: received[receivedBytes...])
        let count = recv(descriptor, free.baseAddress, free.count, 0)
        if count < 0 {
            guard errno == EAGAIN || errno == EINTR else { throw lost() }
            return
        }
        guard count > 0 else { throw FlareError(.engineUnavailable, "the server closed a connection") }
        receivedBytes += count
        try takeAnswers(answered)
    }

    private func takeAnswers(_ answered: (Answer) throws -> Void) throws {
        var start = 0
        let whole = UnsafeRawBufferPointer(received)
        while start < receivedBytes,
            let answer = try reader.next(in: UnsafeRawBufferPointer(rebasing: whole[start..<receivedBytes]))
        {
            start += answer.bytes
            guard answer.messages <= unanswered else {
                throw FlareError(.runFailed, "the server answered more messages than it was sent")
            }
            try answered(answer)
        }
        if start > 0 {
            receivedBytes -= start
            if receivedBytes > 0, let to = received.baseAddress { memmove(to, to + start, receivedBytes) }
        }
        if receivedBytes == received.count { try growReceived() }
    }

    /// Makes room for the rest of an answer.
    private func growReceived() throws {
        guard received.count < Self.answerBytesMax else {
            throw FlareError(.runFailed, "the server sent a long answer: \(UnsafeRawBufferPointer(received).excerpt)")
        }
        let larger = UnsafeMutableRawBufferPointer.allocate(byteCount: received.count * 4, alignment: 8)
        larger.copyMemory(from: UnsafeRawBufferPointer(received))
        received.deallocate()
        received = larger
    }

    /// Takes the oldest unanswered message from the ring; returns when it was due.
    func takeOldest() -> UInt64 {
        let due = dueAt[oldest]
        oldest = oldest + 1 == dueAt.count ? 0 : oldest + 1
        unanswered -= 1
        return due
    }

    private func lost() -> FlareError {
        FlareError(.engineUnavailable, "a connection was lost: \(String(cString: strerror(errno)))")
    }
}
