/// How many processes a Worker may have under load.
///
/// Spelled `auto`, for as many as the machine has cores, or as a number.
package enum WorkerConcurrency: Codable, Sendable, Hashable {
    case automatic
    case fixed(Int)

    /// Throws `invalidArgument` when the text is neither.
    package init(_ text: String) throws {
        if text == "auto" {
            self = .automatic
        } else if let number = Int(text), (1...Limits.workerProcessesMax).contains(number) {
            self = .fixed(number)
        } else {
            throw FlareError(
                .invalidArgument,
                "the concurrency must be auto or a number from 1 to \(Limits.workerProcessesMax), not \"\(text)\""
            )
        }
    }

    package init(from decoder: any Decoder) throws {
        try self.init(decoder.singleValueContainer().decode(String.self))
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }

    package var text: String {
        switch self {
        case .automatic: "auto"
        case .fixed(let number): "\(number)"
        }
    }

    /// Nil for as many as the machine has cores.
    package var processes: Int? {
        switch self {
        case .automatic: nil
        case .fixed(let number): number
        }
    }
}

/// The processes of a Worker's current version, and what became of those before them.
package struct WorkerHostBody: Codable, Sendable, Hashable {
    /// Processes that it may have under load.
    package var concurrency: Int
    /// Milliseconds of processor time that code may use without returning to the event loop.
    package var cpuLimitMilliseconds: Int
    package var memoryLimitBytes: Int
    package var processes: [WorkerProcessBody]
    /// Deaths of processes since the engine started, with the last one's reason and time.
    package var crashes: Int
    package var lastCrash: String?
    package var lastCrashOn: Timestamp?
    /// When the next process may be started, while a version that keeps dying is held back.
    package var nextStartOn: Timestamp?
    /// Why its code cannot be loaded at present.
    package var broken: String?

    package init(
        concurrency: Int,
        cpuLimitMilliseconds: Int,
        memoryLimitBytes: Int,
        processes: [WorkerProcessBody] = [],
        crashes: Int = 0
    ) {
        self.concurrency = concurrency
        self.cpuLimitMilliseconds = cpuLimitMilliseconds
        self.memoryLimitBytes = memoryLimitBytes
        self.processes = processes
        self.crashes = crashes
    }

    enum CodingKeys: String, CodingKey {
        case concurrency, processes, crashes, broken
        case cpuLimitMilliseconds = "cpu_limit_ms"
        case memoryLimitBytes = "memory_limit_bytes"
        case lastCrash = "last_crash"
        case lastCrashOn = "last_crash_on"
        case nextStartOn = "next_start_on"
    }
}

/// One process of user code.
package struct WorkerProcessBody: Codable, Sendable, Hashable {
    package var pid: Int
    /// Invocations that run in it.
    package var invocations: Int
    package var memoryBytes: Int
    /// The part of the last half second that it computed: 0 to 1.
    package var utilization: Double
    /// Whether a debugger may look at it.
    package var isInspected: Bool

    package init(pid: Int, invocations: Int, memoryBytes: Int, utilization: Double, isInspected: Bool) {
        self.pid = pid
        self.invocations = invocations
        self.memoryBytes = memoryBytes
        self.utilization = utilization
        self.isInspected = isInspected
    }

    enum CodingKeys: String, CodingKey {
        case pid, invocations, utilization
        case memoryBytes = "memory_bytes"
        case isInspected = "inspected"
    }
}

/// What `POST /flare/v1/workers/NAME/inspect` is asked for.
package struct InspectBody: Codable, Sendable {
    /// The port of the inspector on 127.0.0.1; 0 for any free one.
    package var port: Int

    package init(port: Int) {
        self.port = port
    }
}

/// Where a debugger finds a Worker's process.
package struct InspectorBody: Codable, Sendable, Hashable {
    package var worker: String
    package var version: String
    package var pid: Int
    /// The address of the WebSocket of Node's inspector.
    package var url: String
    /// To be opened in a browser of the Chrome family.
    package var devtoolsURL: String

    package init(worker: String, version: String, pid: Int, url: String) {
        self.worker = worker
        self.version = version
        self.pid = pid
        self.url = url
        let address = url.hasPrefix("ws://") ? String(url.dropFirst(5)) : url
        devtoolsURL = "devtools://devtools/bundled/js_app.html?experiments=true&v8only=true&ws=\(address)"
    }

    enum CodingKeys: String, CodingKey {
        case worker, version, pid, url
        case devtoolsURL = "devtools_url"
    }
}
