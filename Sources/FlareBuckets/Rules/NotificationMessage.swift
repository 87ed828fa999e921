import FlareModel

/// Something that happened to an object.
struct BucketEvent: Sendable {
    let action: ObjectAction
    let bucket: String
    let object: EventObjectBody
    let time: Timestamp
    /// The object that a copy was made of; nil for all other actions.
    let copySource: CopySourceBody?

    /// - Parameters:
    ///   - record: the object as it is now, or as it was before its deletion.
    ///   - source: where it was copied from.
    init(_ action: ObjectAction, of record: ObjectRecord, copySource source: CopySourceBody?, at time: Timestamp) {
        let isDeletion = ObjectEventType.objectDelete.actions.contains(action)
        self.init(
            action,
            bucket: record.bucket,
            object: EventObjectBody(
                key: record.key,
                size: isDeletion ? nil : record.size,
                eTag: isDeletion ? nil : record.etag
            ),
            copySource: action == .copyObject ? source : nil,
            at: time
        )
    }

    init(
        _ action: ObjectAction,
        bucket: String,
        object: EventObjectBody,
        copySource: CopySourceBody?,
        at time: Timestamp
    ) {
        self.action = action
        self.bucket = bucket
        self.object = object
        self.time = time
        self.copySource = copySource
    }
}

/// The body of the message about one event of an object, exactly as R2 sends it.
/// https://developers.cloudflare.com/r2/buckets/event-notifications/#message-format
struct NotificationMessage: Encodable {
    let account = "local"
    let action: ObjectAction
    let bucket: String
    let object: EventObjectBody
    let eventTime: Timestamp
    let copySource: CopySourceBody?

    enum CodingKeys: String, CodingKey {
        case account, action, bucket, object, eventTime, copySource
    }

    init(_ event: BucketEvent) {
        action = event.action
        bucket = event.bucket
        object = event.object
        eventTime = event.time
        copySource = event.copySource
    }
}
