import FlareModel
import FlareStore
import Logging
import NIOCore
import Synchronization

extension Runner {
    /// Where the process's messages go: all on the event loop of its channel.
    var callbacks: RunnerProcess.Callbacks {
        RunnerProcess.Callbacks(
            frame: { [self] in receive($0) },
            line: { [self] in strayLine($0, $1) },
            malformed: { [self] error in
                // A connection that broke is closed next, and the process's end says why.
                if let error = error as? FlareError { close(error) }
            },
            ended: { [self] in ended($0) }
        )
    }

    private func receive(_ frame: RunnerFrame) {
        state.withLock { $0.heard() }
        switch frame.type {
        case "ready": receiveReady(frame)
        case "call": receiveCall(frame)
        case "result": receiveResult(frame)
        case "log": receiveLog(frame)
        case "head", "chunk", "credit", "cancel": receiveStream(frame)
        case "crash":
            let error = JavaScriptError(json: frame.header["error"] ?? .null)
            let text = "the Worker \"\(worker)\" crashed: \(error.name): \(error.message)"
            let stack = error.stack ?? error.message
            logger.error("a Worker crashed", metadata: ["worker": "\(worker)", "error": "\(stack)"])
            crashed(error, text, invocation: frame.header["inv"]?.stringValue)
        case "inspecting": receiveInspecting(frame)
        default: break
        }
    }

    private func receiveReady(_ frame: RunnerFrame) {
        if let error = frame.header["error"] {
            let error = JavaScriptError(json: error)
            let text = "the Worker \"\(worker)\" does not start: \(error.name): \(error.message)"
            readyAnswer.give(.failure(FlareError(.buildFailed, text, hint: error.stack, cause: error)))
            return
        }
        state.withLock { $0.becomeReady(now: .now) }
        readyAnswer.give(.success(frame.header["exports"] ?? .object([:])))
    }

    private func receiveCall(_ frame: RunnerFrame) {
        guard let invocation = frame.header["inv"]?.stringValue else { return }
        if frame.header["id"] == nil { return receiveNote(frame, of: invocation) }
        let (continuation, isTaken) = state.withLock { state in
            (state.continuation(of: invocation), state.beginCall(of: invocation))
        }
        guard let continuation else { return }
        if isTaken {
            if frame.header["b"] == nil, let handler = callHandlers.withLock({ $0[invocation] }) {
                return receive(frame, of: invocation, handler)
            }
            openStreams(ofCall: frame, invocation: invocation)
            return _ = continuation.yield(.call(frame))
        }
        guard let call = frame.header["id"] else { return }
        let error = JavaScriptError(message: "too many calls wait for their answers (\(Limits.runnerCallsMax))")
        send(RunnerFrame("reply", ["id": call, "error": error.json]))
    }

    /// Hands over what nobody waits for an answer to, however many calls do.
    private func receiveNote(_ frame: RunnerFrame, of invocation: String) {
        let note = RunnerCall(frame)
        guard StepNote.isNote(note), state.withLock({ $0.continuation(of: invocation) }) != nil,
            let handler = callHandlers.withLock({ $0[invocation] })
        else { return }
        handler(note) { _ in }
    }

    /// Hands over a call that is answered without a task of its own.
    private func receive(_ frame: RunnerFrame, of invocation: String, _ handler: Invocation.CallHandler) {
        let number = frame.header["id"]
        handler(RunnerCall(frame)) { [self] reply in
            let isOpen = state.withLock { state in
                state.endCall(of: invocation)
                return state.continuation(of: invocation) != nil
            }
            if isOpen, let number { send(reply, to: number) }
        }
    }

    private func receiveResult(_ frame: RunnerFrame) {
        guard let id = frame.header["id"]?.stringValue else { return }
        state.withLock { $0.continuation(of: id) }?.yield(.result(frame))
    }

    private func receiveLog(_ frame: RunnerFrame) {
        var tags: [String: String] = [:]
        for (key, value) in frame.header["tags"]?.objectValue ?? [:] { tags[key] = value.stringValue }
        guard let dropped = state.withLock({ $0.admitLine(at: .now) }) else { return }
        noteDropped(dropped)
        let line = ConsoleLine(
            level: frame.header["level"]?.stringValue ?? "log",
            message: frame.header["msg"]?.stringValue ?? "",
            time: time.now(),
            tags: tags
        )
        let sink = frame.header["inv"]?.stringValue.flatMap { id in logSinks.withLock { $0[id] } }
        if let sink { return sink(line) }
        logger.info("console", metadata: ["worker": "\(worker)", "level": "\(line.level)", "line": "\(line.message)"])
    }

