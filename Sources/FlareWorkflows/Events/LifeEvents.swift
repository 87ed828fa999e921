import FlareModel
import FlareStore

/// Tells those who have subscribed to it how instances begin, pause and end, in the payload of Cloudflare's
/// documentation.
/// https://developers.cloudflare.com/workflows/reference/event-subscriptions/
///
/// As long as nobody has subscribed, nothing is read or written for it.
struct LifeEvents: Sendable {
    /// What has happened to a run.
    enum Event: Sendable, Hashable {
        case queued
        /// Its code begins, or goes on after it was put aside.
        case started
        case paused
        /// With a final status.
        case ended(InstanceStatus)

        fileprivate var name: String {
            switch self {
            case .queued: "instance.queued"
            case .started: "instance.started"
            case .paused: "instance.paused"
            case .ended(.complete): "instance.completed"
            case .ended(.errored): "instance.errored"
            case .ended: "instance.terminated"
            }
        }
    }

    let isHeard: @Sendable () -> Bool
    let publish: @Sendable (SubscriptionEvent, Timestamp, Transaction) throws -> Void

    func tell(_ event: Event, _ run: RunKey, at now: Timestamp, in transaction: Transaction) throws {
        guard isHeard(), let subject = try LifeEventRecord.subject(of: run, in: transaction) else { return }
        let payload: [String: JSONValue] = [
            "versionId": .string(subject.versionID), "instanceId": .string(subject.instanceID),
        ]
        let event = SubscriptionEvent(event.name, of: .workflow, subject: subject.workflow, payload: payload)
        try publish(event, now, transaction)
    }
}
