import FlareModel
import FlareWorkers

/// The plain text that a client gets when a Worker gave no answer of its own.
struct WorkerPage: Sendable {
    var status: Int
    var text: String
    /// For `Retry-After`, when trying again may help.
    var retryAfterSeconds: Int?

    init(_ error: any Error, arrival: WorkerGateway.Arrival) {
        let worker = arrival.target.worker
        switch error {
        case let error as FlareError where error.cause is MissingHandler:
            status = 501
            text = """
                The Worker "\(worker)" does not answer requests: \(error.message)

                Give it one: export default { async fetch(request, env, ctx) { return new Response("Hello"); } }

                """
        case let error as FlareError where error.cause is JavaScriptError && error.code == .runFailed:
            status = 500
            text = "The Worker \"\(worker)\" failed: \(error.message)\n"
            if Self.isLocal(arrival), let stack = (error.cause as? JavaScriptError)?.stack { text += "\n\(stack)\n" }
        case let error as FlareError:
            status = Self.status(of: error.code)
            text = error.message + "\n"
            if let hint = error.hint { text += "\n\(hint)\n" }
        default:
            status = 500
            text = "The Worker \"\(worker)\" could not be called: \(error)\n"
        }
        retryAfterSeconds = status == 503 ? 1 : nil
    }

    /// For a gateway other statuses fit than for an API.
    private static func status(of code: FlareError.Code) -> Int {
        switch code {
        case .workerNotFound: 404
        case .invalidArgument: 400
        case .engineUnavailable, .runFailed: 502
        case .tooManyRequests, .interrupted: 503
        case .deadlineExceeded: 504
        default: 500
        }
    }

    /// Whether the person who runs the engine asks: a stack is for nobody else.
    private static func isLocal(_ arrival: WorkerGateway.Arrival) -> Bool {
        let isForwarded = arrival.headers.contains { ["forwarded", "x-forwarded-for"].contains($0.name.lowercased()) }
        return !isForwarded && (arrival.address.map { $0 == "::1" || $0.hasPrefix("127.") } ?? true)
    }
}
