package import FlareModel

/// What a running workflow asks of the engine.
///
/// Decoded from untrusted frames.
package enum StepCall: Sendable {
    /// A `step.do` begins its first attempt in this life.
    case begin(StepName, StepConfiguration, parent: StepName?)
    /// An attempt returned this value: tagged JSON, empty for `undefined`.
    case succeeded(StepName, attempt: Int, value: [UInt8])
    /// An attempt threw. `delay` is set when the user computes the back-off by a function.
    case failed(StepName, attempt: Int, JavaScriptError, delay: Duration?)
    case sleep(StepName, SleepLength)
    case wait(StepName, eventType: String, timeout: Duration?)
    /// The value of a journal entry that was too large to be sent along.
    case load(index: Int)

    /// A step's identity within an instance; the kind follows from the call.
    package struct StepName: Sendable, Hashable {
        package var name: String
        /// From 1.
        package var occurrence: Int

        package init(name: String, occurrence: Int) {
            self.name = name
            self.occurrence = occurrence
        }
    }

    /// How long a step sleeps.
    ///
    /// The engine stores the absolute time at first sight.
    package enum SleepLength: Sendable, Hashable {
        case duration(Duration)
        case until(Timestamp)
    }

    /// Throws `invalidData` when the call is not one of a workflow or lacks a field.
    package init(_ call: RunnerCall) throws {
        let fields = StepFields(call)
        switch call.method {
        case "step.begin":
            let parent = try call.arguments["parent"].map { try StepFields(json: $0, method: call.method).step() }
            let configuration = StepConfiguration(json: call.arguments["config"] ?? .null)
            self = .begin(try fields.step(), configuration, parent: parent)
        case "step.end":
            let step = try fields.step()
            let attempt = try fields.integer("attempt")
            if call.arguments["ok"]?.boolValue == true {
                self = .succeeded(step, attempt: attempt, value: call.body)
            } else {
                let error = JavaScriptError(json: call.arguments["error"] ?? .null)
                self = .failed(step, attempt: attempt, error, delay: fields.duration("delayMs"))
            }
        case "step.sleep":
            if let length = fields.duration("ms") {
                self = .sleep(try fields.step(), .duration(length))
            } else {
                let deadline = Timestamp(milliseconds: Int64(try fields.integer("untilMs")))
                self = .sleep(try fields.step(), .until(deadline))
            }
        case "step.wait":
            self = .wait(try fields.step(), eventType: try fields.text("type"), timeout: fields.duration("timeoutMs"))
        case "step.load":
            self = .load(index: try fields.integer("index"))
        default:
            throw FlareError(.invalidData, "a workflow has no call \"\(call.method.prefix(64))\"")
        }
    }
}

/// What the user gave as a step's configuration; nil where nothing was given.
package struct StepConfiguration: Sendable, Hashable {
    package enum Backoff: String, Sendable, Codable {
        case constant, linear, exponential
    }

    /// Retries after the first attempt.
    package var retryLimit: Int?
    package var retryDelay: Duration?
    package var backoff: Backoff?
    /// Of one attempt.
    package var timeout: Duration?

    package init(
        retryLimit: Int? = nil,
        retryDelay: Duration? = nil,
        backoff: Backoff? = nil,
        timeout: Duration? = nil
    ) {
        self.retryLimit = retryLimit
        self.retryDelay = retryDelay
        self.backoff = backoff
        self.timeout = timeout
    }

    init(json: JSONValue) {
        let retries = StepFields(json: json["retries"] ?? .null, method: "config")
        retryLimit = json["retries"]?["limit"]?.integerValue
        retryDelay = retries.duration("delayMs")
        backoff = json["retries"]?["backoff"]?.stringValue.flatMap(Backoff.init)
        timeout = StepFields(json: json, method: "config").duration("timeoutMs")
    }
}

/// The engine's answer to a `StepCall`.
package enum StepReply: Sendable {
    /// Run the callback as this attempt, counted from 1 over all lives.
    case run(attempt: Int, timeout: Duration?)
    /// Tagged JSON. Empty in answer to `succeeded`, whose value the runner has.
    case done([UInt8] = [])
    case failed(JavaScriptError)
    /// The value of `load`.
    case value([UInt8])
    /// The call itself could not be served.
    case refused(any Error)

    package var reply: RunnerReply {
        switch self {
        case .run(let attempt, let timeout):
            var members: [String: JSONValue] = ["state": .string("run"), "attempt": .integer(Int64(attempt))]
            if let timeout { members["timeoutMs"] = .integer(timeout.milliseconds) }
            return .value(.object(members), body: [])
        case .done(let value): return .value(.object(["state": .string("done")]), body: value)
        case .failed(let error): return .value(.object(["state": .string("failed"), "error": error.json]), body: [])
        case .value(let value): return .value(.object([:]), body: value)
        case .refused(let error): return .failure(JavaScriptError(error))
        }
    }
}

/// Reads the fields of a call, none of which can be trusted.
private struct StepFields {
    let json: JSONValue
    let method: String

    init(_ call: RunnerCall) {
        json = call.arguments
        method = call.method
    }

    init(json: JSONValue, method: String) {
        self.json = json
        self.method = method
    }

    func step() throws -> StepCall.StepName {
        StepCall.StepName(name: try text("name"), occurrence: try integer("n"))
    }

    func text(_ key: String) throws -> String {
        guard let text = json[key]?.stringValue else { throw missing(key) }
        return text
    }

    func integer(_ key: String) throws -> Int {
        guard let value = json[key]?.integerValue else { throw missing(key) }
        return value
    }

    /// A count of milliseconds, which may have a fraction; nil when it is missing or out of range.
    func duration(_ key: String) -> Duration? {
        switch json[key] {
        case .integer(let value) where (0...Limits.stepMillisecondsMax).contains(value): .milliseconds(value)
        case .number(let value) where value >= 0 && value <= Double(Limits.stepMillisecondsMax):
            .milliseconds(Int64(value))
        default: nil
        }
    }

    private func missing(_ key: String) -> FlareError {
        FlareError(.invalidData, "\(method) lacks \"\(key)\"")
    }
}
