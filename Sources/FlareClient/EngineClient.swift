package import FlareModel
import NIOCore
import NIOHTTP1
import NIOPosix

/// Speaks the control API over the engine's Unix socket: one connection a call, or some that are kept for many calls.
package final class EngineClient: Sendable {
    /// The body of a request.
    package enum RequestBody: Sendable {
        case none
        case bytes([UInt8])
        /// Pieces of unknown or known total length, sent as they are pulled; nil ends the body.
        case stream(lengthBytes: Int?, next: @Sendable () async throws -> [UInt8]?)

        /// Whether it is still there after it was sent.
        var canBeSentAgain: Bool {
            switch self {
            case .none, .bytes: true
            case .stream: false
            }
        }
    }

    // One thread copies bytes faster than the disk takes them.
    private static let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)

    /// How long an engine may take no connection before it counts as one that does not answer.
    private static let crowdPatience = Duration.seconds(30)
    private static let crowdPause = Duration.milliseconds(20)

    package let socketPath: String
    /// Nil when each call has a connection of its own.
    private let kept: KeptConnections?

    /// - Parameter keepsConnections: for a command of many calls. A call whose kept connection turns out to be closed
    ///   is made again on a new one, so its calls must bear being made twice.
    package init(socketPath: String, keepsConnections: Bool = false) {
        self.socketPath = socketPath
        kept = keepsConnections ? KeptConnections() : nil
    }

    /// Sends a request and returns the unwrapped `result` of its envelope.
    ///
    /// Throws the envelope's error.
    package func call<Value: Codable & Sendable>(
        _ method: String,
        _ path: String,
        query: [(String, String)] = [],
        body: (any Encodable & Sendable)? = nil,
        as type: Value.Type
    ) async throws -> Value {
        try await callWithInfo(method, path, query: query, body: body, as: type).0
    }

    /// As `call`, with the paging facts of the answer.
    package func callWithInfo<Value: Codable & Sendable>(
        _ method: String,
        _ path: String,
        query: [(String, String)] = [],
        body: (any Encodable & Sendable)? = nil,
        as type: Value.Type
    ) async throws -> (Value, ResultInfo?) {
        let response = try await send(
            method,
            path,
            query: query,
            headers: body == nil ? [] : [("Content-Type", "application/json")],
            body: body.map { .bytes(FlareJSON.encode($0)) } ?? .none
        )
        let bytes = try await response.check().bytes(max: Limits.bodyBytesMax)
        let envelope = try FlareJSON.decode(Envelope<Value>.self, from: bytes)
        if let result = envelope.result { return (result, envelope.resultInfo) }
        // A call that answers nothing has `result: null`, which reads as the empty result.
        if let empty = EmptyResult() as? Value { return (empty, envelope.resultInfo) }
        throw FlareError(.internalError, "the engine answered \(method) \(path) without a result")
    }

    /// Sends a request and returns as soon as the head of its answer is there, whatever its status.
    package func send(
        _ method: String,
        _ path: String,
        query: [(String, String)] = [],
        headers: [(String, String)] = [],
        body: RequestBody = .none
    ) async throws -> EngineResponse {
        for (name, value) in headers where value.utf8.contains(where: { $0 < 0x20 && $0 != 0x09 || $0 == 0x7F }) {
            throw FlareError(.invalidArgument, "the value for \(name) has control characters, which no header can hold")
        }
        try Self.checkNames(in: path)
        let uri = query.isEmpty ? path : path + "?" + Self.encode(query)
        var head = HTTPRequestHead(version: .http1_1, method: HTTPMethod(rawValue: method), uri: uri)
        head.headers = HTTPHeaders([("Host", "flare")] + headers)
        if kept == nil || !body.canBeSentAgain { head.headers.add(name: "Connection", value: "close") }
        if body.canBeSentAgain, let channel = kept?.take() {
            let reader = ResponseReader(kept: kept)
            channel.eventLoop.execute { reader.join(channel) }
            do {
                return try await exchange(head, body, reader, channel)
            } catch {
                // It was closed while nobody used it: the engine has not seen the call, or has gone in its middle.
                try Task.checkCancellation()
            }
        }
        let (reader, channel) = try await connect()
        return try await exchange(head, body, reader, channel)
    }

    private func exchange(
        _ head: HTTPRequestHead,
        _ body: RequestBody,
        _ reader: ResponseReader,
        _ channel: any Channel
    ) async throws -> EngineResponse {
        try await withTaskCancellationHandler {
            do {
                try await write(head, body, to: channel)
            } catch let error as FlareError {
                // What the body is read from has failed, not the engine.
                try? await channel.close()
                throw error
            } catch {
                // The engine may answer and close before it has read the whole body; its answer says why.
                if let response = try? await reader.response() { return response }
                try Task.checkCancellation()
                throw Self.unavailable(error)
            }
            return try await reader.response()
        } onCancel: {
            channel.close(promise: nil)
        }
    }

    /// Waits a while for an engine at which as many connections as may wait are waiting already; nothing tells when it
    /// takes one.
    private func connect() async throws -> (ResponseReader, any Channel) {
        let deadline = ContinuousClock.now + Self.crowdPatience
        while true {
            // One that has failed with its connection reads nothing any more.
            let reader = ResponseReader(kept: kept)
            do {
                return (reader, try await connect(reader))
            } catch let error as IOError where error.errnoCode == EAGAIN {
                guard ContinuousClock.now < deadline else { throw Self.unavailable(error) }
                try await Task.sleep(for: Self.crowdPause)
            } catch {
                throw Self.unavailable(error)
            }
        }
    }

    private func connect(_ reader: ResponseReader) async throws -> any Channel {
        try await ClientBootstrap(group: Self.group)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHTTPClientHandlers()
                    try reader.attach(to: channel)
                }
            }
            .connect(unixDomainSocketPath: socketPath)
            .get()
    }

    private func write(_ head: HTTPRequestHead, _ body: RequestBody, to channel: any Channel) async throws {
        var head = head
        switch body {
        case .none:
            if head.method != .GET && head.method != .HEAD { head.headers.add(name: "Content-Length", value: "0") }
            channel.write(HTTPClientRequestPart.head(head), promise: nil)
        case .bytes(let bytes):
            head.headers.add(name: "Content-Length", value: "\(bytes.count)")
            channel.write(HTTPClientRequestPart.head(head), promise: nil)
            channel.write(HTTPClientRequestPart.body(.byteBuffer(ByteBuffer(bytes: bytes))), promise: nil)
        case .stream(let lengthBytes, let next):
            if let lengthBytes {
                head.headers.add(name: "Content-Length", value: "\(lengthBytes)")
            } else {
                head.headers.add(name: "Transfer-Encoding", value: "chunked")
            }
            channel.write(HTTPClientRequestPart.head(head), promise: nil)
            while let bytes = try await next() {
                try await channel.writeAndFlush(
                    HTTPClientRequestPart.body(.byteBuffer(ByteBuffer(bytes: bytes)))
                )
            }
        }
        try await channel.writeAndFlush(HTTPClientRequestPart.end(nil))
    }

    private static func encode(_ query: [(String, String)]) -> String {
        query.map { PercentCoding.encode($0) + "=" + PercentCoding.encode($1) }.joined(separator: "&")
    }

    /// Refuses an address in which a name is missing, as that of an unset variable of a shell is: it would be that of
    /// another thing, or of none.
    private static func checkNames(in path: String) throws {
        guard path.hasSuffix("/") || path.contains("//") else { return }
        throw FlareError(
            .invalidArgument,
            "a name or an id is empty",
            hint: "is a variable of the shell unset? each name and id of the command has at least one character"
        )
    }

    static func unavailable(_ error: any Error) -> FlareError {
        FlareError(
            .engineUnavailable,
            "the engine does not answer",
            hint: "flare engine status; flare engine logs",
            cause: error
        )
    }
}
