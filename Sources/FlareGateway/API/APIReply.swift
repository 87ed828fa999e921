import AsyncAlgorithms
import FlareModel
import HTTPTypes
import Hummingbird
import NIOCore
import ServiceLifecycle

/// What a route answers.
struct APIReply: Sendable {
    let response: @Sendable (Request) -> Response

    /// The v4 envelope around a value.
    static func result<Value: Codable & Sendable>(
        _ value: Value,
        info: ResultInfo? = nil,
        status: Int = 200
    ) -> APIReply {
        json(Envelope(result: value, resultInfo: info), status: status)
    }

    /// The v4 envelope with `result: null`.
    static func empty() -> APIReply {
        json(Envelope<EmptyResult>(result: nil), status: 200)
    }

    /// The v4 envelope of an error, with its HTTP status; `apiCode` takes the place of its number.
    static func failure(_ error: FlareError, apiCode: Int? = nil) -> APIReply {
        var entry = EnvelopeError(error)
        entry.code = apiCode ?? entry.code
        let envelope = Envelope<EmptyResult>(result: nil, errors: [entry])
        // Official clients send a request with one of these answers again, unless told not to.
        let headers = settled.contains(error.code.httpStatus) ? [("x-should-retry", "false")] : []
        return json(envelope, status: error.code.httpStatus, headers: headers)
    }

    /// Statuses that the same request gets again: a conflict stays one, what took too long has been begun, and what is
    /// not implemented will not be.
    private static let settled: Set<Int> = [408, 409, 501]

    /// Any JSON body, without an envelope of ours.
    static func json(_ body: some Encodable & Sendable, status: Int, headers: [(String, String)] = []) -> APIReply {
        raw(status: status, headers: [("Content-Type", "application/json")] + headers, bytes: FlareJSON.encode(body))
    }

    static func raw(status: Int = 200, headers: [(String, String)], bytes: [UInt8]) -> APIReply {
        APIReply { _ in
            Response(
                status: .init(code: status),
                headers: fields(headers),
                body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes))
            )
        }
    }

    /// A body of unknown or, with `lengthBytes`, of known length, written piece by piece.
    ///
    /// With `follows`, the write may wait for things to happen: it is cancelled when the client goes away or the engine
    /// stops, and the connection closes after it.
    static func stream(
        status: Int = 200,
        headers: [(String, String)],
        lengthBytes: Int? = nil,
        follows: Bool = false,
        _ write: @escaping @Sendable (APIStreamWriter) async throws -> Void
    ) -> APIReply {
        APIReply { request in
            let body = ResponseBody(contentLength: lengthBytes) { writer in
                let channel = AsyncChannel<ByteBuffer>()
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask {
                        defer { channel.finish() }
                        let stream = APIStreamWriter(channel: channel)
                        try await follows ? follow(request) { try await write(stream) } : write(stream)
                    }
                    for await buffer in channel { try await writer.write(buffer) }
                    try await group.waitForAll()
                }
                try await writer.finish(nil)
            }
            let ending = follows ? [("Connection", "close")] : []
            return Response(status: .init(code: status), headers: fields(headers + ending), body: body)
        }
    }

    /// Runs a write that waits for events until the client goes away or the engine stops, its two regular ends.
    private static func follow(
        _ request: Request,
        _ write: @escaping @Sendable () async throws -> Void
    ) async throws {
        do {
            try await cancelWhenGracefulShutdown {
                try await request.body.consumeWithCancellationOnInboundClose { _ in try await write() }
            }
        } catch is CancellationError {
            return
        }
    }

    private static func fields(_ headers: [(String, String)]) -> HTTPFields {
        var fields = HTTPFields()
        for (name, value) in headers {
            guard let name = HTTPField.Name(name) else { continue }
            fields.append(HTTPField(name: name, value: value))
        }
        return fields
    }
}

/// Writes a streamed answer.
///
/// Each write waits until the socket has taken the one before.
struct APIStreamWriter: Sendable {
    fileprivate let channel: AsyncChannel<ByteBuffer>

    func write(_ bytes: [UInt8]) async throws {
        try await write(ByteBuffer(bytes: bytes))
    }

    func write(_ buffer: ByteBuffer) async throws {
        await channel.send(buffer)
        try Task.checkCancellation()
    }

    /// Writes values as lines of NDJSON, all at once.
    func lines(_ values: [some Encodable]) async throws {
        var bytes: [UInt8] = []
        for value in values { bytes += FlareJSON.encode(value) + [UInt8(ascii: "\n")] }
        try await write(bytes)
    }

    /// Writes a value as one line of NDJSON.
    func line(_ value: some Encodable) async throws {
        try await write(FlareJSON.encode(value) + [UInt8(ascii: "\n")])
    }
}
