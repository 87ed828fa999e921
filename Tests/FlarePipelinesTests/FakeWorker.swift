import FlareModel
import FlareWorkers
import Synchronization

@testable import FlarePipelines

/// Takes the place of the room of Workers: answers invocations as a test says, and remembers them.
final class FakeWorker: Sendable {
    typealias Handler = @Sendable (_ lines: [String], _ call: Invocation) async throws -> InvocationResult

    private struct State {
        var handler: Handler
        var calls: [[String]] = []
    }

    private let state: Mutex<State>

    /// - Parameter handler: hands back what it got unless a test says otherwise.
    init(_ handler: @escaping Handler = { lines, _ in FakeWorker.result([FakeOutput(lines)]) }) {
        state = Mutex(State(handler: handler))
    }

    /// The lines of each invocation so far.
    var calls: [[String]] { state.withLock { $0.calls } }

    func answer(_ handler: @escaping Handler) {
        state.withLock { $0.handler = handler }
    }

    var hooks: PipelineHooks {
        PipelineHooks(
            invoke: { call in
                let lines = String(decoding: call.body, as: UTF8.self).split(separator: "\n").map(String.init)
                let handler = self.state.withLock { state in
                    state.calls.append(lines)
                    return state.handler
                }
                return try await handler(lines, call)
            },
            checkTransform: { _, _ in }
        )
    }

    /// What a process sends back.
    static func result(_ outputs: [FakeOutput], labels: [JSONValue] = []) -> InvocationResult {
        var body: [UInt8] = []
        var entries: [JSONValue] = []
        for output in outputs {
            let bytes = Array(output.lines.map { $0 + "\n" }.joined().utf8)
            body += bytes
            entries.append(
                .object([
                    "sink": output.sink, "records": .integer(Int64(output.lines.count)),
                    "bytes": .integer(Int64(bytes.count)),
                ])
            )
        }
        return InvocationResult(value: .object(["outputs": .array(entries), "labels": .array(labels)]), body: body)
    }

    /// What `invoke` throws when a transform threw.
    static func failure(_ message: String, label: String? = nil, isTooLarge: Bool = false) -> FlareError {
        let error = JavaScriptError(name: "TypeError", message: message)
        let failure = PipelineTransformFailure(label: label, error: error, isTooLarge: isTooLarge)
        return FlareError(.runFailed, message, cause: failure)
    }
}

/// One chain's output.
struct FakeOutput: Sendable {
    let lines: [String]
    let sink: JSONValue

    init(_ lines: [String], sink: JSONValue = .null) {
        self.lines = lines
        self.sink = sink
    }
}

/// Holds those who come until it is opened.
final class Gate: Sendable {
    private struct State {
        var isOpen = false
        var arrived = 0
        var waiting: [Int: CheckedContinuation<Void, Never>] = [:]
    }

    private let state = Mutex(State())

    /// How many have come.
    var arrived: Int { state.withLock { $0.arrived } }

    func open() {
        let waiting = state.withLock { state in
            state.isOpen = true
            defer { state.waiting = [:] }
            return state.waiting.values.map { $0 }
        }
        for waiting in waiting { waiting.resume() }
    }

    /// Returns when it is open; throws when the task is cancelled.
    func pass() async throws {
        let id = state.withLock { state in
            state.arrived += 1
            return state.arrived
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let passes = state.withLock { state in
                    if state.isOpen || Task.isCancelled { return true }
                    state.waiting[id] = continuation
                    return false
                }
                if passes { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.waiting.removeValue(forKey: id) }?.resume()
        }
        try Task.checkCancellation()
    }
}
