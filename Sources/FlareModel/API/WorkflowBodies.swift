/// A workflow as the API shows it.
package struct WorkflowBody: Codable, Sendable {
    package var id: String
    package var name: String
    package var scriptName: String
    package var className: String
    package var createdOn: Timestamp
    package var modifiedOn: Timestamp
    @Nullable package var triggeredOn: Timestamp?
    /// Instances by status.
    package var instances: [String: Int]
    package var versionID: String
    /// Its cron triggers; absent in answers of older engines.
    package var schedules: [WorkflowScheduleBody]?
    /// `worker`, or `shell` for a script, whose path is then `scriptName`.
    package var kind: String

    package init(
        id: String,
        name: String,
        scriptName: String,
        className: String,
        createdOn: Timestamp,
        modifiedOn: Timestamp,
        triggeredOn: Timestamp?,
        instances: [String: Int],
        versionID: String,
        kind: String,
        schedules: [WorkflowScheduleBody]? = nil
    ) {
        self.id = id
        self.name = name
        self.scriptName = scriptName
        self.className = className
        self.createdOn = createdOn
        self.modifiedOn = modifiedOn
        _triggeredOn = Nullable(wrappedValue: triggeredOn)
        self.instances = instances
        self.versionID = versionID
        self.kind = kind
        self.schedules = schedules
    }

    enum CodingKeys: String, CodingKey {
        case id, name, instances, kind, schedules
        case scriptName = "script_name"
        case className = "class_name"
        case createdOn = "created_on"
        case modifiedOn = "modified_on"
        case triggeredOn = "triggered_on"
        case versionID = "version_id"
    }
}

/// The answer of defining a workflow: the workflow, with two numbers that official clients expect there.
package struct WorkflowDefinedBody: Codable, Sendable {
    package var workflow: WorkflowBody

    package init(_ workflow: WorkflowBody) {
        self.workflow = workflow
    }

    private enum CodingKeys: String, CodingKey {
        case isDeleted = "is_deleted"
        case terminatorRunning = "terminator_running"
    }

    package init(from decoder: any Decoder) throws {
        workflow = try WorkflowBody(from: decoder)
    }

    package func encode(to encoder: any Encoder) throws {
        try workflow.encode(to: encoder)
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(0, forKey: .isDeleted)
        try container.encode(0, forKey: .terminatorRunning)
    }
}

/// What `PUT /workflows/{name}` asks for.
package struct WorkflowDefinitionBody: Codable, Sendable {
    package var scriptName: String
    package var className: String
    /// Its cron triggers, all of them; nil to leave those that are set.
    package var schedules: [WorkflowScheduleBody]?
    /// The limits of one run: `{"steps"?}`.
    package var limits: JSONValue?
    /// How long ended instances are kept: `{"success_retention"?, "error_retention"?}`, each milliseconds or a
    /// text such as "3 days".
    package var retention: JSONValue?

    package init(
        scriptName: String,
        className: String,
        schedules: [WorkflowScheduleBody]? = nil,
        limits: JSONValue? = nil,
        retention: JSONValue? = nil
    ) {
        self.scriptName = scriptName
        self.className = className
        self.schedules = schedules
        self.limits = limits
        self.retention = retention
    }

    enum CodingKeys: String, CodingKey {
        case schedules, limits
        case retention = "default_retention"
        case scriptName = "script_name"
        case className = "class_name"
    }
}

/// A version of a workflow: a class in one deployed version of its Worker.
package struct WorkflowVersionBody: Codable, Sendable {
    /// The limits of one run.
    package struct RunLimits: Codable, Sendable {
        package var steps: Int

        package init(steps: Int) {
            self.steps = steps
        }
    }

    /// Milliseconds that ended instances are kept.
    package struct Retention: Codable, Sendable {
        package var success: Int64?
        package var error: Int64?

        package init(success: Int64?, error: Int64?) {
            self.success = success
            self.error = error
        }

        enum CodingKeys: String, CodingKey {
            case success = "success_retention"
            case error = "error_retention"
        }
    }

    package var id: String
    package var className: String
    package var workflowID: String
    package var createdOn: Timestamp
    package var modifiedOn: Timestamp
    package var hasDag: Bool
    package var language: String
    /// What is set for the workflow, which counts for all its versions; absent where the default counts.
    package var limits: RunLimits?
    package var retention: Retention?

    package init(id: String, className: String, workflowID: String, createdOn: Timestamp) {
        self.id = id
        self.className = className
        self.workflowID = workflowID
        self.createdOn = createdOn
        modifiedOn = createdOn
        hasDag = false
        language = "javascript"
    }

    enum CodingKeys: String, CodingKey {
        case id, language, limits
        case className = "class_name"
        case workflowID = "workflow_id"
        case createdOn = "created_on"
        case modifiedOn = "modified_on"
        case hasDag = "has_dag"
        case retention = "default_retention"
    }
}

/// A version asked for with the graph of its steps, which is always null: none is drawn from the code, as `has_dag` of
/// the version says.
package struct WorkflowGraphBody: Codable, Sendable {
    package var id: String
    package var className: String
    package var workflowID: String
    package var createdOn: Timestamp
    package var modifiedOn: Timestamp
    @Nullable package var graph: JSONValue?

    package init(_ version: WorkflowVersionBody) {
        id = version.id
        className = version.className
        workflowID = version.workflowID
        createdOn = version.createdOn
        modifiedOn = version.modifiedOn
        _graph = Nullable(wrappedValue: nil)
    }

    enum CodingKeys: String, CodingKey {
        case id, graph
        case className = "class_name"
        case workflowID = "workflow_id"
        case createdOn = "created_on"
        case modifiedOn = "modified_on"
    }
}

/// The answer of deleting a workflow.
package struct WorkflowDeletedBody: Codable, Sendable {
    package var status = "ok"
    package var success = true

    package init() {}
}
