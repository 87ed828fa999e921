package import FlareModel
package import NIOCore

/// A request for the `fetch` handler of a Worker.
package struct WorkerRequest: Sendable {
    package var worker: String
    /// Nil for the current version.
    package var version: String?
    /// An exported class or object; nil for the default export.
    package var entrypoint: String?
    package var method: String
    /// As the code sees it in `request.url`.
    package var url: String
    /// In order; a name may appear more than once.
    package var headers: [(name: String, value: String)]
    /// What the code finds in `ctx.props`.
    package var props: JSONValue?
    /// Through how many Workers the request has come already.
    package var depth = 0
    /// Its body, if it has one.
    package var body: BodyPipe?

    package init(
        worker: String,
        method: String,
        url: String,
        headers: [(name: String, value: String)],
        body: BodyPipe? = nil
    ) {
        self.worker = worker
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
    }

    var invocation: Invocation {
        var header: [String: JSONValue] = [
            "method": .string(method), "url": .string(url), "hasBody": .bool(body != nil),
            "headers": .array(headers.map { .array([.string($0.name), .string($0.value)]) }),
        ]
        if let props { header["props"] = props }
        var invocation = Invocation(
            worker: worker,
            version: version,
            kind: .fetch,
            className: entrypoint,
            header: .object(header)
        )
        invocation.depth = depth
        return invocation
    }
}

/// What a `fetch` handler answered, whose body may still be on its way.
package struct WorkerResponse: Sendable {
    /// The body of a response.
    package enum Body: Sendable {
        case whole(ByteBuffer)
        /// Cancelling the pipe tells the Worker that nobody reads any more.
        case stream(BodyPipe)
    }

    package var status: Int
    package var headers: [(name: String, value: String)]
    package var body: Body

    /// Reads a `head` frame, which is untrusted.
    init(_ answer: WorkerCall.Answered, of call: WorkerCall) throws {
        guard let status = answer.value["status"]?.integerValue, (200...599).contains(status),
            let fields = answer.value["headers"]?.arrayValue
        else { throw Self.malformed() }
        self.status = status
        headers = try fields.map { field in
            guard let pair = field.arrayValue, pair.count == 2, let name = pair[0].stringValue,
                let value = pair[1].stringValue
            else { throw Self.malformed() }
            return (name, value)
        }
        body = answer.isWhole ? .whole(answer.body) : .stream(call.response)
    }

    /// What a frame with an `error` means.
    static func failure(_ header: JSONValue) -> FlareError {
        let error = JavaScriptError(json: header["error"] ?? .null)
        guard error.name == "MissingHandlerError" else { return error.flareError }
        return FlareError(.runFailed, error.message, cause: MissingHandler())
    }

    private static func malformed() -> FlareError {
        FlareError(.runFailed, "the process of a Worker gave an answer of the wrong shape")
    }
}

/// The cause of an error: the Worker does not have the handler that was called.
package struct MissingHandler: Error {}
