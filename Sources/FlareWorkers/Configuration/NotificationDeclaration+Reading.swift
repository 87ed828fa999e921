import FlareModel

extension NotificationDeclaration {
    /// Reads an entry of `event_notifications`.
    ///
    /// The key is flare's own, since wrangler has none for this, and ignores it with a warning. It is a list of its own
    /// and no part of `r2_buckets`: who consumes the messages often has no binding to the bucket, and the words are
    /// those of wrangler's command that makes the same rule.
    init(_ entry: ConfigurationReader) throws {
        let known: Set<String> = ["bucket_name", "queue", "event_types", "actions", "prefix", "suffix", "description"]
        for key in entry.members.keys.sorted() where !known.contains(key) {
            let near = nearestName(to: key, in: known).map { "; did you mean \"\($0)\"?" } ?? ""
            throw entry.problem(key, "is no field of a notification rule\(near)")
        }
        let bucket = try entry.requiredText("bucket_name")
        try NameRule.bucket.validate(bucket)
        let queue = try entry.requiredText("queue")
        try NameRule.queue.validate(queue)
        let types = try entry.texts("event_types").map { name in
            guard let type = ObjectEventType(rawValue: name) else {
                throw Self.unknown(entry, "event_types", name, among: ObjectEventType.allCases.map(\.rawValue))
            }
            return type
        }
        let single = try entry.texts("actions").map { name in
            guard let action = ObjectAction(rawValue: name) else {
                throw Self.unknown(entry, "actions", name, among: ObjectAction.allCases.map(\.rawValue))
            }
            return action
        }
        let actions = types.flatMap(\.actions) + single
        guard !actions.isEmpty else {
            throw entry.problem("event_types", "is missing: object-create, object-delete or both")
        }
        self.init(
            bucket: bucket,
            queue: queue,
            prefix: try entry.text("prefix") ?? "",
            suffix: try entry.text("suffix") ?? "",
            actions: ObjectAction.allCases.filter(actions.contains),
            description: try entry.text("description") ?? ""
        )
    }

    private static func unknown(
        _ entry: ConfigurationReader,
        _ key: String,
        _ name: String,
        among names: [String]
    ) -> FlareError {
        var problem = entry.problem(key, "has no \"\(name)\"")
        problem.hint =
            nearestName(to: name, in: names).map { "did you mean \"\($0)\"?" }
            ?? "it takes \(names.joined(separator: ", "))"
        return problem
    }
}
