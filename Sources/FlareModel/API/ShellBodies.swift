package import FoundationEssentials

/// Asks for the run of a script: a new instance, or the one with this id that goes on.
package struct ShellAttachBody: Codable, Sendable {
    /// The script's absolute path.
    package var script: String
    /// A checksum of the script, to tell whether it has changed.
    package var scriptHash: String
    package var instanceID: String?
    /// Text that holds JSON.
    package var params: String?
    /// Who runs the script.
    package var process: ProcessIdentity

    package init(
        script: String,
        scriptHash: String,
        instanceID: String?,
        params: String?,
        process: ProcessIdentity
    ) {
        self.script = script
        self.scriptHash = scriptHash
        self.instanceID = instanceID
        self.params = params
        self.process = process
    }

    enum CodingKeys: String, CodingKey {
        case script, params, process
        case scriptHash = "script_hash"
        case instanceID = "instance_id"
    }
}

/// The run of a script, and the number that fences off earlier attachments of it.
package struct ShellAttachmentBody: Codable, Sendable {
    package var workflow: String
    package var instance: String
    package var run: Int
    package var attachment: Int64
    /// `running`, or `complete` when there is nothing left to do.
    package var status: InstanceStatus
    package var isNew: Bool
    package var finishedSteps: Int
    /// JSON of the parameters; nil when there are none.
    package var params: JSONValue?

    package init(
        workflow: String,
        instance: String,
        run: Int,
        attachment: Int64,
        status: InstanceStatus,
        isNew: Bool,
        finishedSteps: Int,
        params: JSONValue?
    ) {
        self.workflow = workflow
        self.instance = instance
        self.run = run
        self.attachment = attachment
        self.status = status
        self.isNew = isNew
        self.finishedSteps = finishedSteps
        self.params = params
    }

    enum CodingKeys: String, CodingKey {
        case workflow, instance, run, attachment, status, params
        case isNew = "is_new"
        case finishedSteps = "finished_steps"
    }
}

/// A line of the connection that holds an attachment.
package struct ShellHoldBody: Codable, Sendable {
    package enum Event: String, Codable, Sendable {
        case attached
        /// The instance was ended, deleted or taken over: the script must go.
        case revoked
    }

    package var event: Event
    /// Why it was revoked.
    package var message: String?

    package init(_ event: Event, message: String? = nil) {
        self.event = event
        self.message = message
    }
}

/// How a script ended.
package struct ShellEndBody: Codable, Sendable {
    package var attachment: Int64
    /// Its exit status; nil when it was cut off and can go on.
    package var exitStatus: Int32?
    /// What cut it off.
    package var message: String?

    package init(attachment: Int64, exitStatus: Int32?, message: String? = nil) {
        self.attachment = attachment
        self.exitStatus = exitStatus
        self.message = message
    }

    enum CodingKeys: String, CodingKey {
        case attachment, message
        case exitStatus = "exit_status"
    }
}

/// What a call of `flare step` asks for.
package struct ShellStepBody: Codable, Sendable {
    package enum Kind: String, Codable, Sendable {
        case command, sleep, wait
    }

    /// What to do when a finished step had another command.
    package enum OnChange: String, Codable, Sendable, CaseIterable {
        case fail, rerun, keep
    }

    /// Names the call, so that it can be repeated after a lost answer.
    package var call: String
    package var process: ProcessIdentity
    /// Nil for a call without a script around it.
    package var attachment: Int64?
    package var kind: Kind
    package var name: String
    package var key: String?
    package var command: [String] = []
    package var config: StepConfig?
    package var onChange = OnChange.fail
    /// The length of a sleep, or how long an event is waited for.
    package var milliseconds: Int64?
    package var eventType: String?

    package init(
        call: String,
        process: ProcessIdentity,
        attachment: Int64?,
        kind: Kind,
        name: String,
        key: String? = nil
    ) {
        self.call = call
        self.process = process
        self.attachment = attachment
        self.kind = kind
        self.name = name
        self.key = key
    }

    enum CodingKeys: String, CodingKey {
        case call, process, attachment, kind, name, key, command, config, milliseconds
        case onChange = "on_change"
        case eventType = "event_type"
    }
}

/// Output of a command, in the order in which it was written.
package struct ShellOutputBody: Codable, Sendable, Hashable {
    package enum Stream: String, Codable, Sendable {
        case stdout, stderr
    }

    package var stream: Stream
    /// Base64 in JSON.
    package var bytes: Data

    package init(stream: Stream, bytes: Data) {
        self.stream = stream
        self.bytes = bytes
    }
}

/// What `flare step` does next.
package struct ShellStepAnswerBody: Codable, Sendable {
    package enum Decision: String, Codable, Sendable {
        /// Run the command.
        case run
        /// The step is complete; `output` is what to print again.
        case done
        /// The step has failed: its last attempt, or nothing has come in time.
        case failed
        /// Ask again at `until`.
        case wait
        /// The command of an earlier call still runs in `process`.
        case busy
    }

    package var decision: Decision
    package var name: String
    package var occurrence: Int
    package var attempt: Int?
    package var until: Timestamp?
    package var process: ProcessIdentity?
    package var output: [ShellOutputBody]?
    /// Bytes of output that were not kept.
    package var omittedBytes: Int?
    /// The payload of the event that was waited for.
    package var payload: JSONValue?

    package init(_ decision: Decision, name: String, occurrence: Int) {
        self.decision = decision
        self.name = name
        self.occurrence = occurrence
    }

    enum CodingKeys: String, CodingKey {
        case decision, name, occurrence, attempt, until, process, output, payload
        case omittedBytes = "omitted_bytes"
    }
}

/// How an attempt of a command ended, with its output.
package struct ShellAttemptEndBody: Codable, Sendable {
    package enum Outcome: String, Codable, Sendable {
        case exited
        case timedOut = "timed_out"
        /// Somebody stopped it; it counts as no failure.
        case interrupted
    }

    package var call: String
    package var attempt: Int
    package var outcome: Outcome
    /// 0 to 255; 128 and the number of the signal that ended the command.
    package var exitStatus: Int32
    package var output: [ShellOutputBody]
    package var omittedBytes: Int

    package init(
        call: String,
        attempt: Int,
        outcome: Outcome,
        exitStatus: Int32,
        output: [ShellOutputBody],
        omittedBytes: Int
    ) {
        self.call = call
        self.attempt = attempt
        self.outcome = outcome
        self.exitStatus = exitStatus
        self.output = output
        self.omittedBytes = omittedBytes
    }

    enum CodingKeys: String, CodingKey {
        case call, attempt, outcome, output
        case exitStatus = "exit_status"
        case omittedBytes = "omitted_bytes"
    }
}
