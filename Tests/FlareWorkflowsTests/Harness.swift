import FlareModel
import FlareStore
import FlareWorkers
import FlareWorkflows
import Foundation
import Logging
import Synchronization
import Testing

/// A workflow service on a temporary database, with user code written in Swift in the place of a Node.js process.
final class Harness: Sendable {
    typealias Code = @Sendable (FakeStep) async throws -> String

    let time: ManualTime
    let database: Database
    private let directory: String
    /// Versions of the Worker that were invoked, in order.
    let invocations = Mutex<[String?]>([])
    /// Leases that were acknowledged.
    let acknowledged = Mutex<[String]>([])
    /// How often the service has complained of the store.
    let complaints = Counter()

    convenience init(start: Timestamp = Timestamp(milliseconds: 1_700_000_000_000)) throws {
        try self.init(start: start, directory: try Self.newDirectory())
    }

    /// On the database of a directory that is there already, and is deleted with the harness.
    init(start: Timestamp, directory: String) throws {
        time = ManualTime(start: start)
        self.directory = directory
        database = try Database.open(path: directory + "/flare.db", migrations: WorkflowMigrations.all)
    }

    static func newDirectory() throws -> String {
        let directory = NSTemporaryDirectory() + "flare-workflows-" + Identifier.hexadecimal()
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        return directory
    }

    /// Clean-up of a temporary directory: nothing depends on it.
    deinit { try? FileManager.default.removeItem(atPath: directory) }

    /// A service whose workflows run `code`; an error of a step that it does not catch is what user code threw.
    func service(_ code: @escaping Code) -> WorkflowService {
        service(invoke: { invocation in
            do {
                let output = try await code(FakeStep(invocation))
                try Task.checkCancellation()
                return InvocationResult(value: .object([:]), body: Array(output.utf8))
            } catch let error as JavaScriptError {
                throw error.flareError
            }
        })
    }

    /// `starts` returns when there is a process that takes the code.
    func service(
        invoke: @escaping @Sendable (Invocation) async throws -> InvocationResult,
        starts: @escaping @Sendable () async -> Void = {},
        acknowledge: (@Sendable ([String]) throws -> Void)? = nil,
        removeConsumers: @escaping @Sendable (String) throws -> Void = { _ in },
        keepsVersion: @escaping @Sendable (String) -> Bool = { _ in true }
    ) -> WorkflowService {
        let hooks = WorkflowHooks(
            invoke: { invocation in
                self.invocations.withLock { $0.append(invocation.version) }
                await starts()
                try Task.checkCancellation()
                var taken = invocation
                taken.header = .object(invocation.wholeHeader())
                return try await invoke(taken)
            },
            acknowledge: { leases, _ in
                try acknowledge?(leases)
                self.acknowledged.withLock { $0 += leases }
            },
            removeConsumers: { workflow, _ in try removeConsumers(workflow) },
            keepsVersion: { _, version, _ in keepsVersion(version) }
        )
        let logger = Logger(label: "test") { _ in ComplaintCounter(count: self.complaints) }
        return WorkflowService(database: database, hooks: hooks, time: time, logger: logger)
    }

    /// Defines the workflow "flow", begins an instance "one" with parameters, and runs the engine's loop meanwhile.
    func run(
        _ service: WorkflowService,
        params: String? = nil,
        _ body: (WorkflowService) async throws -> Void
    ) async throws {
        try await define(service)
        let new = NewInstance(id: "one", params: params.map { Array($0.utf8) } ?? [], trigger: .api)
        _ = try await service.create(new, of: "flow")
        try await loop(service, body)
    }

    func define(
        _ service: WorkflowService,
        version: String = "v1",
        settings: WorkflowSettings = WorkflowSettings()
    ) async throws {
        try await database.write { transaction in
            try service.define(
                "flow",
                worker: "worker",
                workerVersion: version,
                className: "Flow",
                settings: settings,
                in: transaction
            )
        }
    }

