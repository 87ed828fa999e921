/// Where an instance of a workflow stands.
///
/// The last three are final.
package enum InstanceStatus: String, Codable, Sendable, CaseIterable {
    /// Waits for a place to run.
    case queued
    /// Its code runs, or its process is being restarted.
    case running
    /// Sleeps, waits for an event or for the next attempt of a step.
    case waiting
    /// Will be paused once the steps that run have ended.
    case waitingForPause
    case paused
    /// Its rollback handlers run; then it will be errored or terminated.
    case rollingBack
    case complete
    case errored
    case terminated

    /// Whether its code may run now.
    package var hasCode: Bool { self == .running || self == .waitingForPause || self == .rollingBack }

    /// Whether nothing more happens to the instance.
    package var isFinal: Bool { self == .complete || self == .errored || self == .terminated }
}

/// An instance in lists.
package struct InstanceBody: Codable, Sendable {
    package var id: String
    package var status: InstanceStatus
    package var createdOn: Timestamp
    package var modifiedOn: Timestamp
    @Nullable package var startedOn: Timestamp?
    @Nullable package var endedOn: Timestamp?
    package var versionID: String
    package var workflowID: String
    package var triggerSource: String
    /// The current run, counted from 1; each restart or replay begins the next one.
    package var run: Int

    package init(
        id: String,
        status: InstanceStatus,
        createdOn: Timestamp,
        modifiedOn: Timestamp,
        startedOn: Timestamp?,
        endedOn: Timestamp?,
        versionID: String,
        workflowID: String,
        triggerSource: String,
        run: Int
    ) {
        self.id = id
        self.status = status
        self.createdOn = createdOn
        self.modifiedOn = modifiedOn
        _startedOn = Nullable(wrappedValue: startedOn)
        _endedOn = Nullable(wrappedValue: endedOn)
        self.versionID = versionID
        self.workflowID = workflowID
        self.triggerSource = triggerSource
        self.run = run
    }

    enum CodingKeys: String, CodingKey {
        case id, status, run
        case createdOn = "created_on"
        case modifiedOn = "modified_on"
        case startedOn = "started_on"
        case endedOn = "ended_on"
        case versionID = "version_id"
        case workflowID = "workflow_id"
        case triggerSource = "trigger_source"
    }
}

/// What creates an instance.
///
/// `params` is any JSON value, or a string that holds JSON, as one of Cloudflare's SDKs sends it.
package struct InstanceCreateBody: Codable, Sendable {
    package var instanceID: String?
    package var params: JSONValue?
    /// How long its history is kept: `{"success_retention"?, "error_retention"?}`, each milliseconds or a text such as
    /// "3 days".
    package var retention: JSONValue?

    package init(instanceID: String? = nil, params: JSONValue? = nil, retention: JSONValue? = nil) {
        self.instanceID = instanceID
        self.params = params
        self.retention = retention
    }

    enum CodingKeys: String, CodingKey {
        case params
        case instanceID = "instance_id"
        case retention = "instance_retention"
    }
}

/// An error of user code, as it is kept.
package struct StepErrorBody: Codable, Sendable, Hashable {
    package var name: String
    package var message: String
    package var stack: String?

    package init(name: String, message: String, stack: String? = nil) {
        self.name = name
        self.message = message
        self.stack = stack
    }
}

/// One instance with all its steps.
package struct InstanceDetailBody: Codable, Sendable {
    /// What began the instance.
    package struct Trigger: Codable, Sendable {
        package var source: String

        package init(source: String) {
            self.source = source
        }
    }

    package var id: String
    package var workflowName: String
    package var status: InstanceStatus
    package var params: JSONValue
    package var trigger: Trigger
    /// `{cron, scheduledTime}` of an instance that a schedule began.
    package var schedule: JSONValue?
    package var versionID: String
    /// The run that is shown.
    package var run: Int
    /// All runs of the instance, the newest first.
    package var runs: [InstanceRunBody]
    package var queued: Timestamp
    @Nullable package var start: Timestamp?
    @Nullable package var end: Timestamp?
    @Nullable package var success: Bool?
    @Nullable package var error: StepErrorBody?
    @Nullable package var output: JSONValue?
    /// When a waiting instance goes on by itself.
    package var resumesAt: Timestamp?
    /// Things in the run that make a replay unsafe, such as steps asked for in another order.
    package var warnings: [String]
    package var stepCount: Int
    package var steps: [StepBody]

    package init(
        id: String,
        workflowName: String,
        status: InstanceStatus,
        params: JSONValue,
        triggerSource: String,
        versionID: String,
        run: Int,
        queued: Timestamp
    ) {
        self.id = id
        self.workflowName = workflowName
        self.status = status
        self.params = params
        trigger = Trigger(source: triggerSource)
        self.versionID = versionID
        self.run = run
        self.queued = queued
        _start = Nullable(wrappedValue: nil)
        _end = Nullable(wrappedValue: nil)
        _success = Nullable(wrappedValue: nil)
        _error = Nullable(wrappedValue: nil)
        _output = Nullable(wrappedValue: nil)
        runs = []
        warnings = []
        stepCount = 0
        steps = []
    }

    enum CodingKeys: String, CodingKey {
        case id, status, params, trigger, schedule, run, runs, queued, start, end, success, error, output, warnings
        case steps
        case workflowName = "workflow_name"
        case versionID = "versionId"
        case resumesAt = "resumes_at"
        case stepCount = "step_count"
    }
}

/// A change of an instance's status: what is asked for, and the answer.
package struct InstanceStatusChangeBody: Codable, Sendable {
    package var status: String
    package var timestamp: Timestamp?
    /// Asked for with `terminate`: what the instance has done is to be undone first.
    package var rollback: Bool?
    /// Asked for with `restart`: the step to begin from.
    package var from: StepReferenceBody?

    package init(status: String, timestamp: Timestamp? = nil, rollback: Bool? = nil) {
        self.status = status
        self.timestamp = timestamp
        self.rollback = rollback
    }
}

/// The answer of an event sent to an instance.
package struct InstanceEventBody: Codable, Sendable {
    package var instanceID: String
    package var timestamp: Timestamp

    package init(instanceID: String, timestamp: Timestamp) {
        self.instanceID = instanceID
        self.timestamp = timestamp
    }

    enum CodingKeys: String, CodingKey {
        case timestamp
        case instanceID = "instance_id"
        case instanceIDOfSDK = "instanceId"
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        instanceID = try container.decode(String.self, forKey: .instanceID)
        timestamp = try container.decode(Timestamp.self, forKey: .timestamp)
    }

    /// Writes the id under both of the names that Cloudflare's clients read.
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(instanceID, forKey: .instanceID)
        try container.encode(instanceID, forKey: .instanceIDOfSDK)
        try container.encode(timestamp, forKey: .timestamp)
    }
}
