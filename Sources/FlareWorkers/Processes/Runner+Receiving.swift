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
                let broken = FlareError(.engineUnavailable, "the connection to the Worker broke", cause: error)
                close(error as? FlareError ?? broken)
            },
            ended: { [self] in ended($0) }
        )
    }

    private func receive(_ frame: RunnerFrame) {
        state.withLock { $0.heard(now: .now) }
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
            close(FlareError(.engineUnavailable, text, cause: error))
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

    /// Hands over a call that is answered without a task of its own.
    private func receive(_ frame: RunnerFrame, of invocation: String, _ handler: Invocation.CallHandler) {
        let call = RunnerCall(
            method: frame.header["m"]?.stringValue ?? "",
            arguments: frame.header["args"] ?? .null,
            body: Array(frame.body.readableBytesView)
        )
        let number = frame.header["id"]
        handler(call) { [self] reply in
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
        state.withLock { $0.stray(line) }
        logger.info("console", metadata: ["worker": "\(worker)", "level": "\(stream)", "line": "\(line)"])
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

    /// Kills the process; every invocation in it is lost for this reason.
    ///
    /// Later calls change nothing.
    func close(_ reason: FlareError) {
        let lost = state.withLock { $0.close(reason, now: .now) }
        for invocation in lost { invocation.yield(.lost(reason)) }
        readyAnswer.give(.failure(reason))
        process.withLock { $0 }?.kill()
    }

    private func ended(_ status: Int32) {
        let how = status >= 256 ? "was killed by signal \(status - 256)" : "ended with status \(status)"
        let stray = state.withLock { $0.strayLines }
        let hint = stray.isEmpty ? nil : stray.joined(separator: "\n")
        // Its pid may belong to another process from now on.
        process.withLock { $0 = nil }
        close(FlareError(.engineUnavailable, "the process of the Worker \"\(worker)\" \(how)", hint: hint))
        endAnswer.give(.success(status))
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