    /// Runs the loop while `body` runs, and ends it as a stop of the engine does.
    func loop(_ service: WorkflowService, _ body: (WorkflowService) async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await service.service.run() }
            try await body(service)
            group.cancelAll()
            try await group.waitForAll()
        }
    }

    /// Waits, in real time, until the instance fits; moves the engine's clock by `step` at each look.
    ///
    /// By a little only while its code runs: on a busy machine many looks fit into one attempt, which would run out of
    /// time.
    @discardableResult
    func until(
        _ service: WorkflowService,
        _ id: String = "one",
        advance step: Duration = .zero,
        _ fits: (InstanceDetailBody) -> Bool
    ) async throws -> InstanceDetailBody {
        let limit = ContinuousClock.now + .seconds(60)
        while true {
            let instance = try await service.detail(id, of: "flow")
            if fits(instance) { return instance }
            guard ContinuousClock.now < limit else { throw Overdue(instance: instance) }
            if step > .zero {
                // What is on its way to the database gets there first: the clock must not run ahead of the engine.
                try await database.write { _ in }
                time.advance(by: instance.status == .waiting ? step : min(step, .milliseconds(100)))
            }
            await Task.yield()
        }
    }

    /// The types of the lines in the log of an instance.
    func lines(_ service: WorkflowService, _ id: String = "one") async throws -> [String] {
        let types = Mutex<[String]>([])
        try await service.logs(of: id, "flow", after: 0, follows: false) { lines in
            types.withLock { $0 += lines.map(\.type) }
        }
        return types.withLock { $0 }
    }

    struct Overdue: Error {
        let instance: InstanceDetailBody
    }
}

/// Counts across tasks.
final class Counter: Sendable {
    private let value = Mutex(0)

    func add() { value.withLock { $0 += 1 } }
    var count: Int { value.withLock { $0 } }
}

/// Counts the errors that the service tells its log, and keeps nothing of them.
private struct ComplaintCounter: LogHandler {
    let count: Counter
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.error

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        if event.level >= .error { count.add() }
    }
}

/// The step functions as user code sees them, over the calls that a Node.js process would make.
final class FakeStep: Sendable {
    let invocation: Invocation
    private let journal: [String: JSONValue]
    private let values: [String: String]
    private let counts = Mutex<[String: Int]>([:])

    init(_ invocation: Invocation) throws {
        self.invocation = invocation
        let payload = invocation.header["payloadBytes"]?.integerValue ?? 0
        let length = invocation.header["journalBytes"]?.integerValue ?? 0
        let text = invocation.body.dropFirst(payload).prefix(length)
        let entries = try text.isEmpty ? [] : JSONValue(json: text).arrayValue ?? []
        var rest = invocation.body.dropFirst(payload + length)
        var journal: [String: JSONValue] = [:]
        var values: [String: String] = [:]
        for entry in entries {
            let parts = [entry["k"], entry["name"]].compactMap { $0?.stringValue }
            let key = parts.joined(separator: ":") + ":\(entry["n"]?.integerValue ?? 0)"
            let count = entry["bytes"]?.integerValue ?? 0
            values[key] = String(decoding: rest.prefix(count), as: UTF8.self)
            journal[key] = entry
            rest = rest.dropFirst(count)
        }
        self.journal = journal
        self.values = values
        if invocation.header["permits"] == .bool(true) { pass() }
    }

    /// The parameters as text.
    var payload: String {
        let count = invocation.header["payloadBytes"]?.integerValue ?? 0
        return String(decoding: invocation.body.prefix(count), as: UTF8.self)
    }

    func run(
        _ name: String,
        config: JSONValue = .object([:]),
        _ body: @Sendable (_ attempt: Int) async throws -> String
    ) async throws -> String {
        let (key, step) = next("do", name)
        if let known = try replayed(key) { return known }
        var reply = try await call("step.begin", step.merging(["config": config]) { $1 })
        while true {
            guard case .value(let state, let value) = reply else { throw FakeStep.error(reply) }
            switch state["state"]?.stringValue {
            case "run":
                let attempt = state["attempt"]?.integerValue ?? 0
                var end = step.merging(["attempt": .integer(Int64(attempt))]) { $1 }
                do {
                    let result = try await body(attempt)
                    end["ok"] = .bool(true)
                    let answer = try await call("step.end", end, body: Array(result.utf8))
                    guard case .value = answer else { throw FakeStep.error(answer) }
                    return result
                } catch let error as JavaScriptError {
                    end["ok"] = .bool(false)
                    end["error"] = error.json
                    reply = try await call("step.end", end)
                }
            case "failed": throw JavaScriptError(json: state["error"] ?? .null)
            default: return String(decoding: value, as: UTF8.self)
            }
        }
    }

