import FlareModel
import FlareStore
import FlareWorkers
import HTTPTypes
import Hummingbird
import NIOCore
import ServiceLifecycle

/// Hands requests for `/workers/NAME/…` and for the host `NAME.localhost` to that Worker, with bodies streamed both
/// ways; lets everything else pass.
struct WorkerRouteMiddleware: RouterMiddleware {
    let gateway: WorkerGateway

    func handle(
        _ request: Request,
        context: APIContext,
        next: (Request, APIContext) async throws -> Response
    ) async throws -> Response {
        guard let target = WorkerTarget(host: request.head.authority, path: request.head.path ?? "/") else {
            return try await next(request, context)
        }
        var headers = request.headers.map { (name: $0.name.rawName, value: $0.value) }
        if let host = request.head.authority { headers.insert(("host", host), at: 0) }
        let arrival = WorkerGateway.Arrival(
            target: target,
            method: request.method.rawValue,
            headers: headers,
            address: context.isLocal ? nil : context.channel.remoteAddress?.ipAddress
        )
        let upload = Upload(request)
        do {
            let call = try gateway.begin(arrival, body: upload?.pipe)
            ClientWatch.watch(context.channel) { call.cancel() }
            let answer = try await Self.endWithEngine(call) { try await call.fetched() }
            return await Self.response(to: request, answer, call: call, upload: upload)
        } catch {
            await upload?.end()
            return Self.response(gateway.page(for: error, arrival: arrival))
        }
    }

    private static func response(
        to request: Request,
        _ answer: WorkerResponse,
        call: WorkerCall,
        upload: Upload?
    ) async -> Response {
        var fields = HTTPFields()
        for (name, value) in answer.headers where WorkerGateway.isHandedOn(name) {
            guard let name = HTTPField.Name(name) else { continue }
            fields.append(HTTPField(name: name, value: value))
        }
        let status = HTTPResponse.Status(code: answer.status)
        switch answer.body {
        case .whole(let bytes):
            await upload?.end()
            // The length of a body that a HEAD request leaves out is the Worker's to say.
            if request.method != .head { fields[.contentLength] = nil }
            return Response(status: status, headers: fields, body: ResponseBody(byteBuffer: bytes))
        case .stream(let pipe):
            let length = fields[.contentLength].flatMap { Int($0) }
            let body = ResponseBody(contentLength: length) { writer in
                do {
                    try await endWithEngine(call) { try await write(pipe, lengthBytes: length, to: &writer) }
                } catch {
                    // The connection closes, which tells the client that this was not all.
                    call.cancel()
                    await upload?.end()
                    throw error
                }
                try await writer.finish(nil)
                await upload?.end()
            }
            return Response(status: status, headers: fields, body: body)
        }
    }

    /// Writes each piece as it comes, so that events are seen when they happen.
    private static func write(
        _ pipe: BodyPipe,
        lengthBytes: Int?,
        to writer: inout any ResponseBodyWriter
    ) async throws {
        var count = 0
        for try await buffer in pipe {
            count += buffer.readableBytes
            if let lengthBytes, count > lengthBytes { break }
            try await writer.write(buffer)
        }
        guard lengthBytes == nil || count == lengthBytes else {
            throw FlareError(.runFailed, "the body of a response is not as long as its Content-Length says")
        }
    }

    private static func response(_ page: WorkerPage) -> Response {
        var fields: HTTPFields = [.contentType: "text/plain; charset=utf-8", .cacheControl: "no-store"]
        if let seconds = page.retryAfterSeconds { fields[.retryAfter] = "\(seconds)" }
        return Response(
            status: .init(code: page.status),
            headers: fields,
            body: ResponseBody(byteBuffer: ByteBuffer(string: page.text))
        )
    }

    /// Runs a part of a call that may last; when the engine stops, it gets a short time to finish.
    private static func endWithEngine<Value: Sendable>(
        _ call: WorkerCall,
        _ operation: () async throws -> Value
    ) async throws -> Value {
        try await withThrowingTaskGroup(of: Void.self) { group in
            defer { group.cancelAll() }
            group.addTask {
                try await gracefulShutdown()
                let time = SystemTime()
                await time.sleep(until: time.now() + .seconds(Limits.doorStopSecondsMax))
                if !Task.isCancelled { call.cancel() }
            }
            return try await operation()
        }
    }
}

/// The body of a request on its way to a Worker.
///
/// Goes on while the response is sent; whoever ends the request waits for `end`, since the connection reads on from
/// where this stopped.
private struct Upload: Sendable {
    let pipe: BodyPipe
    private let task: Task<Void, Never>
    /// Whether it fits into the pipe, so that the Worker may read it even after its answer.
    private let isShort: Bool

    /// Nil when the request has no body.
    init?(_ request: Request) {
        let length = request.headers[.contentLength]
        guard request.headers[.transferEncoding] != nil || (length != nil && length != "0") else { return nil }
        let pipe = BodyPipe()
        let body = request.body
        self.pipe = pipe
        isShort = length.flatMap { Int($0) }.map { $0 <= Limits.streamWindowBytes } ?? false
        task = Task {
            do {
                for try await buffer in body { try await pipe.write(buffer) }
                pipe.finish()
            } catch {
                pipe.fail(FlareError(.interrupted, "the request's body was cut off", cause: error))
            }
        }
    }

    /// Waits until the body is read no more, which is soon: of a long one no more is sent.
    func end() async {
        if !isShort { pipe.cancel() }
        await task.value
    }
}
