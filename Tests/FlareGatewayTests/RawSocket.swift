import FlareModel
import Glibc
import Testing

/// A plain blocking socket: the doors are tested by bytes, not by another library's idea of a protocol.
final class RawSocket {
    private let descriptor: Int32

    /// Connects to a port of this machine.
    ///
    /// Reading gives up after 20 seconds.
    ///
    /// - Parameter bufferBytes: the size of the system's buffers, where a test wants to fill them.
    init(port: Int, bufferBytes: Int32? = nil) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var limit = timeval(tv_sec: 20, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var one: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
        if var bufferBytes {
            for option in [SO_RCVBUF, SO_SNDBUF] {
                setsockopt(descriptor, SOL_SOCKET, option, &bufferBytes, socklen_t(MemoryLayout<Int32>.size))
            }
        }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else { throw FlareError(.engineUnavailable, "no connection to port \(port)") }
    }

    deinit {
        close(descriptor)
    }

    func write(_ bytes: [UInt8]) throws {
        try #require(writeUntilRefused(bytes) == bytes.count, "the server does not read any more")
    }

    /// Writes as much as the server and the system take within a time, at most all; returns how many bytes that was.
    func writeWhatFits(_ bytes: [UInt8], waitSeconds: Int) -> Int {
        var limit = timeval(tv_sec: waitSeconds, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        defer {
            limit = timeval(tv_sec: 0, tv_usec: 0)
            setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        }
        return writeUntilRefused(bytes)
    }

    /// What has come, at most `limit` bytes; empty when nothing comes any more.
    func read(atMost limit: Int = 65_536) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: limit) { buffer, count in
            count = max(0, recv(descriptor, buffer.baseAddress, limit, 0))
        }
    }

    /// Whether the server has ended the connection, with nothing more to read; a server that says nothing has not.
    func isAtEnd() -> Bool {
        var byte: UInt8 = 0
        let count = recv(descriptor, &byte, 1, 0)
        // An end is no error, and leaves errno as it was.
        return count == 0 || count < 0 && errno != EAGAIN
    }

    /// Ends this side; replies can still be read.
    func endWriting() { shutdown(descriptor, Int32(SHUT_WR)) }

    private func writeUntilRefused(_ bytes: [UInt8]) -> Int {
        var written = 0
        while written < bytes.count {
            let count = bytes[written...].withUnsafeBytes {
                send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { break }
            written += count
        }
        return written
    }
}
