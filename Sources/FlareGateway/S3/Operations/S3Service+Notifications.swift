import FlareBuckets
import FlareModel
import FlareQueues

/// The notification rules of a bucket, in S3's XML: a second door to the rules of `flare buckets notify`.
extension S3Service {
    /// S3's names of the actions.
    private static let events: [(event: String, action: ObjectAction)] = [
        ("s3:ObjectCreated:Put", .putObject), ("s3:ObjectCreated:Copy", .copyObject),
        ("s3:ObjectCreated:CompleteMultipartUpload", .completeMultipartUpload),
        ("s3:ObjectRemoved:Delete", .deleteObject), ("s3:LifecycleExpiration:Delete", .lifecycleDeletion),
    ]

    /// All rules of the bucket, those that were made elsewhere too.
    func getNotification(_ call: S3Call) async throws -> S3Response {
        var document = S3XMLWriter("NotificationConfiguration")
        for queue in try await buckets.rules(of: call.bucket) {
            for rule in queue.rules {
                document.element("QueueConfiguration") { document in
                    document.element("Id", BucketService.s3RuleID(rule))
                    Self.writeFilter(rule.rule, to: &document)
                    document.element("Queue", "arn:flare:sqs:::\(queue.queue.name)")
                    for event in Self.names(of: rule.rule.actions) { document.element("Event", event) }
                }
            }
        }
        return try .document(document)
    }

    private static func writeFilter(_ rule: NotificationRule, to document: inout S3XMLWriter) {
        guard !rule.prefix.isEmpty || !rule.suffix.isEmpty else { return }
        document.element("Filter") { document in
            document.element("S3Key") { document in
                for (name, value) in [("prefix", rule.prefix), ("suffix", rule.suffix)] where !value.isEmpty {
                    document.element("FilterRule") {
                        $0.element("Name", name)
                        $0.element("Value", value)
                    }
                }
            }
        }
    }

    /// S3's names of actions: a `*` where a kind is complete.
    static func names(of actions: Set<ObjectAction>) -> [String] {
        let created = Set(ObjectEventType.objectCreate.actions)
        var names = actions.isSuperset(of: created) ? ["s3:ObjectCreated:*"] : []
        for (event, action) in events where actions.contains(action) {
            if !names.isEmpty && created.contains(action) { continue }
            names.append(event)
        }
        return names
    }

    /// Makes the rules of this door those of the document.
    func putNotification(_ call: S3Call) async throws -> S3Response {
        let request = try await call.document(root: "NotificationConfiguration")
        for child in request.children where child.name != "QueueConfiguration" {
            throw S3Unsupported.error("<\(child.name)> of a notification: send to a queue")
        }
        let rules = try request.children.enumerated().map { try Self.rule($0.element, number: $0.offset + 1) }
        try await buckets.setS3Rules(rules, of: call.bucket)
        return S3Response()
    }

    private static func rule(_ element: S3XMLElement, number: Int) throws(S3Error) -> S3NotificationRule {
        let place = element["Queue"]?.trimmed ?? ""
        guard let queue = queue(place) else {
            throw S3Error.argument("Queue", place, "it is a queue's name, or arn:flare:sqs:::NAME")
        }
        var actions: Set<ObjectAction> = []
        for event in element.all("Event") { actions.formUnion(try self.actions(event.trimmed)) }
        guard !actions.isEmpty else { throw S3XMLReader.malformed("a <QueueConfiguration> has no <Event>") }
        var (prefix, suffix) = ("", "")
        for filter in element["Filter"]?["S3Key"]?.all("FilterRule") ?? [] {
            switch filter["Name"]?.trimmed.lowercased() {
            case "prefix": prefix = filter["Value"]?.text ?? ""
            case "suffix": suffix = filter["Value"]?.text ?? ""
            default:
                throw S3Error.argument("FilterRule.Name", filter["Name"]?.trimmed ?? "", "it is prefix or suffix")
            }
        }
        let id = (element["Id"] ?? element["ID"])?.trimmed ?? ""
        return S3NotificationRule(
            id: id.isEmpty ? "\(queue)-\(number)" : id,
            queue: queue,
            rule: NotificationRule(prefix: prefix, suffix: suffix, actions: actions)
        )
    }

    /// The name in `arn:…:sqs:…:NAME`, or the text itself.
    static func queue(_ place: String) -> String? {
        guard place.hasPrefix("arn:") else { return place.isEmpty || place.contains(":") ? nil : place }
        let parts = place.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 6, parts[2] == "sqs", !parts[5].isEmpty else { return nil }
        return String(parts[5])
    }

    private static func actions(_ event: String) throws(S3Error) -> [ObjectAction] {
        if let single = events.first(where: { $0.event == event }) { return [single.action] }
        switch event {
        case "s3:ObjectCreated:*": return ObjectEventType.objectCreate.actions
        case "s3:ObjectRemoved:*": return [.deleteObject]
        case "s3:LifecycleExpiration:*": return [.lifecycleDeletion]
        // A form of a browser is not offered, so nothing would ever tell of one.
        default:
            throw S3Error.argument(
                "Event",
                event,
                "it is s3:ObjectCreated:*, s3:ObjectRemoved:*, s3:LifecycleExpiration:* or one of "
                    + events.map(\.event).joined(separator: ", ")
            )
        }
    }
}
