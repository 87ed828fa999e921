/// What one invocation of a Worker did, in the shape of Cloudflare's `trace-v1`.
package struct TraceBody: Codable, Sendable {
    /// `ok`, `exception`, `exceededCpu`, `exceededMemory`, `canceled` or `unknown`.
    package var outcome: String
    package var scriptName: String
    package var scriptVersion: Version
    /// The exported class or object that was called; nil for the default export.
    package var entrypoint: String?
    /// `fetch`, `rpc`, `queue`, `scheduled`, `pipeline` or `workflow`.
    package var kind: String
    /// What it was called with, by kind.
    package var event: JSONValue
    package var logs: [Log]
    package var exceptions: [Exception]
    /// Always empty.
    package var diagnosticsChannelEvents: [JSONValue] = []
    /// When it began, in milliseconds since 1970.
    package var eventTimestamp: Int64
    package var wallTimeMs: Int64
    package var invocationId: String
    package var instanceId: String?
    /// Whether console lines are missing: there were too many, or it had begun before anybody followed.
    package var truncated: Bool

    /// A version, by its id.
    package struct Version: Codable, Sendable {
        package var id: String

        package init(id: String) {
            self.id = id
        }
    }

    /// One line that user code wrote.
    package struct Log: Codable, Sendable {
        package var message: [String]
        package var level: String
        package var timestamp: Int64

        package init(message: [String], level: String, timestamp: Int64) {
            self.message = message
            self.level = level
            self.timestamp = timestamp
        }
    }

    /// What user code threw, or why it was ended.
    package struct Exception: Codable, Sendable {
        package var name: String
        package var message: String
        package var stack: String?
        package var timestamp: Int64

        package init(name: String, message: String, stack: String?, timestamp: Int64) {
            self.name = name
            self.message = message
            self.stack = stack
            self.timestamp = timestamp
        }
    }

    package init(
        outcome: String,
        scriptName: String,
        version: String,
        entrypoint: String?,
        kind: String,
        event: JSONValue,
        logs: [Log],
        exceptions: [Exception],
        eventTimestamp: Int64,
        wallTimeMs: Int64,
        invocationId: String,
        instanceId: String?,
        truncated: Bool
    ) {
        self.outcome = outcome
        self.scriptName = scriptName
        scriptVersion = Version(id: version)
        self.entrypoint = entrypoint
        self.kind = kind
        self.event = event
        self.logs = logs
        self.exceptions = exceptions
        self.eventTimestamp = eventTimestamp
        self.wallTimeMs = wallTimeMs
        self.invocationId = invocationId
        self.instanceId = instanceId
        self.truncated = truncated
    }
}

/// A line of a tail that stands for events which came faster than they were read.
package struct TraceMissedBody: Codable, Sendable {
    package var missed: Int

    package init(missed: Int) {
        self.missed = missed
    }
}
