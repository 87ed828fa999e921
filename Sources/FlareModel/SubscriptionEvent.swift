/// What event subscriptions can listen to, in Cloudflare's words.
package enum SubscriptionSource: String, Codable, Sendable, CaseIterable {
    case bucket = "r2"
    case worker = "workers.script"
    case workflow = "workflows.workflow"

    /// The events of the source, in the order of the documentation.
    package var events: [String] {
        switch self {
        case .bucket: ["bucket.created", "bucket.deleted"]
        case .worker:
            [
                "worker.created", "worker.updated", "worker.deleted", "version.created", "version.deleted",
                "deployment.created", "deployment.deleted",
            ]
        case .workflow:
            [
                "instance.queued", "instance.started", "instance.paused", "instance.errored", "instance.terminated",
                "instance.completed",
            ]
        }
    }

    /// Sources that Cloudflare has and whose product flare does not run.
    package static let missing: Set<String> = [
        "access", "aiSearch", "artifacts", "artifacts.repo", "browserRendering", "email.sending", "images", "kv",
        "stream", "superSlurper", "vectorize", "workersAi.model", "workersBuilds.worker",
    ]
}

/// Something that happened to a bucket, a Worker or an instance, for those who have subscribed to it.
package struct SubscriptionEvent: Sendable {
    package var source: SubscriptionSource
    /// The Worker or the workflow; nil for a source that has one of its kind only.
    package var subject: String?
    /// As in `SubscriptionSource.events`: `bucket.created`.
    package var name: String
    package var payload: [String: JSONValue]

    package init(
        _ name: String,
        of source: SubscriptionSource,
        subject: String? = nil,
        payload: [String: JSONValue]
    ) {
        self.source = source
        self.subject = subject
        self.name = name
        self.payload = payload
    }
}
