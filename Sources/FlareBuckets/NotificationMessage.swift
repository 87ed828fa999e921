import FlareModel

/// The body of the message about one event of an object, exactly as R2 sends it.
/// https://developers.cloudflare.com/r2/buckets/event-notifications/#message-format
struct NotificationMessage: Encodable {
    struct Object: Encodable {
        let key: String
        /// Both are missing when the object was deleted.
        let size: Int?
        let eTag: String?
    }

    struct CopySource: Encodable {
        let bucket: String
        let object: String
    }

    let account = "local"
    let action: ObjectAction
    let bucket: String
    let object: Object
    let eventTime: Timestamp
    /// Only of a copy.
    let copySource: CopySource?

    enum CodingKeys: String, CodingKey {
        case account, action, bucket, object, eventTime, copySource
    }

    init(_ action: ObjectAction, of record: ObjectRecord, copySource: ObjectSource? = nil, at time: Timestamp) {
        self.action = action
        bucket = record.bucket
        let isDeletion = ObjectEventType.objectDelete.actions.contains(action)
        object = Object(
            key: record.key,
            size: isDeletion ? nil : record.size,
            eTag: isDeletion ? nil : record.etag
        )
        eventTime = time
        self.copySource = copySource.map { CopySource(bucket: $0.bucket, object: $0.key) }
    }
}
