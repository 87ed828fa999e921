import FlareModel
import FlareWorkers
import Logging

/// Takes requests of the world to the `fetch` handlers of Workers.
struct WorkerGateway: Sendable {
    let workers: WorkerService
    let logger: Logger

    /// A request, as the door read it.
    struct Arrival: Sendable {
        var target: WorkerTarget
        var method: String
        var headers: [(name: String, value: String)]
        /// Of the client; nil for one of the Unix socket.
        var address: String?
    }

    /// Belong to one connection, and are not handed on (RFC 9110, 7.6.1).
    private static let connectionHeaders: Set<String> = [
        "connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade", "expect",
    ]

    /// Whether a header is between the two ends, not of one connection.
    static func isHandedOn(_ name: String) -> Bool { !connectionHeaders.contains(name.lowercased()) }

    /// Begins the call of the handler.
    ///
    /// Throws `invalidArgument` for an address that no URL can hold.
    func begin(_ arrival: Arrival, body: BodyPipe?) throws -> WorkerCall {
        let isPlain = arrival.target.url.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\\") }
        guard isPlain else {
            throw FlareError(.invalidArgument, "the address of the request is not a valid URL: \(arrival.target.url)")
        }
        let own = ["cf-connecting-ip", "x-real-ip"]
        var headers = arrival.headers.filter { Self.isHandedOn($0.name) && !own.contains($0.name.lowercased()) }
        let address = arrival.address ?? "127.0.0.1"
        headers += own.map { ($0, address) }
        if !headers.contains(where: { $0.name.lowercased() == "x-forwarded-proto" }) {
            headers.append(("x-forwarded-proto", "http"))
        }
        let request = WorkerRequest(
            worker: arrival.target.worker,
            method: arrival.method,
            url: arrival.target.url,
            headers: headers,
            body: body
        )
        return try workers.begin(request)
    }

    /// The page for a request that its Worker did not answer; unless the client went away, the reason is logged.
    func page(for error: any Error, arrival: Arrival) -> WorkerPage {
        let page = WorkerPage(error, arrival: arrival)
        if page.status >= 500, (error as? FlareError)?.code != .interrupted {
            let thrown = (error as? FlareError)?.cause as? JavaScriptError
            logger.error(
                "a Worker did not answer a request",
                metadata: [
                    "worker": "\(arrival.target.worker)", "method": "\(arrival.method)",
                    "url": "\(arrival.target.url)", "status": "\(page.status)",
                    "error": "\(thrown?.stack ?? (error as? FlareError)?.message ?? "\(error)")",
                ]
            )
        }
        return page
    }
}
