import FlareModel
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import NIOHTTP1
import Synchronization

/// Where products hang their routes.
///
/// Hides the router framework from them.
struct APIRoutes {
    let router: Router<APIContext>

    typealias Handler = @Sendable (APIRequest) async throws -> APIReply

    func get(_ path: String, _ handler: @escaping Handler) { on(.get, path, handler) }
    func head(_ path: String, _ handler: @escaping Handler) { on(.head, path, handler) }
    func post(_ path: String, _ handler: @escaping Handler) { on(.post, path, handler) }
    func put(_ path: String, _ handler: @escaping Handler) { on(.put, path, handler) }
    func patch(_ path: String, _ handler: @escaping Handler) { on(.patch, path, handler) }
    func delete(_ path: String, _ handler: @escaping Handler) { on(.delete, path, handler) }

    private func on(_ method: HTTPRequest.Method, _ path: String, _ handler: @escaping Handler) {
        let components = path.split(separator: "/")
        let fixed = components.last == "**" ? components.count - 1 : nil
        router.on(RouterPath(path), method: method) { request, context in
            let reply = try await handler(APIRequest(request, context: context, fixedComponents: fixed))
            return reply.response(request)
        }
    }
}

/// What the framework knows of a request on its way: the door it came through.
struct APIContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    let isLocal: Bool
    let channel: any Channel
    let ending = ConnectionEnding()

    init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
        channel = source.channel
        isLocal = source.channel.localAddress?.pathname != nil
    }
}

/// Whether the connection of a request closes after its answer, which a client that would keep it must be told.
final class ConnectionEnding: Sendable {
    private let isNoted = Atomic(false)

    func note() { isNoted.store(true, ordering: .releasing) }

    /// Says it in the head of the answer.
    func tell(_ response: inout Response) {
        if isNoted.load(ordering: .acquiring) { response.headers[.connection] = "close" }
    }
}

/// Turns every thrown error into the v4 envelope, and writes one log line a request.
struct APIErrorMiddleware: RouterMiddleware {
    let logger: Logger

    func handle(
        _ request: Request,
        context: APIContext,
        next: (Request, APIContext) async throws -> Response
    ) async throws -> Response {
        var response: Response
        do {
            response = try await next(request, context)
        } catch let error as NumberedError {
            response = APIReply.failure(error.error, apiCode: error.apiCode).response(request)
        } catch {
            let error = flareError(error, request: request)
            // Nothing that follows on the connection could be understood.
            if error.cause is HTTPParserError { context.ending.note() }
            response = APIReply.failure(error).response(request)
        }
        context.ending.tell(&response)
        logger.debug(
            "answered a control request",
            metadata: [
                "method": "\(request.method.rawValue)", "path": "\(request.uri.path)",
                "status": "\(response.status.code)",
            ]
        )
        return response
    }

    private func flareError(_ error: any Error, request: Request) -> FlareError {
        switch error {
        case let error as FlareError:
            return error
        case is CancellationError:
            return FlareError(.engineUnavailable, "the engine is stopping")
        case let error as HTTPError where error.status == .notFound:
            return FlareError(.routeNotFound, "the API has no \(request.method.rawValue) \(request.uri.path)")
        case let error as HTTPError:
            return FlareError(.invalidArgument, error.body ?? "\(error.status)")
        default:
            logger.error("a control request failed", metadata: ["error": "\(error)", "path": "\(request.uri.path)"])
            return FlareError(.internalError, "the engine failed on this request: \(error)", hint: "flare engine logs")
        }
    }
}

/// An error under another number than its code's, where an official client knows what the number means in one place.
struct NumberedError: Error {
    let error: FlareError
    let apiCode: Int

    /// Runs a verb, and numbers what it says of an argument.
    static func numbering<Value: Sendable>(
        _ apiCode: Int,
        _ verb: () async throws -> Value
    ) async throws -> Value {
        do {
            return try await verb()
        } catch let error as FlareError where error.code == .invalidArgument {
            throw NumberedError(error: error, apiCode: apiCode)
        }
    }
}

/// Lets requests over TCP in only with a token; those over the Unix socket are the owner's.
struct APITokenMiddleware: RouterMiddleware {
    let tokens: TokenService

    func handle(
        _ request: Request,
        context: APIContext,
        next: (Request, APIContext) async throws -> Response
    ) async throws -> Response {
        if !context.isLocal {
            guard let token = Self.token(of: request), try await tokens.accepts(token) else {
                throw FlareError(
                    .unauthorized,
                    "the request has no valid API token",
                    hint: "make one with: flare engine tokens create NAME, and send it as \"Authorization: Bearer …\""
                )
            }
        }
        return try await next(request, context)
    }

    /// The token of the request: as a bearer's, or in the place of the API key that older clients send with an e-mail
    /// address.
    private static func token(of request: Request) -> String? {
        if let header = request.headers[.authorization] {
            return header.lowercased().hasPrefix("bearer ") ? String(header.dropFirst(7)) : nil
        }
        return apiKey.flatMap { request.headers[$0] }
    }

    private static let apiKey = HTTPField.Name("X-Auth-Key")
}
