import FlareClient
import FlareModel
import FoundationEssentials
import Glibc
import NIOCore

/// A bucket of the benchmark's engine, written and read over S3 by presigned URLs.
struct BenchBucket: Sendable {
    let name: String
    let engine: BenchEngine

    static func create(_ name: String, on engine: BenchEngine) async throws -> BenchBucket {
        let body = JSONValue.object(["name": .string(name)])
        _ = try await engine.client.call(
            "POST",
            "/client/v4/accounts/local/r2/buckets",
            body: body,
            as: BucketBody.self
        )
        return BenchBucket(name: name, engine: engine)
    }

    /// Where S3 listens, and the path and query of a presigned URL.
    func presign(_ method: String, _ key: String) async throws -> (address: ServerAddress, target: String) {
        let body = JSONValue.object([
            "method": .string(method), "key": .string(key), "expires_in_seconds": .integer(86_400),
        ])
        let path = "/flare/v1/buckets/\(name)/presign"
        let answer = try await engine.client.call("POST", path, body: body, as: JSONValue.self)
        guard let url = answer["url"]?.stringValue, url.hasPrefix("http://"),
            case let parts = url.dropFirst(7).split(separator: "/", maxSplits: 1), parts.count == 2
        else {
            throw FlareError(.runFailed, "the engine answered no presigned URL: \(answer)")
        }
        return (try ServerAddress(parts[0]), "/" + parts[1])
    }

    /// Requests of one method for `count` keys of one length.
    func requests(_ method: String, count: Int, bodyBytes: Int) async throws -> (ServerAddress, PreparedMessages) {
        var messages: [[UInt8]] = []
        var server: ServerAddress?
        let body = [UInt8](repeating: 0x61, count: bodyBytes)
        for index in 0..<count {
            let (address, target) = try await presign(method, "small/\(10_000_000 + index)")
            server = address
            let head = """
                \(method) \(target) HTTP/1.1\r\nhost: \(address.host):\(address.port)\r\n\
                content-length: \(body.count)\r\n\r\n
                """
            messages.append(Array(head.utf8) + body)
        }
        guard let server else { throw FlareError(.invalidArgument, "no keys") }
        return (server, PreparedMessages(messages))
    }

    /// Adds empty objects over REST v4, those numbered `range`.
    func fill(_ range: Range<Int>) async throws {
        let address = ServerAddress(host: "127.0.0.1", port: engine.info.controlPort)
        let token = try await engine.token("fill-\(range.lowerBound)")
        let path = "/client/v4/accounts/local/r2/buckets/\(name)/objects/entry"
        for start in stride(from: range.lowerBound, to: range.upperBound, by: Self.fillMax) {
            let end = min(start + Self.fillMax, range.upperBound)
            let messages = (start..<end).map { index in
                Array(
                    """
                    PUT \(path)/\(10_000_000 + index) HTTP/1.1\r\nhost: \(address.host):\(address.port)\r\n\
                    authorization: Bearer \(token)\r\ncontent-length: 0\r\n\r\n
                    """.utf8
                )
            }
            var load = Load(address: address, clients: 64, extent: .messages(messages.count))
            load.sharesMessages = true
            _ = try await load.run(PreparedMessages(messages), HTTPAnswers(records: 1))
        }
    }

    private static let fillMax = 50_000

    /// How long a page of the listing takes, in milliseconds, the middle of many, and one with common prefixes.
    func probe(_ count: Int) async throws -> JSONValue {
        let path = "/client/v4/accounts/local/r2/buckets/\(name)/objects"
        let middle = "entry/\(10_000_000 + count / 2)"
        let calls: [(String, [(String, String)])] = [
            ("page_ms", [("per_page", "100"), ("start_after", middle)]),
            ("prefixes_ms", [("per_page", "100"), ("delimiter", "/")]),
        ]
        var result: [String: JSONValue] = [:]
        for (name, query) in calls {
            var times = LatencyHistogram()
            for _ in 0..<50 {
                let begun = NIODeadline.now()
                _ = try await engine.client.call("GET", path, query: query, as: JSONValue.self)
                times.record(nanoseconds: UInt64((NIODeadline.now() - begun).nanoseconds))
            }
            result[name] = .rounded(times.milliseconds(at: 0.5), digits: 3)
        }
        return .object(result)
    }
}

/// Files as the disk has them, not as the system remembers them.
enum FileCache {
    /// Lets the system forget what it holds of all files under a path.
    static func drop(_ path: String) {
        sync()
        dropAll(path)
    }

    private static func dropAll(_ path: String) {
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: path) else { return dropFile(path) }
        for name in names { dropAll(path + "/" + name) }
    }

    private static func dropFile(_ path: String) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        posix_fadvise(descriptor, 0, 0, Int32(POSIX_FADV_DONTNEED))
        close(descriptor)
    }
}
