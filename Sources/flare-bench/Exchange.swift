import FlareModel
import Glibc

/// A connection on which each request is answered before the next one is sent: for clients whose requests depend on
/// earlier answers.
///
/// Blocks the thread that calls it, which owns it.
final class Exchange {
    private let descriptor: Int32
    private var received = [UInt8](repeating: 0, count: 65_536)
    private static let waitMilliseconds: Int32 = 30_000

    init(_ address: ServerAddress) throws {
        descriptor = try address.connect(sending: [], until: { _ in true })
    }

    deinit {
        close(descriptor)
    }

    /// Sends a request and hands its whole answer on.
    ///
    /// - Parameters:
    ///   - length: the bytes of the answer in front of what has arrived; nil when it is not all there.
    ///   - read: takes the answer, which is valid during the call only.
    func ask<Value>(
        _ request: [UInt8],
        length: (UnsafeRawBufferPointer) throws -> Int?,
        read: (UnsafeRawBufferPointer) throws -> Value
    ) throws -> Value {
        try request.withUnsafeBytes { try sendAll($0) }
        var filled = 0
        while true {
            filled += try receive(at: filled)
            let answer: Value? = try received.withUnsafeBytes { bytes in
                let whole = UnsafeRawBufferPointer(rebasing: bytes[..<filled])
                guard let count = try length(whole), count <= filled else { return nil }
                guard count == filled else { throw FlareError(.runFailed, "the server answered more than was asked") }
                return try read(whole)
            }
            if let answer { return answer }
        }
    }

    /// Sends a request and throws the body of its answer away; returns how long that was.
    ///
    /// - Parameter length: as in `ask`; called until it is known.
    func drain(_ request: [UInt8], length: (UnsafeRawBufferPointer) throws -> Int?) throws -> Int {
        try request.withUnsafeBytes { try sendAll($0) }
        var filled = 0
        var total: Int?
        while total == nil {
            filled += try receive(at: filled)
            total = try received.withUnsafeBytes { try length(UnsafeRawBufferPointer(rebasing: $0[..<filled])) }
        }
        if received.count < 1_048_576 { received = [UInt8](repeating: 0, count: 1_048_576) }
        while filled < total ?? 0 { filled += try receive(at: 0) }
        return filled
    }

    /// Sends bytes without waiting for an answer.
    func sendAll(_ bytes: UnsafeRawBufferPointer) throws {
        var position = 0
        while position < bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[position...])
            let count = send(descriptor, rest.baseAddress, rest.count, Int32(MSG_NOSIGNAL))
            if count < 0 {
                try waitUntilReady(Int16(POLLOUT))
            } else {
                position += count
            }
        }
    }

    private func receive(at filled: Int) throws -> Int {
        if filled == received.count { received.append(contentsOf: [UInt8](repeating: 0, count: received.count)) }
        while true {
            let count = received.withUnsafeMutableBytes { bytes in
                let free = UnsafeMutableRawBufferPointer(rebasing: bytes[filled...])
                return recv(descriptor, free.baseAddress, free.count, 0)
            }
            if count > 0 { return count }
            guard count < 0 else { throw FlareError(.engineUnavailable, "the server closed a connection") }
            try waitUntilReady(Int16(POLLIN))
        }
    }

    private func waitUntilReady(_ event: Int16) throws {
        guard errno == EAGAIN || errno == EINTR else {
            throw FlareError(.engineUnavailable, "a connection was lost: \(String(cString: strerror(errno)))")
        }
        var question = pollfd(fd: descriptor, events: event, revents: 0)
        guard poll(&question, 1, Self.waitMilliseconds) != 0 else {
            throw FlareError(.runFailed, "the server did not answer within \(Self.waitMilliseconds / 1_000) s")
        }
    }
}

/// Requests of HTTP/1.1 to one server, one at a time.
final class HTTPExchange {
    private let exchange: Exchange
    private let headers: String

    /// - Parameter headers: lines that every request has, each with its line end.
    init(_ address: ServerAddress, headers: String = "") throws {
        exchange = try Exchange(address)
        self.headers = "host: \(address.host):\(address.port)\r\n" + headers
    }

    /// The body of the answer; throws what the server answered when that is no success.
    func ask<Value>(
        _ method: String,
        _ path: String,
        _ body: [UInt8] = [],
        read: (UnsafeRawBufferPointer) throws -> Value
    ) throws -> Value {
        let head = "\(method) \(path) HTTP/1.1\r\n\(headers)content-length: \(body.count)\r\n\r\n"
        return try exchange.ask(Array(head.utf8) + body, length: Self.length) { answer in
            guard answer.holds("HTTP/1.1 20", at: 0), let end = answer.firstIndex(of: "\r\n\r\n") else {
                throw FlareError(.runFailed, "the server answered: \(answer.excerpt)")
            }
            return try read(UnsafeRawBufferPointer(rebasing: answer[(end + 4)...]))
        }
    }

    /// Sends a request whose body is one piece again and again.
    func upload(_ method: String, _ path: String, piece: [UInt8], count: Int) throws {
        let head = "\(method) \(path) HTTP/1.1\r\n\(headers)content-length: \(piece.count * count)\r\n\r\n"
        try Array(head.utf8).withUnsafeBytes { try exchange.sendAll($0) }
        try piece.withUnsafeBytes { bytes in
            for _ in 0..<count { try exchange.sendAll(bytes) }
        }
        try exchange.ask([], length: Self.length) { answer in
            guard answer.holds("HTTP/1.1 20", at: 0) else {
                throw FlareError(.runFailed, "the server answered: \(answer.excerpt)")
            }
        }
    }

    /// Asks for a body and throws it away; the bytes of the whole answer.
    func download(_ path: String) throws -> Int {
        try exchange.drain(Array("GET \(path) HTTP/1.1\r\n\(headers)\r\n".utf8)) { bytes in
            guard let length = try Self.length(bytes) else { return nil }
            guard bytes.holds("HTTP/1.1 200", at: 0) else {
                throw FlareError(.runFailed, "the server answered: \(bytes.excerpt)")
            }
            return length
        }
    }

    private static func length(_ bytes: UnsafeRawBufferPointer) throws -> Int? {
        guard let end = bytes.firstIndex(of: "\r\n\r\n") else { return nil }
        for name: StaticString in ["content-length: ", "Content-Length: "] {
            if let place = bytes.firstIndex(of: name), place < end {
                return end + 4 + bytes.number(at: place + 16).value
            }
        }
        throw FlareError(.runFailed, "an answer without content-length: \(bytes.excerpt)")
    }
}
