package import FlareModel

/// One call of a Worker's code: a handler, a method or a workflow's `run`.
package struct Invocation: Sendable {
    package typealias CallHandler = @Sendable (RunnerCall, @escaping @Sendable (RunnerReply) -> Void) -> Void

    /// What of the Worker is called.
    package enum Kind: String, Sendable {
        case fetch, rpc, queue, scheduled, pipeline, workflow

        /// How long an invocation may take that sets no deadline of its own.
        ///
        /// Nil: for as long as somebody waits for it; its code must only return to the event loop in time.
        var deadline: Duration? {
            switch self {
            case .queue: Limits.queueHandlerTimeout
            case .scheduled: Limits.scheduledHandlerTimeout
            case .fetch, .rpc, .pipeline, .workflow: nil
            }
        }
    }

    package var worker: String
    /// Nil for the version that is current when the invocation starts.
    package var version: String?
    package var kind: Kind
    /// The exported class of a workflow, or the export that transforms a pipeline's batches; `default` for the default
    /// export.
    package var className: String?
    /// The fields of this kind, merged into the frame's header.
    package var header: JSONValue
    /// Fields that join `header` when a process has taken the invocation, and must not be promised before.
    package var lateHeader: (@Sendable () -> [String: JSONValue])?
    package var body: [UInt8]
    /// After this long the invocation fails with `deadlineExceeded`, and its process takes nothing new.
    ///
    /// Nil: the limit of its kind, if that has one.
    package var deadline: Duration?
    /// While all processes of the version have an invocation, one more is started until there are so many.
    ///
    /// Nil: another one is only started under load, up to the Worker's own `concurrency`.
    package var processesMax: Int?
    /// Shown with each console line: `instance`, `queue`.
    package var tags: [String: String]
    /// Through how many Workers a call of a service has come already.
    package var depth = 0
    /// Set for `fetch` and `rpc`, which are answered before they end.
    var call: WorkerCall?
    /// Answers calls that are not of a binding: the steps of a workflow.
    ///
    /// Called on an event loop, in the order of the calls, and must not block; the second argument takes the answer,
    /// then or later. Answers are sent in the order in which they are given, and dropped when the invocation has ended.
    package var onCall: CallHandler?
    /// Receives the console lines of this invocation, in order.
    package var onLog: (@Sendable (ConsoleLine) -> Void)?

    package init(
        worker: String,
        version: String? = nil,
        kind: Kind,
        className: String? = nil,
        header: JSONValue = .object([:]),
        body: [UInt8] = [],
        deadline: Duration? = nil,
        tags: [String: String] = [:],
        onCall: CallHandler? = nil,
        onLog: (@Sendable (ConsoleLine) -> Void)? = nil
    ) {
        self.worker = worker
        self.version = version
        self.kind = kind
        self.className = className
        self.header = header
        self.body = body
        self.deadline = deadline
        self.tags = tags
        self.onCall = onCall
        self.onLog = onLog
    }

    /// All fields of the header; asked for once, by whoever runs the code now.
    package func wholeHeader() -> [String: JSONValue] {
        let known = header.objectValue ?? [:]
        guard let late = lateHeader?() else { return known }
        return known.merging(late) { $1 }
    }
}

/// What an invocation gave back.
package struct InvocationResult: Sendable {
    /// The result's fields of the kind: `per` of a queue, `notes` of a workflow, `status` and `headers` of a fetch.
    package var value: JSONValue
    package var body: [UInt8]

    package init(value: JSONValue, body: [UInt8]) {
        self.value = value
        self.body = body
    }

    /// What a `queue` or `scheduled` handler threw, if it did; its invocation has a result all the same.
    package var failure: JavaScriptError? { value["failure"].map(JavaScriptError.init(json:)) }
}

/// A call that running code makes to the engine and that is not of a binding.
package struct RunnerCall: Sendable {
    /// Such as `step.begin`.
    package var method: String
    package var arguments: JSONValue
    package var body: [UInt8]

    package init(method: String, arguments: JSONValue, body: [UInt8] = []) {
        self.method = method
        self.arguments = arguments
        self.body = body
    }
}

/// The engine's answer to a `RunnerCall`.
package enum RunnerReply: Sendable {
    /// Header fields and raw body.
    case value(JSONValue, body: [UInt8])
    /// The caller's promise rejects with this error.
    case failure(JavaScriptError)
}

/// A line that user code wrote with `console`, or raw to its standard output or error.
package struct ConsoleLine: Sendable, Hashable {
    /// `debug`, `info`, `log`, `warn`, `error`, or `stdout` and `stderr` for raw writes.
    package var level: String
    package var message: String
    package var time: Timestamp
    /// The tags of the invocation, and `step` and `attempt` inside a step.
    package var tags: [String: String]

    package init(level: String, message: String, time: Timestamp, tags: [String: String] = [:]) {
        self.level = level
        self.message = message
        self.time = time
        self.tags = tags
    }
}
