import FlareModel
import Glibc
import NIOCore

/// Drives the connections of a load on the thread that calls it.
///
/// With poll(2) and not with an event loop of NIO: a client that costs as much as the server would measure itself.
final class LoadLoop<Reader: AnswerReader> {
    private let extent: Load.Extent
    private let connections: [LoadConnection<Reader>]
    /// What the system is asked about each connection, in the same order.
    private var questions: [pollfd]
    private var sample = LoadSample()
    /// Messages that may still be sent, when their number is given.
    private var left: Int
    private var isStopping = false
    private var paused = 0
    /// How many messages are shared, and how many of them have been taken; nil when each connection has its own turn.
    private var shared: (count: Int, taken: Int)?

    /// How long the server may take for what is unanswered at the end, and how long a connection waits that was put
    /// off.
    private static var drainNanoseconds: UInt64 { 30_000_000_000 }
    private static var pauseNanoseconds: UInt64 { 10_000_000 }

    /// Opens all connections.
    init(_ load: Load, _ messages: PreparedMessages, _ reader: Reader) throws {
        precondition(!load.sharesMessages || load.window == 1, "shared messages are sent one at a time")
        extent = load.extent
        shared = load.sharesMessages ? (messages.count, 0) : nil
        left = if case .messages(let count) = load.extent { count } else { .max }
        connections = try (0..<load.clients).map { _ in
            LoadConnection(
                descriptor: try load.address.connect(sending: reader.opening, until: reader.isOpen),
                messages: messages,
                reader: reader,
                window: load.window
            )
        }
        questions = connections.map { pollfd(fd: $0.descriptor, events: Int16(POLLIN), revents: 0) }
    }

    /// Sends until the extent is reached, and returns when all is answered.
    func run() throws -> LoadSample {
        let begun = Self.now()
        let end: UInt64 = if case .seconds(let seconds) = extent { begun + UInt64(seconds * 1e9) } else { .max }
        for connection in connections { try topUp(connection, at: begun) }
        var now = begun
        while true {
            if now >= end || left == 0 && connections.allSatisfy({ $0.unanswered == 0 }) {
                isStopping = true
                sample.seconds = Double(now - begun) / 1e9
                break
            }
            try turn(until: end)
            now = Self.now()
            if paused > 0 { try resume(at: now) }
        }
        let limit = now + Self.drainNanoseconds
        while connections.contains(where: { $0.unanswered > 0 }) {
            guard Self.now() < limit else { throw FlareError(.runFailed, "the server left messages unanswered") }
            try turn(until: limit)
        }
        return sample
    }

    /// Waits for the sockets and does what they are ready for.
    private func turn(until end: UInt64) throws {
        let wait = paused > 0 ? Self.pauseNanoseconds : min(100_000_000, end - min(end, Self.now()))
        for (index, connection) in connections.enumerated() {
            questions[index].events = Int16(connection.isBlocked ? POLLIN | POLLOUT : POLLIN)
        }
        var ready = Int(poll(&questions, nfds_t(questions.count), Int32(wait / 1_000_000)))
        for index in questions.indices where ready > 0 && questions[index].revents != 0 {
            ready -= 1
            try serve(connections[index], canRead: questions[index].revents & ~Int16(POLLOUT) != 0)
        }
    }

    private func serve(_ connection: LoadConnection<Reader>, canRead: Bool) throws {
        guard canRead else { return try connection.flush() }
        let now = Self.now()
        try connection.receive { answer in
            for _ in 0..<answer.messages {
                let due = connection.takeOldest()
                if !isStopping && !answer.isThrottled { sample.latencies.record(nanoseconds: now - due) }
            }
            if answer.isThrottled { putOff(connection, answer, at: now) } else { count(answer) }
        }
        if isStopping || connection.resumesAt != nil {
            try connection.flush()
        } else {
            try topUp(connection, at: now)
        }
    }

    private func count(_ answer: Answer) {
        guard !isStopping else { return }
        sample.messages += answer.messages
        sample.records += answer.records
    }

    private func putOff(_ connection: LoadConnection<Reader>, _ answer: Answer, at now: UInt64) {
        guard !isStopping else { return }
        sample.throttled += answer.messages
        if left != .max { left += answer.messages }
        if connection.resumesAt == nil { paused += 1 }
        connection.resumesAt = now + Self.pauseNanoseconds
    }

    private func resume(at now: UInt64) throws {
        for connection in connections {
            guard let time = connection.resumesAt, time <= now else { continue }
            connection.resumesAt = nil
            paused -= 1
            try topUp(connection, at: now)
        }
    }

    private func topUp(_ connection: LoadConnection<Reader>, at now: UInt64) throws {
        let count = min(connection.room, left)
        if left != .max { left -= count }
        if count > 0 {
            if let (number, taken) = shared {
                connection.turn(to: taken % number)
                shared = (number, taken + 1)
            }
            connection.add(count, at: now)
        }
        try connection.flush()
    }

    private static func now() -> UInt64 { NIODeadline.now().uptimeNanoseconds }
}
