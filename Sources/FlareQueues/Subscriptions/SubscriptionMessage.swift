import FlareModel

/// The body of the message about one event, in the envelope that all of Cloudflare's sources share.
/// https://developers.cloudflare.com/queues/event-subscriptions/events-schemas/
struct SubscriptionMessage: Encodable {
    struct Metadata: Encodable {
        let accountId = "local"
        let eventSubscriptionId: String
        let eventSchemaVersion = 1
        let eventTimestamp: Timestamp

        enum CodingKeys: String, CodingKey {
            case accountId, eventSubscriptionId, eventSchemaVersion, eventTimestamp
        }
    }

    let type: String
    let source: [String: String]
    let payload: [String: JSONValue]
    let metadata: Metadata

    init(_ event: SubscriptionEvent, to subscription: SubscriptionRecord, at time: Timestamp) {
        type = "cf.\(event.source.rawValue).\(event.name)"
        var source = ["type": event.source.rawValue]
        switch event.source {
        case .bucket: break
        // A Worker cannot be renamed here: its name is its stable id.
        case .worker: source["id"] = event.subject
        case .workflow: source["workflowName"] = event.subject
        }
        self.source = source
        payload = event.payload
        metadata = Metadata(eventSubscriptionId: subscription.id, eventTimestamp: time)
    }
}