    private func strayLine(_ stream: String, _ line: String) {
        let dropped = state.withLock { state in
            state.stray(line)
            return state.admitStray(at: .now)
        }
        guard let dropped else { return }
        noteDropped(dropped)
        logger.info("console", metadata: ["worker": "\(worker)", "level": "\(stream)", "line": "\(line)"])
    }

    private func noteDropped(_ lines: Int) {
        guard lines > 0 else { return }
        logger.warning("console lines were left out", metadata: ["worker": "\(worker)", "lines": "\(lines)"])
    }

    private func receiveInspecting(_ frame: RunnerFrame) {
        guard let answer = inspectAnswer.withLock({ $0 }) else { return }
        if let error = frame.header["error"] {
            let message = JavaScriptError(json: error).message
            let text = "the inspector of the Worker \"\(worker)\" was not opened: \(message)"
            return answer.give(.failure(FlareError(.inUse, text, hint: "choose another port, or 0 for a free one")))
        }
        answer.give(.success(frame.header["url"]?.stringValue ?? ""))
    }

    /// Opens the inspector of a process that was started for it.
    ///
    /// Returns the address of its WebSocket. Throws `inUse` when the port is taken.
    func openInspector(port: Int) async throws -> String {
        let answer = Answer<String>()
        inspectAnswer.withLock { $0 = answer }
        if let refusal = state.withLock({ $0.refusal }) { throw refusal }
        send(RunnerFrame("inspect", ["port": .integer(Int64(port))]))
        return try await answer.value.get()
    }

    /// Sends a frame; one that is too large becomes an error for whoever waits for it.
    func send(_ frame: RunnerFrame) {
        do {
            try process.withLock { $0 }?.send(frame)
        } catch {
            // Only an answer can be too large; its caller learns why.
            guard let id = frame.header["id"], frame.type == "reply" else { return }
            send(RunnerFrame("reply", ["id": id, "error": JavaScriptError(error).json]))
        }
    }

    /// Ends an idle process kindly: its socket closes, on which it exits.
    func finish() {
        close(FlareError(.engineUnavailable, "the Worker's process was stopped"))
    }

    private func ended(_ status: Int32) {
        let process = process.withLock { process in
            // Its pid may belong to another process from now on.
            defer { process = nil }
            return process
        }
        endedAlone(status, process)
        endAnswer.give(.success(status))
    }

    /// User code threw where nobody could catch it.
    private func crashed(_ error: JavaScriptError, _ text: String, invocation: String?) {
        let attempt = mark.flatMap { $0.invocation == invocation ? $0.attempt : nil }
        let blamed = invocation.map { ProgressMark(invocation: $0, attempt: attempt) }
        let thrown = JavaScriptError(name: error.name, message: error.message, stack: error.stack)
        let isKnown = blamed.map { blamed in state.withLock { $0.continuation(of: blamed.invocation) != nil } } ?? false
        guard let blamed, isKnown else { return close(FlareError(.engineUnavailable, text, cause: error)) }
        let fault = WorkerFault(error: thrown, attempt: attempt)
        let reason = FlareError(.engineUnavailable, text, cause: fault)
        close(reason, blaming: Blame(invocation: blamed.invocation, error: reason))
    }

    /// What the bundle exports, once it is imported.
    func waitUntilReady(timeout: Duration) async throws -> JSONValue {
        try await withThrowingTaskGroup(of: Void.self) { group in
            defer { group.cancelAll() }
            let end = time.now() + timeout
            group.addTask { [self] in
                await time.sleep(until: end)
                // Also when the start is cancelled, so that nothing waits for ever; a given answer stays.
                let text = "the Worker \"\(worker)\" was not ready within \(timeout.components.seconds) seconds"
                readyAnswer.give(.failure(FlareError(.buildFailed, text)))
            }
            return try await readyAnswer.value.get()
        }
    }
}

extension RunnerCall {
    fileprivate init(_ frame: RunnerFrame) {
        self.init(
            method: frame.header["m"]?.stringValue ?? "",
            arguments: frame.header["args"] ?? .null,
            body: Array(frame.body.readableBytesView)
        )
    }
}
