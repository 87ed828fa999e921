import FlareModel
import FlareStore
import Logging
import NIOCore
import Synchronization

/// One process that runs one version of a Worker.
///
/// Its frames are untrusted: what names an unknown invocation is ignored, what breaks the format kills the process.
/// Whoever starts a runner stops it.
final class Runner: Sendable {
    /// Everything a start needs.
    struct Plan: Sendable {
        var command: ChildSpawner.Command
        /// The `hello` frame: bundle, bindings, vars.
        var hello: RunnerFrame
        var bindings: [String: any Binding]
        var startTimeout: Duration
        var limits: RunnerLimits
        /// Told when the process must be looked at soon.
        var changed: Wake
        /// A debugger is to look at it: nothing is stopped for being slow.
        var isInspected = false
    }

    let worker: String
    let limits: RunnerLimits
    let isInspected: Bool
    /// Told when the process must be looked at soon.
    let changed: Wake
    let bindings: [String: any Binding]
    let streams = RunnerStreams()
    let time: any TimeSource
    let logger: Logger
    let state: Mutex<RunnerState>
    let process: Mutex<RunnerProcess?>
    let logSinks = Mutex<[String: @Sendable (ConsoleLine) -> Void]>([:])
    /// Who answers the calls of an invocation that are not of a binding.
    let callHandlers = Mutex<[String: Invocation.CallHandler]>([:])
    /// Answered with what the bundle exports, or with why it cannot run.
    let readyAnswer = Answer<JSONValue>()
    /// Answered with the address of the inspector; nil until it is asked for.
    let inspectAnswer = Mutex<Answer<String>?>(nil)
    /// Answered when the process has ended and was waited for.
    let endAnswer = Answer<Int32>()

    private init(worker: String, plan: Plan, time: any TimeSource, logger: Logger) {
        self.worker = worker
        limits = plan.limits
        isInspected = plan.isInspected
        bindings = plan.bindings
        changed = plan.changed
        self.time = time
        self.logger = logger
        state = Mutex(RunnerState(now: .now, limits: plan.limits))
        process = Mutex(nil)
    }

    /// Starts the process and waits until its bundle is imported.
    ///
    /// Throws `buildFailed` with the JavaScript error when the import fails, and leaves no process behind.
    static func start(
        worker: String,
        plan: Plan,
        spawner: ChildSpawner,
        register: ProcessRegister,
        group: any EventLoopGroup,
        time: any TimeSource,
        logger: Logger
    ) async throws -> (runner: Runner, exports: JSONValue) {
        let runner = Runner(worker: worker, plan: plan, time: time, logger: logger)
        let process = try await RunnerProcess.start(
            plan.command,
            spawner: spawner,
            register: register,
            group: group,
            callbacks: runner.callbacks
        )
        runner.process.withLock { $0 = process }
        do {
            try process.send(plan.hello)
            return (runner, try await runner.waitUntilReady(timeout: plan.startTimeout))
        } catch {
            await runner.stop()
            throw error
        }
    }

    /// Since when the process has had nothing to do; nil while it has, or when it has ended.
    var idleSince: ContinuousClock.Instant? {
        state.withLock { state in
            guard case .ready = state.phase, !state.isBusy else { return nil }
            return state.idleSince
        }
    }

    /// Whether it takes nothing new but still finishes something.
    var isLeaving: Bool {
        state.withLock { state in
            if case .draining = state.phase { true } else { false }
        }
    }

    /// Whether another process should share its work.
    var isHot: Bool { state.withLock { $0.isHot(at: .now) } }

    /// Whether any invocation has ended well in it.
    var hasServed: Bool { state.withLock { $0.hasServed } }

    /// Why it takes nothing; nil while it does.
    var refusal: FlareError? { state.withLock { $0.refusal } }

    /// Invocations that it runs or is about to.
    var load: Int { state.withLock { $0.load } }

    /// Counts an invocation towards the load already; `invoke` must follow.
    func expectInvocation() {
        state.withLock { $0.expect() }
    }

    /// How long it lived, once it has ended by itself or was killed.
    var lifetime: (isOver: Bool, length: Duration, endedAt: ContinuousClock.Instant) {
        state.withLock { state in
            let end = state.endedAt ?? .now
            return (state.endedAt != nil, state.startedAt.duration(to: end), end)
        }
    }

    /// Takes nothing new; ends by itself when its invocations are done.
    func drain() {
        let isIdle = state.withLock { state in
            state.drain()
            return !state.isBusy
        }
        if isIdle { finish() }
    }

    /// Kills the process and waits until it is gone.
    func stop() async {
        close(FlareError(.engineUnavailable, "the Worker's process was stopped"))
        _ = await endAnswer.value
    }

