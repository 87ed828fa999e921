import FlareModel
import HTTPTypes
import Hummingbird
import NIOCore
import NIOHTTP1
import ServiceLifecycle

/// One request of the control API, as the routes of a product see it.
struct APIRequest: Sendable {
    private let request: Request
    private let parameters: Parameters
    private let ending: ConnectionEnding
    /// Whether the request came over the Unix socket, whose file mode has already authenticated it.
    let isLocal: Bool
    /// What a final `**` of the route matched, percent-decoded, slashes kept as they were sent.
    let rest: String

    init(_ request: Request, context: APIContext, fixedComponents: Int?) throws {
        self.request = request
        parameters = context.parameters
        ending = context.ending
        isLocal = context.isLocal
        rest = try fixedComponents.map { try Self.rest(of: request.uri.path, after: $0) } ?? ""
    }

    var method: String { request.method.rawValue }

    /// The body as it arrives.
    ///
    /// May be read once.
    var body: APIRequestBody { APIRequestBody(base: request.body) }

    /// A parameter of the route's path, percent-decoded.
    func parameter(_ name: String) throws -> String {
        let raw = try parameters.require(name)
        guard let text = PercentCoding.decode(raw), !text.isEmpty else {
            throw FlareError(.invalidArgument, "\"\(raw)\" in the path is not valid percent-encoded UTF-8")
        }
        return text
    }

    /// The first value of a query parameter, decoded.
    func query(_ name: String) -> String? {
        queries(name).first
    }

    /// All values of a query parameter, decoded.
    func queries(_ name: String) -> [String] {
        (request.uri.query ?? "").split(separator: "&").compactMap { pair in
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard PercentCoding.decode(parts[0], plusIsSpace: true) == name else { return nil }
            return parts.count == 2 ? PercentCoding.decode(parts[1], plusIsSpace: true) : ""
        }
    }

    /// A whole number of the query, or nil when it is missing; throws `invalidArgument` outside `range`.
    func integerQuery(_ name: String, in range: ClosedRange<Int>) throws -> Int? {
        guard let text = query(name) else { return nil }
        // Official clients type most numbers as floating-point ones, and may send `10.0`.
        guard let value = Int(text) ?? Double(text).flatMap({ Int(exactly: $0) }), range.contains(value) else {
            throw FlareError(
                .invalidArgument,
                "the query parameter \"\(name)\" takes a whole number from \(range.lowerBound) to \(range.upperBound)"
            )
        }
        return value
    }

    func header(_ name: String) -> String? {
        HTTPField.Name(name).flatMap { request.headers[$0] }
    }

    /// `page` (from 1, by default 1) and `per_page` (1 to 1000, by default 20).
    func page() throws -> (page: Int, perPage: Int) {
        (
            try integerQuery("page", in: 1...1_000_000_000) ?? 1,
            try integerQuery("per_page", in: 1...1000) ?? 20
        )
    }

    /// The whole body; throws `bodyTooLarge` past `max` bytes.
    func bytes(max: Int = Limits.bodyBytesMax) async throws -> [UInt8] {
        try await Self.bytes(of: request.body, max: max)
    }

    private static func bytes(of body: RequestBody, max: Int) async throws -> [UInt8] {
        var result: [UInt8] = []
        for try await buffer in APIRequestBody(base: body) {
            guard result.count + buffer.readableBytes <= max else {
                throw FlareError(.bodyTooLarge, "the body is larger than \(formatSizeBytes(max))")
            }
            result.append(contentsOf: buffer.readableBytesView)
        }
        return result
    }

    /// The body as JSON, whatever its Content-Type says; an empty body reads as `{}`.
    func json<Value: Decodable>(_ type: Value.Type) async throws -> Value {
        let bytes = try await bytes()
        return try FlareJSON.decode(type, from: bytes.isEmpty ? Array("{}".utf8) : bytes)
    }

    /// Runs a long wait that ends, by cancellation, when the client goes away or the engine stops.
    ///
    /// The body must be unread, since what comes after it tells that the client has gone, and the connection closes
    /// after the answer, which says so.
    func whileConnected<Value: Sendable>(
        _ operation: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        try await withBytesWhileConnected(max: nil) { _ in try await operation() }
    }

    /// Reads the body, at most `max` bytes of it, and then runs a long wait as `whileConnected` does.
    func withBytesWhileConnected<Value: Sendable>(
        max: Int? = Limits.bodyBytesMax,
        _ operation: @escaping @Sendable ([UInt8]) async throws -> Value
    ) async throws -> Value {
        ending.note()
        return try await cancelWhenGracefulShutdown {
            try await request.body.consumeWithCancellationOnInboundClose { body in
                try await operation(max == nil ? [] : Self.bytes(of: body, max: max ?? 0))
            }
        }
    }

    private static func rest(of path: String, after fixed: Int) throws -> String {
        // The first element is empty, before the leading slash.
        let parts = path.split(separator: "/", maxSplits: fixed + 1, omittingEmptySubsequences: false)
        guard parts.count == fixed + 2, let text = PercentCoding.decode(parts[fixed + 1]) else {
            throw FlareError(.invalidArgument, "the path is not valid percent-encoded UTF-8")
        }
        return text
    }
}

/// The body of a request in the pieces in which it arrives.
///
/// Throws `invalidData` when it is cut off or its framing is broken.
struct APIRequestBody: AsyncSequence, Sendable {
    fileprivate let base: RequestBody

    struct AsyncIterator: AsyncIteratorProtocol {
        fileprivate var base: RequestBody.AsyncIterator

        mutating func next() async throws -> ByteBuffer? {
            do {
                return try await base.next()
            } catch let error as HTTPParserError {
                throw FlareError(malformed: error)
            }
        }
    }

    func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(base: base.makeAsyncIterator())
    }
}
