package import FlareModel
import Foundation

/// The answer to one HTTP request.
package struct HTTPReply: Sendable {
    package let status: Int
    package let headers: [(name: String, value: String)]
    package let body: [UInt8]

    package var text: String { String(decoding: body, as: UTF8.self) }

    package func header(_ name: String) -> String? {
        headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }

    package func json() throws -> JSONValue { try JSONValue(json: body) }
}

/// Sends one request over a connection of its own and reads the whole answer.
///
/// Deliberately plain: it never retries, so an answer that comes back was given by the engine exactly once. Throws
/// `engineUnavailable` when the connection is refused or ends before a whole answer.
package func httpRequest(
    _ method: String,
    _ path: String,
    port: Int,
    headers: [(String, String)] = [],
    body: [UInt8] = []
) async throws -> HTTPReply {
    var head = "\(method) \(path) HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\nConnection: close\r\n"
    for (name, value) in headers { head += "\(name): \(value)\r\n" }
    head += "Content-Length: \(body.count)\r\n\r\n"
    return try parseReply(try await exchange(Array(head.utf8) + body, port: port))
}

/// Sends bytes as they are, then reads until the other side closes.
///
/// For requests that no HTTP client would send.
package func exchange(_ bytes: [UInt8], port: Int) async throws -> [UInt8] {
    try await withCheckedThrowingContinuation { continuation in
        // A thread of its own, because the calls block.
        Thread.detachNewThread {
            continuation.resume(with: Result { try blockingExchange(bytes, port: port) })
        }
    }
}

private func blockingExchange(_ bytes: [UInt8], port: Int) throws -> [UInt8] {
    let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    guard socket >= 0 else { throw connectionError("no socket") }
    defer { close(socket) }
    var limit = timeval(tv_sec: 180, tv_usec: 0)
    setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))

    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(port).bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    let connected = withUnsafePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
        }
    }
    guard connected == 0 else { throw connectionError("cannot connect to port \(port)") }

    var sent = 0
    while sent < bytes.count {
        let count = bytes.withUnsafeBytes {
            send(socket, $0.baseAddress.map { $0 + sent }, $0.count - sent, Int32(MSG_NOSIGNAL))
        }
        // A server that refuses a body early answers and closes: what it said is still there to be read.
        guard count > 0 else { break }
        sent += count
    }
    var reply: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while true {
        let count = recv(socket, &buffer, buffer.count, 0)
        guard count > 0 else { break }
        reply += buffer[..<count]
    }
    guard !reply.isEmpty else { throw connectionError("no answer from port \(port)") }
    return reply
}

private func connectionError(_ what: String) -> FlareError {
    FlareError(.engineUnavailable, "\(what): \(String(cString: strerror(errno)))")
}

private func parseReply(_ bytes: [UInt8]) throws -> HTTPReply {
    let cut = FlareError(.engineUnavailable, "the answer was cut off: \(String(decoding: bytes, as: UTF8.self))")
    guard let end = firstRange(of: "\r\n\r\n", in: bytes[...]) else { throw cut }
    let lines = String(decoding: bytes[..<end.lowerBound], as: UTF8.self).components(separatedBy: "\r\n")
    let words = lines[0].split(separator: " ")
    guard words.count >= 2, let status = Int(words[1]) else { throw cut }
    let headers = lines.dropFirst().compactMap { line -> (name: String, value: String)? in
        guard let colon = line.firstIndex(of: ":") else { return nil }
        return (String(line[..<colon]), line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces))
    }
    func header(_ name: String) -> String? { headers.first { $0.name.lowercased() == name }?.value }

    var body = Array(bytes[end.upperBound...])
    if header("transfer-encoding")?.lowercased() == "chunked" {
        guard let whole = dechunked(body) else { throw cut }
        body = whole
    } else if let length = header("content-length").flatMap({ Int($0) }) {
        guard body.count == length else { throw cut }
    }
    return HTTPReply(status: status, headers: headers, body: body)
}

/// The bytes of a chunked body, or nil when its end is missing.
private func dechunked(_ bytes: [UInt8]) -> [UInt8]? {
    var rest = bytes[...]
    var body: [UInt8] = []
    while let line = firstRange(of: "\r\n", in: rest) {
        let digits = String(decoding: rest[rest.startIndex..<line.lowerBound], as: UTF8.self).prefix { $0 != ";" }
        guard let count = Int(digits, radix: 16), rest.endIndex - line.upperBound >= count + 2 else { return nil }
        if count == 0 { return body }
        body += rest[line.upperBound..<line.upperBound + count]
        rest = rest[(line.upperBound + count + 2)...]
    }
    return nil
}

private func firstRange(of text: String, in bytes: ArraySlice<UInt8>) -> Range<Int>? {
    let pattern = Array(text.utf8)
    guard bytes.count >= pattern.count else { return nil }
    return (bytes.startIndex...bytes.endIndex - pattern.count)
        .first { bytes[$0..<$0 + pattern.count].elementsEqual(pattern) }
        .map { $0..<$0 + pattern.count }
}
