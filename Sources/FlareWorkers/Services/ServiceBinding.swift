package import FlareModel
import NIOCore

/// `env.NAME` of a service: another Worker, called by `fetch` or by the names of its methods.
///
/// The Worker is looked up at each call, so that its current version answers.
package struct ServiceBinding: Binding {
    let declaration: BindingDeclaration
    /// Only set for a Worker's own exports, which are those of the version that calls.
    var version: String?
    private let workers: @Sendable () -> WorkerService

    /// - Parameter workers: the room of Workers, which may be made after the binding.
    package init(_ declaration: BindingDeclaration, workers: @escaping @Sendable () -> WorkerService) {
        self.declaration = declaration
        self.workers = workers
    }

    package func call(_ method: String, arguments: JSONValue, body: [UInt8]) async throws -> BindingReply {
        try await callMethod(arguments, body: body, depth: 0)
    }

    /// Runs a method of the other Worker, or reads a property: arguments and result travel as tagged JSON.
    ///
    /// Throws the `JavaScriptError` that its code threw.
    func callMethod(_ arguments: JSONValue, body: [UInt8], depth: Int) async throws -> BindingReply {
        try checkDepth(depth)
        var header: [String: JSONValue] = ["method": arguments["method"] ?? .null]
        if arguments["property"] == .bool(true) { header["property"] = .bool(true) }
        if let props = props(arguments) { header["props"] = props }
        var invocation = Invocation(
            worker: declaration.target,
            version: version,
            kind: .rpc,
            className: entrypoint(arguments),
            header: .object(header),
            body: body
        )
        invocation.depth = depth
        do {
            let answer = try await workers().start(invocation).answered()
            return BindingReply(body: Array(answer.body.readableBytesView))
        } catch let error as FlareError {
            throw error.cause as? JavaScriptError ?? error
        }
    }

    /// Begins a call of the other Worker's `fetch` handler.
    func startFetch(_ arguments: JSONValue, body: BodyPipe?, depth: Int) throws -> WorkerCall {
        try checkDepth(depth)
        let headers = (arguments["headers"]?.arrayValue ?? []).compactMap { field -> (name: String, value: String)? in
            guard let pair = field.arrayValue, pair.count == 2, let name = pair[0].stringValue,
                let value = pair[1].stringValue
            else { return nil }
            return (name, value)
        }
        var request = WorkerRequest(
            worker: declaration.target,
            method: arguments["method"]?.stringValue ?? "GET",
            url: arguments["url"]?.stringValue ?? "",
            headers: headers,
            body: body
        )
        request.version = version
        request.entrypoint = entrypoint(arguments)
        request.props = props(arguments)
        request.depth = depth
        return try workers().start(request.invocation, request: body)
    }

    /// Only a Worker's own exports are chosen by the caller.
    private func entrypoint(_ arguments: JSONValue) -> String? {
        version == nil ? declaration.entrypoint : arguments["entrypoint"]?.stringValue
    }

    private func props(_ arguments: JSONValue) -> JSONValue? {
        version == nil ? declaration.props : arguments["props"]
    }

    private func checkDepth(_ depth: Int) throws {
        guard depth > Limits.serviceDepthMax else { return }
        let text =
            "Subrequest depth limit exceeded: a request went through \(Limits.serviceDepthMax) services on its way "
        throw JavaScriptError(message: text + "to \"\(declaration.target)\"; do Workers call each other without end?")
    }
}