    func sleep(_ name: String, milliseconds: Int64) async throws {
        let (key, step) = next("sleep", name)
        if try replayed(key) != nil { return }
        let reply = try await call("step.sleep", step.merging(["ms": .integer(milliseconds)]) { $1 })
        guard case .value = reply else { throw FakeStep.error(reply) }
    }

    func wait(_ name: String, type: String, milliseconds: Int64) async throws -> String {
        let (key, step) = next("wait", name)
        if let known = try replayed(key) { return known }
        let arguments = step.merging(["type": .string(type), "timeoutMs": .integer(milliseconds)]) { $1 }
        let reply = try await call("step.wait", arguments)
        guard case .value(let state, let value) = reply else { throw FakeStep.error(reply) }
        if state["state"]?.stringValue == "failed" { throw JavaScriptError(json: state["error"] ?? .null) }
        return String(decoding: value, as: UTF8.self)
    }

    /// Whether the run is to be undone: the code offers its handlers and does nothing else.
    var isUndoing: Bool { invocation.header["rollback"] != nil }

    /// Undoes what the engine asks for, with one handler for all steps.
    func undo(
        config: JSONValue = .object([:]),
        _ handler: @Sendable (_ label: String, _ attempt: Int) async throws -> Void
    ) async throws -> String {
        for step in invocation.header["rollback"]?["steps"]?.arrayValue ?? [] {
            let name = step["name"]?.stringValue ?? ""
            let n = step["n"]?.integerValue ?? 0
            let identity: [String: JSONValue] = [
                "kind": .string("rollback"), "name": .string(name), "n": .integer(Int64(n)),
            ]
            var reply = try await call("step.begin", identity.merging(["config": config]) { $1 })
            while case .value(let state, _) = reply, state["state"] == .string("run") {
                let attempt = state["attempt"]?.integerValue ?? 0
                var end = identity.merging(["attempt": .integer(Int64(attempt)), "ok": .bool(true)]) { $1 }
                do {
                    try await handler("\(name)-\(n)", attempt)
                } catch let error as JavaScriptError {
                    end["ok"] = .bool(false)
                    end["error"] = error.json
                }
                reply = try await call("step.end", end)
            }
            guard case .value(let state, _) = reply else { throw FakeStep.error(reply) }
            if state["state"] == .string("failed") { break }
        }
        return ""
    }

    /// A call as the process would make it.
    func raw(_ method: String, _ arguments: [String: JSONValue], body: [UInt8] = []) async throws -> RunnerReply {
        try await call(method, arguments, body: body)
    }

    private func next(_ kind: String, _ name: String) -> (String, [String: JSONValue]) {
        let count = counts.withLock { counts in
            counts["\(kind):\(name)", default: 0] += 1
            return counts["\(kind):\(name)"] ?? 1
        }
        return ("\(kind):\(name):\(count)", ["name": .string(name), "n": .integer(Int64(count))])
    }

    private func replayed(_ key: String) throws -> String? {
        guard let entry = journal[key] else { return nil }
        if let error = entry["error"] { throw JavaScriptError(json: error) }
        return values[key]
    }

    private func call(
        _ method: String,
        _ arguments: [String: JSONValue],
        body: [UInt8] = []
    ) async throws -> RunnerReply {
        guard let onCall = invocation.onCall else { throw CancellationError() }
        let call = RunnerCall(method: method, arguments: .object(arguments), body: body)
        let reply = try await ask(onCall, call)
        if case .value(let state, _) = reply, state["permits"] == .bool(true) { pass() }
        return reply
    }

    /// Gives a permit back: this code asks for each step.
    private func pass() {
        invocation.onCall?(RunnerCall(method: "step.passed", arguments: .object([:]))) { _ in }
    }

    private static func error(_ reply: RunnerReply) -> any Error {
        if case .failure(let error) = reply { return error }
        return CancellationError()
    }
}

extension JavaScriptError {
    /// As `invoke` throws it when user code threw.
    static func thrown(_ message: String) -> JavaScriptError { JavaScriptError(message: message) }
}

/// The answer to a call; throws `CancellationError` when the code is put aside before there is one.
func ask(_ handler: Invocation.CallHandler, _ call: RunnerCall) async throws -> RunnerReply {
    let (replies, continuation) = AsyncStream<RunnerReply>.makeStream()
    handler(call) { reply in
        continuation.yield(reply)
        continuation.finish()
    }
    for await reply in replies { return reply }
    throw CancellationError()
}
