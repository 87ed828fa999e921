import FlareModel
import FoundationEssentials
import Glibc

/// A Redis server that syncs its log before each answer, with a stream and a consumer group in it.
enum RedisServer {
    static let name = "Redis streams, appendfsync always"

    /// Runs a body with the address of a running server, or with nil when Redis is not installed.
    static func with<Value: Sendable>(_ body: (ServerAddress?) async throws -> Value) async throws -> Value {
        guard let program = ChildProgram("redis-server") else { return try await body(nil) }
        return try await TemporaryDirectory.with { directory in
            let address = ServerAddress(host: "127.0.0.1", port: try ServerAddress.freePort())
            let output = directory + "/output"
            let arguments = [
                "--port", "\(address.port)", "--bind", "127.0.0.1", "--dir", directory, "--save", "", "--appendonly",
                "yes", "--appendfsync", "always", "--no-appendfsync-on-rewrite", "no",
            ]
            let child = try program.start(arguments, output: output)
            let result: Result<Value, any Error>
            do {
                try await waitUntilReady(address, child, output)
                _ = try RedisStreamClient(address, consumer: "first", makesGroup: true)
                result = .success(try await body(address))
            } catch {
                result = .failure(error)
            }
            kill(child, SIGKILL)
            ChildProgram.wait(for: child)
            return try result.get()
        }
    }

    private static func waitUntilReady(_ address: ServerAddress, _ child: pid_t, _ output: String) async throws {
        for _ in 0..<500 {
            if let descriptor = try? address.connect(sending: [], until: { _ in true }) {
                close(descriptor)
                return
            }
            guard !ChildProgram.hasEnded(child) else {
                throw FlareError(.runFailed, "redis-server did not start: \(ChildProgram.text(of: output))")
            }
            poll(nil, 0, 10)
        }
        throw FlareError(.runFailed, "redis-server was not ready within 5 s: \(ChildProgram.text(of: output))")
    }
}

/// A consumer of a Redis stream: XADD in a pipeline, XREADGROUP, then XACK and XDEL, which together remove for good
/// what was leased.
final class RedisStreamClient: QueueClient {
    private let exchange: Exchange
    private let consumer: String
    private let addition: [UInt8]
    private var ids: [String] = []

    init(_ address: ServerAddress, consumer: String, makesGroup: Bool = false) throws {
        exchange = try Exchange(address)
        self.consumer = consumer
        addition = Self.command(["XADD", "stream", "*", "b", QueueLoad.body])
        if makesGroup {
            _ = try ask([Self.command(["XGROUP", "CREATE", "stream", "group", "$", "MKSTREAM"])]) { _ in }
        }
    }

    func send(_ count: Int) throws {
        try ask([[UInt8]](repeating: addition, count: count)) { _ in }
    }

    func lease(_ count: Int) throws -> Int {
        let command = Self.command([
            "XREADGROUP", "GROUP", "group", consumer, "COUNT", "\(count)", "STREAMS", "stream", ">",
        ])
        ids = try ask([command]) { Self.ids(in: $0) }
        return ids.count
    }

    func acknowledge() throws {
        try ask([
            Self.command(["XACK", "stream", "group"] + ids), Self.command(["XDEL", "stream"] + ids),
        ]) { _ in }
    }

    private func ask<Value>(_ commands: [[UInt8]], read: (UnsafeRawBufferPointer) throws -> Value) throws -> Value {
        let request = commands.count == 1 ? commands[0] : Array(commands.joined())
        return try exchange.ask(request, length: { try Self.length(of: commands.count, in: $0) }, read: read)
    }

    private static func command(_ words: [String]) -> [UInt8] {
        Array("*\(words.count)\r\n".utf8) + words.flatMap { Array("$\($0.utf8.count)\r\n\($0)\r\n".utf8) }
    }

    /// Where the answers to so many commands end; nil when they are not all there.
    ///
    /// Source: the Redis serialization protocol, version 2.
    private static func length(of count: Int, in bytes: UnsafeRawBufferPointer) throws -> Int? {
        var position = 0
        var values = count
        while values > 0 {
            guard position < bytes.count, let end = bytes.lineEnd(from: position) else { return nil }
            values -= 1
            switch bytes[position] {
            case UInt8(ascii: "+"), UInt8(ascii: ":"): position = end
            case UInt8(ascii: "$"):
                let isNull = bytes[position + 1] == UInt8(ascii: "-")
                position = isNull ? end : end + bytes.number(at: position + 1).value + 2
            case UInt8(ascii: "*"):
                if bytes[position + 1] != UInt8(ascii: "-") { values += bytes.number(at: position + 1).value }
                position = end
            default: throw FlareError(.runFailed, "Redis answered: \(bytes.excerpt)")
            }
        }
        return position <= bytes.count ? position : nil
    }

    /// The ids of the entries: the bulk strings that begin with a digit and hold a `-`.
    private static func ids(in bytes: UnsafeRawBufferPointer) -> [String] {
        var result: [String] = []
        var position = 0
        while let start = bytes.firstIndex(of: "*2\r\n$", from: position) {
            guard let line = bytes.lineEnd(from: start + 4), let end = bytes.lineEnd(from: line) else { break }
            let id = bytes[line..<(end - 2)]
            if id.first.map({ $0 >= 48 && $0 <= 57 }) == true { result.append(String(decoding: id, as: UTF8.self)) }
            position = end
        }
        return result
    }
}

extension UnsafeRawBufferPointer {
    /// The place behind the next line end.
    fileprivate func lineEnd(from start: Int) -> Int? {
        var place = start
        while place + 1 < count {
            if self[place] == 13, self[place + 1] == 10 { return place + 2 }
            place += 1
        }
        return nil
    }
}
