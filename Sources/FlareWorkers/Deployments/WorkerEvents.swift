import FlareModel
import FlareStore

/// Tells those who have subscribed to it what happens to a Worker, in the payloads of Cloudflare's documentation.
/// https://developers.cloudflare.com/queues/event-subscriptions/events-schemas/
///
/// A deployment is known by the version that it has made current: here it always has one, with all of the traffic.
struct WorkerEvents {
    let worker: String
    let publish: @Sendable (SubscriptionEvent, Timestamp, Transaction) throws -> Void
    let now: Timestamp
    let transaction: Transaction

    /// A version was uploaded and made current; `isNew` when it is the Worker's first.
    func deployed(_ version: String, isNew: Bool) throws {
        if isNew { try send("worker.created", [:]) }
        try uploaded(version)
        try madeCurrent(version)
    }

    /// A version is there, and is not current yet.
    func uploaded(_ version: String) throws {
        try send("version.created", ["id": .string(version)])
    }

    /// A version that was there was made current.
    func madeCurrent(_ version: String) throws {
        let share: JSONValue = .object(["versionId": .string(version), "percentage": .integer(100)])
        let payload: [String: JSONValue] = [
            "id": .string(version), "strategy": .string("percentage"), "versions": .array([share]),
        ]
        try send("deployment.created", payload)
    }

    /// A version is not kept any more.
    func forgot(_ version: String) throws {
        try send("version.deleted", ["id": .string(version)])
    }

    /// The Worker was deleted with all its versions.
    func deleted(current: String, versions: [String]) throws {
        try send("deployment.deleted", ["id": .string(current)])
        for version in versions { try forgot(version) }
        try send("worker.deleted", [:])
    }

    /// Secrets were stored or deleted: they are what of a Worker here has no version.
    ///
    /// Of one that only has another value it is said that something has changed, and no more.
    func secretsChanged(added: [String], removed: [String]) throws {
        var change: [String: JSONValue] = [:]
        if !added.isEmpty { change["added"] = .array(added.map { .string($0) }) }
        if !removed.isEmpty { change["removed"] = .array(removed.map { .string($0) }) }
        try send("worker.updated", ["changed": .object(["secrets": .object(change)])])
    }

    private func send(_ name: String, _ payload: [String: JSONValue]) throws {
        var payload = payload
        payload["name"] = .string(worker)
        let event = SubscriptionEvent(name, of: .worker, subject: worker, payload: payload)
        try publish(event, now, transaction)
    }
}
