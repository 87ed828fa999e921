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
    package var id: String
    package var className: String
    package var workflowID: String
    package var createdOn: Timestamp
    package var modifiedOn: Timestamp
    package var hasDag: Bool
    package var language: String

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
        case id, language
        case className = "class_name"
        case workflowID = "workflow_id"
        case createdOn = "created_on"
        case modifiedOn = "modified_on"
        case hasDag = "has_dag"
    }
}

/// The answer of deleting a workflow.
package struct WorkflowDeletedBody: Codable, Sendable {
    package var status = "ok"
    package var success = true

    package init() {}
}