    /// Waits until the process has ended.
    func waitUntilEnded() async {
        _ = await endAnswer.value
    }

    /// Runs one invocation to its end.
    ///
    /// See `WorkerService.invoke`.
    func invoke(_ invocation: Invocation) async throws -> InvocationResult {
        let (events, continuation) = AsyncStream<RunnerEvent>.makeStream()
        let id = try state.withLock { state in Result { try state.begin(continuation) } }.get()
        logSinks.withLock { $0[id] = invocation.onLog }
        callHandlers.withLock { $0[id] = invocation.onCall }
        defer { forget(id) }
        if let call = invocation.call { openStreams(of: call, id: id) }
        try process.withLock { $0 }?.send(invocation.frame(id: id))
        return try await withThrowingTaskGroup(of: Void.self) { group in
            defer { group.cancelAll() }
            if let deadline = invocation.deadline ?? invocation.kind.deadline, !isInspected {
                let end = time.now() + deadline
                group.addTask { [self] in
                    await time.sleep(until: end)
                    // One that has answered may go on for as long as somebody reads.
                    if !Task.isCancelled, invocation.call?.hasAnswer != true { expire(id, after: deadline) }
                }
            }
            if let body = invocation.call?.request, let window = streams["i\(id)"]?.window {
                group.addTask { [self] in await pump(body, as: "i\(id)", window: window) }
            }
            for await event in events {
                switch event {
                case .call(let frame):
                    group.addTask { [self] in await answer(frame, id: id, depth: invocation.depth + 1) }
                case .result(let frame):
                    state.withLock { $0.served() }
                    return try Self.result(of: frame)
                case .lost(let reason): throw reason
                }
            }
            send(RunnerFrame("abort", ["id": .string(id)]))
            throw CancellationError()
        }
    }

    private func forget(_ id: String) {
        logSinks.withLock { $0[id] = nil }
        callHandlers.withLock { $0[id] = nil }
        streams.closeAll(of: id)
        let isOver = state.withLock { state in
            state.end(id, now: .now)
            if case .draining = state.phase { return !state.isBusy }
            return false
        }
        if isOver { finish() }
    }

    private static func result(of frame: RunnerFrame) throws -> InvocationResult {
        guard frame.header["ok"]?.boolValue == true else {
            if let failure = PipelineTransformFailure(json: frame.header) { throw failure.flareError }
            throw WorkerResponse.failure(frame.header)
        }
        return InvocationResult(value: frame.header, body: Array(frame.body.readableBytesView))
    }

    private func answer(_ frame: RunnerFrame, id: String, depth: Int) async {
        defer { state.withLock { $0.endCall(of: id) } }
        let name = frame.header["b"]?.stringValue
        if frame.header["m"]?.stringValue == "fetch", let service = name.flatMap({ bindings[$0] }) as? ServiceBinding {
            return await answerFetch(frame, of: service, depth: depth)
        }
        let reply = await reply(to: frame, depth: depth)
        guard !Task.isCancelled, let call = frame.header["id"] else { return }
        send(reply, to: call)
    }

    /// Sends the answer to a call.
    func send(_ reply: RunnerReply, to call: JSONValue) {
        var fields: [String: JSONValue] = ["id": call]
        switch reply {
        case .value(let value, let body):
            fields["v"] = value
            send(RunnerFrame("reply", fields, body: body))
        case .failure(let error):
            fields["error"] = error.json
            send(RunnerFrame("reply", fields))
        }
    }

    private func reply(to frame: RunnerFrame, depth: Int) async -> RunnerReply {
        let method = frame.header["m"]?.stringValue ?? ""
        let arguments = frame.header["args"] ?? .null
        let body = Array(frame.body.readableBytesView)
        guard let name = frame.header["b"]?.stringValue else {
            return .failure(JavaScriptError(message: "\(method.prefix(64)) is not available here"))
        }
        guard let binding = bindings[name] else {
            return .failure(JavaScriptError(message: "env.\(name.prefix(64)) is not a binding of this Worker"))
        }
        do {
            if let service = binding as? ServiceBinding {
                let reply = try await service.callMethod(arguments, body: body, depth: depth)
                return .value(reply.value, body: reply.body)
            }
            let reply = try await binding.call(method, arguments: arguments, body: body)
            return .value(reply.value, body: reply.body)
        } catch {
            return .failure(JavaScriptError(error))
        }
    }
}

extension Invocation {
    fileprivate func frame(id: String) -> RunnerFrame {
        var fields = wholeHeader()
        fields["id"] = .string(id)
        fields["kind"] = .string(kind.rawValue)
        fields["tags"] = .object(tags.mapValues { .string($0) })
        if let className { fields["cls"] = .string(className) }
        return RunnerFrame("invoke", fields, body: body)
    }
}
