package import FlareModel

/// What a running workflow asks of the engine.
///
/// Decoded from untrusted frames.
package enum StepCall: Sendable {
    /// A `step.do`, or a rollback handler, begins its first attempt in this life.
    case begin(StepKind, StepName, StepConfiguration, parent: StepName?)
    /// An attempt returned this value: tagged JSON, empty for `undefined`.
    case succeeded(StepKind, StepName, attempt: Int, value: [UInt8])
    /// An attempt returned a stream, all of whose chunks have been sent before.
    case streamed(StepName, attempt: Int, bytes: Int64)
    /// An attempt threw.
    case failed(StepKind, StepName, attempt: Int, JavaScriptError, RetryDelay)
    /// A part of the stream that an attempt returned, numbered from 0.
    case chunk(StepName, attempt: Int, index: Int, bytes: [UInt8])
    case sleep(StepName, SleepLength)
    case wait(StepName, eventType: String, timeout: Duration?)
    /// The value of a journal entry that was too large to be sent along.
    case load(index: Int)
    /// A part of the stream that a finished step returned.
    case read(StepName, index: Int)

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

    /// What is known of the delay before the next attempt.
    package enum RetryDelay: Sendable, Hashable {
        /// The step's configuration tells it.
        case configured
        /// The user's own function has computed it.
        case computed(Duration)
        /// The user's own function has failed, so that there can be no next attempt.
        case unknown(JavaScriptError)
    }

    /// Throws `invalidData` when the call is not one of a workflow or lacks a field.
    package init(_ call: RunnerCall) throws {
        let fields = StepFields(call)
        switch call.method {
        case "step.begin":
            let parent = try call.arguments["parent"].map { try StepFields(json: $0, method: call.method).step() }
            let configuration = StepConfiguration(json: call.arguments["config"] ?? .null)
            self = .begin(fields.kind(), try fields.step(), configuration, parent: parent)
        case "step.end": self = try Self.end(fields, call)
        case "step.chunk":
            let (attempt, index) = (try fields.integer("attempt"), try fields.integer("index"))
            self = .chunk(try fields.step(), attempt: attempt, index: index, bytes: call.body)
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
        case "step.read":
            self = .read(try fields.step(), index: try fields.integer("index"))
        default:
            throw FlareError(.invalidData, "a workflow has no call \"\(call.method.prefix(64))\"")
        }
    }

    private static func end(_ fields: StepFields, _ call: RunnerCall) throws -> StepCall {
        let (kind, step, attempt) = (fields.kind(), try fields.step(), try fields.integer("attempt"))
        if call.arguments["ok"]?.boolValue == true {
            guard let bytes = call.arguments["streamBytes"]?.integerValue else {
                return .succeeded(kind, step, attempt: attempt, value: call.body)
            }
            return .streamed(step, attempt: attempt, bytes: Int64(bytes))
        }
        let error = JavaScriptError(json: call.arguments["error"] ?? .null)
        let delay: RetryDelay =
            if let failure = call.arguments["delayError"] {
                .unknown(JavaScriptError(json: failure))
            } else {
                fields.duration("delayMs").map { .computed($0) } ?? .configured
            }
        return .failed(kind, step, attempt: attempt, error, delay)
    }
}

/// What a running workflow tells the engine of its permit to begin a step without asking.
package enum StepNote: Sendable {
    /// The first attempt of this step begins now.
    case began(StepCall.StepName, StepConfiguration)
    /// The permit goes back unused.
    case passed

    /// Whether the call says that it is a note.
    static func isNote(_ call: RunnerCall) -> Bool { call.method == "step.began" || call.method == "step.passed" }

    /// Nil when the call is no such note.
    package init?(_ call: RunnerCall) throws {
        switch call.method {
        case "step.began":
            let configuration = StepConfiguration(json: call.arguments["config"] ?? .null)
            self = .began(try StepFields(call).step(), configuration)
        case "step.passed": self = .passed
        default: return nil
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
    /// Whether the step's result is kept from status, logs and API.
    package var isSensitive = false
    /// Whether the step knows how to undo what it has done.
    package var hasRollback = false

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
        isSensitive = json["sensitive"]?.boolValue ?? false
        hasRollback = json["rollback"]?.boolValue ?? false
    }
}

/// The engine's answer to a `StepCall`.
package enum StepReply: Sendable {
    /// Run the callback as this attempt, counted from 1 over all lives.
    ///
    /// `config` is set when an earlier life began the step: what it was configured as then counts.
    case run(attempt: Int, timeout: Duration?, config: StepConfig? = nil)
    /// Tagged JSON. Empty in answer to `succeeded`, whose value the runner has.
    ///
    /// With `permits` the code may begin its next step without asking; a `StepNote` tells what it did with that.
    case done([UInt8] = [], permits: Bool = false)
    /// The step returned a stream of so many bytes, which is read by chunks.
    case stream(bytes: Int64)
    case failed(JavaScriptError)
    /// The value of `load`, or a chunk that was asked for by `read`.
    case value([UInt8])
    /// The call itself could not be served.
    case refused(any Error)

    package var reply: RunnerReply {
        switch self {
        case .run(let attempt, let timeout, let config):
            var members: [String: JSONValue] = ["state": .string("run"), "attempt": .integer(Int64(attempt))]
            if let timeout { members["timeoutMs"] = .integer(timeout.milliseconds) }
            if let config { members["config"] = config.json }
            return .value(.object(members), body: [])
        case .done(let value, let permits):
            let permit: [String: JSONValue] = permits ? ["permits": .bool(true)] : [:]
            return .value(.object(permit.merging(["state": .string("done")]) { $1 }), body: value)
        case .stream(let bytes):
            return .value(.object(["state": .string("done"), "streamBytes": .integer(bytes)]), body: [])
        case .failed(let error): return .value(.object(["state": .string("failed"), "error": error.json]), body: [])
        case .value(let value): return .value(.object([:]), body: value)
        case .refused(let error): return .failure(JavaScriptError(error))
        }
    }
}

extension StepConfig {
    /// As the runner reads it.
    var json: JSONValue {
        .object([
            "retries": .object([
                "limit": .integer(Int64(retries.limit)), "delay": .integer(retries.delay),
                "backoff": .string(retries.backoff.rawValue),
            ]),
            "timeout": .integer(timeout),
        ])
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

    /// `rollback` for a handler that undoes a step; everything else is a step.
    func kind() -> StepKind {
        json["kind"]?.stringValue == StepKind.rollback.rawValue ? .rollback : .do
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
