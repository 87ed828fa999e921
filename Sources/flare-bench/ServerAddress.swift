import FlareModel
import Glibc

/// Where a load goes: a port of this machine or of another one, by its IPv4 address or as `localhost`.
struct ServerAddress: Sendable {
    let host: String
    let port: Int

    init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    /// Reads `HOST:PORT`.
    init(_ text: some StringProtocol) throws {
        let parts = text.split(separator: ":")
        guard parts.count == 2, let port = Int(parts[1]), (1...65_535).contains(port) else {
            throw FlareError(.invalidArgument, "\"\(text)\" is no address", hint: "write HOST:PORT")
        }
        host = String(parts[0])
        self.port = port
    }

    /// A connected socket that does not block and sends without delay.
    ///
    /// Waits at most a few seconds for each answer until it is made not to block.
    func connect(sending opening: [UInt8], until isOpen: (UnsafeRawBufferPointer) throws -> Bool) throws -> Int32 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw failure("no socket") }
        do {
            var one: Int32 = 1
            setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
            var limit = timeval(tv_sec: 10, tv_usec: 0)
            setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
            try connect(descriptor)
            if !opening.isEmpty { try exchange(opening, on: descriptor, until: isOpen) }
            guard fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK) == 0 else {
                throw failure("no socket that does not block")
            }
        } catch {
            close(descriptor)
            throw error
        }
        return descriptor
    }

    private func connect(_ descriptor: Int32) throws {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        guard inet_pton(AF_INET, host == "localhost" ? "127.0.0.1" : host, &address.sin_addr) == 1 else {
            throw FlareError(.invalidArgument, "\"\(host)\" is no IPv4 address", hint: "write 127.0.0.1 or localhost")
        }
        let connected = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard connected == 0 else { throw failure("no connection") }
    }

    private func exchange(
        _ opening: [UInt8],
        on descriptor: Int32,
        until isOpen: (UnsafeRawBufferPointer) throws -> Bool
    ) throws {
        guard send(descriptor, opening, opening.count, Int32(MSG_NOSIGNAL)) == opening.count else {
            throw failure("nothing can be sent")
        }
        var answer = [UInt8](repeating: 0, count: 16_384)
        var filled = 0
        while true {
            let count = answer.withUnsafeMutableBytes { bytes in
                let free = UnsafeMutableRawBufferPointer(rebasing: bytes[filled...])
                return recv(descriptor, free.baseAddress, free.count, 0)
            }
            guard count > 0 else { throw failure("no answer") }
            filled += count
            if try answer.withUnsafeBytes({ try isOpen(UnsafeRawBufferPointer(rebasing: $0[..<filled])) }) { return }
        }
    }

    private func failure(_ what: String) -> FlareError {
        FlareError(.engineUnavailable, "\(what) with \(host):\(port): \(String(cString: strerror(errno)))")
    }

    /// A port of the loopback address that nothing listens on now.
    static func freePort() throws -> Int {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0
            }
        }
        guard bound else { throw FlareError(.internalError, "no port of the loopback address is free") }
        return Int(UInt16(bigEndian: address.sin_port))
    }
}
