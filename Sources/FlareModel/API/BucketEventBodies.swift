/// The object that another one is a copy of.
package struct CopySourceBody: Codable, Sendable, Hashable {
    package var bucket: String
    package var object: String

    package init(bucket: String, object: String) {
        self.bucket = bucket
        self.object = object
    }
}

/// What an event of a bucket says of its object.
package struct EventObjectBody: Codable, Sendable, Hashable {
    package var key: String
    /// Both are missing when the object was deleted.
    package var size: Int?
    package var eTag: String?

    package init(key: String, size: Int? = nil, eTag: String? = nil) {
        self.key = key
        self.size = size
        self.eTag = eTag
    }
}

/// One event of a bucket's log: what a notification says, with the place in the log.
package struct BucketEventBody: Codable, Sendable, Hashable {
    /// Goes on after this event when it is given as `cursor`.
    package var cursor: Int64
    package var action: ObjectAction
    package var bucket: String
    package var object: EventObjectBody
    package var eventTime: Timestamp
    package var copySource: CopySourceBody?

    package init(
        cursor: Int64,
        action: ObjectAction,
        bucket: String,
        object: EventObjectBody,
        eventTime: Timestamp,
        copySource: CopySourceBody? = nil
    ) {
        self.cursor = cursor
        self.action = action
        self.bucket = bucket
        self.object = object
        self.eventTime = eventTime
        self.copySource = copySource
    }
}

/// A line of the stream of a bucket's events that tells of no event but how far the stream has come: those up to there
/// did not fit the prefix.
package struct BucketEventMark: Codable, Sendable, Hashable {
    package var cursor: Int64

    package init(cursor: Int64) {
        self.cursor = cursor
    }
}

/// An event that did not happen, to see which rules it fires.
package struct NotificationTestBody: Codable, Sendable {
    package var action: ObjectAction
    package var key: String
    /// Only look which rules match; nil sends their messages.
    package var isDryRun: Bool?

    package init(action: ObjectAction, key: String, isDryRun: Bool? = nil) {
        self.action = action
        self.key = key
        self.isDryRun = isDryRun
    }

    enum CodingKeys: String, CodingKey {
        case action, key
        case isDryRun = "dry_run"
    }
}

/// Which rules an event that did not happen has fired, or would fire.
package struct NotificationTestResultBody: Codable, Sendable {
    /// A rule that matches.
    package struct Match: Codable, Sendable {
        package var ruleId: String
        package var queueId: String
        package var queueName: String

        package init(ruleId: String, queueId: String, queueName: String) {
            self.ruleId = ruleId
            self.queueId = queueId
            self.queueName = queueName
        }
    }

    package var bucket: String
    package var action: ObjectAction
    package var key: String
    package var matches: [Match]
    /// How many messages were sent.
    package var sent: Int

    package init(bucket: String, action: ObjectAction, key: String, matches: [Match], sent: Int) {
        self.bucket = bucket
        self.action = action
        self.key = key
        self.matches = matches
        self.sent = sent
    }
}
