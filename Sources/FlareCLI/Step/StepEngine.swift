import FlareClient
import FlareModel

/// The engine as a running script needs it: started anew when it has gone, and asked again when it cannot answer.
struct StepEngine: Sendable {
    let shell: Shell

    /// As `EngineClient.call`, for calls that may be told twice.
    ///
    /// Says once that it has to wait, and gives up with the last error after `milliseconds`.
    func call<Value: Codable & Sendable>(
        _ method: String,
        _ path: String,
        body: (any Encodable & Sendable)? = nil,
        within milliseconds: Int64 = Limits.shellReconnectMilliseconds,
        as type: Value.Type
    ) async throws -> Value {
        let deadline = ContinuousClock.now + .milliseconds(milliseconds)
        var pause = Duration.milliseconds(50)
        var hasTold = false
        while true {
            do {
                return try await shell.client().call(method, path, body: body, as: type)
            } catch let error as FlareError where Self.passes(error) && deadline > .now {
                if !hasTold, error.code != .engineUnavailable { shell.warn("\(error.message); trying again") }
                hasTold = true
                try await Self.pause(pause)
                pause = min(pause * 2, .seconds(2))
            }
        }
    }

    /// The time until the engine is tried again.
    static func pause(_ length: Duration) async throws {
        try await Task.sleep(for: length)
    }

    /// Whether the trouble may pass by itself.
    private static func passes(_ error: FlareError) -> Bool {
        [.engineUnavailable, .diskFull, .storeFailed, .tooManyRequests].contains(error.code)
    }
}

/// One call of `flare step`: what it asks for, and the questions that follow from the answers.
struct StepCall: Sendable {
    let engine: StepEngine
    let instance: StepInstance
    let body: ShellStepBody

    func begin() async throws -> ShellStepAnswerBody {
        try await engine.call("POST", instance.path + "/steps", body: body, as: ShellStepAnswerBody.self)
    }

    /// Waits for something new, in rounds.
    func wait() async throws -> ShellStepAnswerBody {
        try await engine.call("GET", instance.path + "/steps/\(body.call)/wait", as: ShellStepAnswerBody.self)
    }

    func end(_ end: ShellAttemptEndBody) async throws -> ShellStepAnswerBody {
        try await engine.call(
            "POST",
            instance.path + "/steps/end",
            body: end,
            within: Limits.shellRecordMilliseconds,
            as: ShellStepAnswerBody.self
        )
    }

    /// Begins the step and waits until it can run or its end is known.
    func settle() async throws -> ShellStepAnswerBody {
        while true {
            let answer = try await begin()
            switch answer.decision {
            case .run, .done, .failed: return answer
            case .wait:
                let later = try await wait()
                // A command is asked for again: it may be due, or another call may have ended it.
                if body.kind != .command, later.decision != .wait { return later }
            case .busy:
                try await awaitEnd(of: answer.process)
            }
        }
    }

    private func awaitEnd(of process: ProcessIdentity?) async throws {
        guard let process else { return }
        engine.shell.warn(
            "step \"\(body.name)\": the command of an earlier call still runs (process \(process.pid)); waiting for it"
        )
        while process.isAlive {
            _ = try await JobThread.run { ProcessEnd.wait(pid: process.pid, seconds: 60) }
        }
    }
}
