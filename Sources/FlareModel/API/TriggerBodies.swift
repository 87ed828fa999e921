/// What a schedule does about times at which it could not run.
package enum ScheduleCatchUp: String, Codable, Sendable, CaseIterable {
    /// They are reported and not run.
    case none
    /// The newest of them is run.
    case last
    /// All of them are run, in their order.
    case all
}

/// Something that runs a Worker or begins instances of a workflow by itself: a cron expression, or a queue.
package struct TriggerBody: Codable, Sendable {
    /// `cron` or `queue`.
    package var type: String
    package var workflow: String?
    package var worker: String?
    /// `config` when a deploy set it, `command` when a command or a call of the API did.
    package var source: String
    package var createdOn: Timestamp
    package var cron: String?
    package var catchUp: ScheduleCatchUp?
    /// The next scheduled time.
    package var next: Timestamp?
    package var last: ScheduledRunBody?
    package var missed: MissedTimesBody?
    package var queue: String?
    package var settings: QueueConsumerSettingsBody?
    package var deadLetterQueue: String?

    package init(type: String, source: String, createdOn: Timestamp) {
        self.type = type
        self.source = source
        self.createdOn = createdOn
    }

    enum CodingKeys: String, CodingKey {
        case type, workflow, worker, source, cron, next, last, missed, queue, settings
        case createdOn = "created_on"
        case catchUp = "catch_up"
        case deadLetterQueue = "dead_letter_queue"
    }
}

/// Scheduled times at which nothing ran: the engine was down, or the clock was set forward.
package struct MissedTimesBody: Codable, Sendable, Hashable {
    package var count: Int
    package var from: Timestamp
    package var to: Timestamp

    package init(count: Int, from: Timestamp, to: Timestamp) {
        self.count = count
        self.from = from
        self.to = to
    }
}

/// A request that adds a trigger: `cron`, or `queue`.
package struct TriggerRequest: Codable, Sendable {
    package var cron: String?
    package var catchUp: ScheduleCatchUp?
    package var queue: String?
    package var settings: QueueConsumerSettingsBody?
    package var deadLetterQueue: String?

    package init() {}

    enum CodingKeys: String, CodingKey {
        case cron, queue, settings
        case catchUp = "catch_up"
        case deadLetterQueue = "dead_letter_queue"
    }
}

/// One scheduled time and what became of it.
package struct ScheduledRunBody: Codable, Sendable {
    package var cron: String
    package var scheduledTime: Timestamp
    /// `schedule`, `catch-up`, `backfill` or `command`.
    package var origin: String
    /// Of a workflow, that of its instance or `deleted`; of a Worker `queued`, `running`, `succeeded` or `failed`.
    package var status: String
    /// The instance that began.
    package var instance: String?
    /// Calls of the handler.
    package var attempts: Int?
    package var startedOn: Timestamp?
    package var endedOn: Timestamp?
    /// When the handler is called again after it threw.
    package var retriesAt: Timestamp?
    package var error: StepErrorBody?

    package init(cron: String, scheduledTime: Timestamp, origin: String, status: String) {
        self.cron = cron
        self.scheduledTime = scheduledTime
        self.origin = origin
        self.status = status
    }

    enum CodingKeys: String, CodingKey {
        case cron, origin, status, instance, attempts, error
        case scheduledTime = "scheduled_time"
        case startedOn = "started_on"
        case endedOn = "ended_on"
        case retriesAt = "retries_at"
    }
}

/// What calls a `scheduled` handler once, now.
package struct ScheduledCallRequest: Codable, Sendable {
    /// Nil for the one that the Worker has.
    package var cron: String?
    /// Nil for now.
    package var scheduledTime: Timestamp?

    package init(cron: String? = nil, scheduledTime: Timestamp? = nil) {
        self.cron = cron
        self.scheduledTime = scheduledTime
    }

    enum CodingKeys: String, CodingKey {
        case cron
        case scheduledTime = "scheduled_time"
    }
}

/// What runs scheduled times that have passed.
package struct BackfillRequest: Codable, Sendable {
    package var from: Timestamp
    /// Without this time itself; nil for now.
    package var to: Timestamp?
    /// Nil for all cron triggers.
    package var cron: String?
    /// Only tell what would be run.
    package var dryRun: Bool?
    /// At most so many scheduled times.
    package var limit: Int?

    package init(from: Timestamp, to: Timestamp?, cron: String?, dryRun: Bool, limit: Int) {
        self.from = from
        self.to = to
        self.cron = cron
        self.dryRun = dryRun
        self.limit = limit
    }

    enum CodingKeys: String, CodingKey {
        case from, to, cron, limit
        case dryRun = "dry_run"
    }
}

/// What a backfill did, in the order of time.
package struct BackfillBody: Codable, Sendable {
    /// One scheduled time.
    package struct Entry: Codable, Sendable {
        package var cron: String
        package var scheduledTime: Timestamp
        /// Of a workflow.
        package var instance: String?
        /// `created` (of a Worker: its handler will be called), `exists`, or with a dry run `missing`.
        package var outcome: String

        package init(cron: String, scheduledTime: Timestamp, instance: String?, outcome: String) {
            self.cron = cron
            self.scheduledTime = scheduledTime
            self.instance = instance
            self.outcome = outcome
        }

        enum CodingKeys: String, CodingKey {
            case cron, instance, outcome
            case scheduledTime = "scheduled_time"
        }
    }

    package var entries: [Entry]
    /// Where to go on when the limit was reached.
    package var next: Timestamp?

    package init(entries: [Entry], next: Timestamp?) {
        self.entries = entries
        self.next = next
    }
}

/// A cron trigger of a Worker, in the shape of Cloudflare's API.
package struct WorkerScheduleBody: Codable, Sendable {
    package var cron: String
    package var createdOn: Timestamp?
    package var modifiedOn: Timestamp?

    package init(cron: String, createdOn: Timestamp? = nil, modifiedOn: Timestamp? = nil) {
        self.cron = cron
        self.createdOn = createdOn
        self.modifiedOn = modifiedOn
    }

    enum CodingKeys: String, CodingKey {
        case cron
        case createdOn = "created_on"
        case modifiedOn = "modified_on"
    }
}

/// The cron triggers of a Worker, in the shape of Cloudflare's API.
package struct WorkerSchedulesBody: Codable, Sendable {
    package var schedules: [WorkerScheduleBody]

    package init(schedules: [WorkerScheduleBody]) {
        self.schedules = schedules
    }
}

/// A cron trigger of a workflow, in the shape of Cloudflare's API.
package struct WorkflowScheduleBody: Codable, Sendable {
    package var cron: String
    package var nextInstance: Timestamp?

    package init(cron: String, nextInstance: Timestamp? = nil) {
        self.cron = cron
        self.nextInstance = nextInstance
    }

    enum CodingKeys: String, CodingKey {
        case cron
        case nextInstance = "next_instance"
    }
}
