import FlareModel

/// Rules of a bucket that are known by names, which its commands add and remove one by one.
enum NamedRules {
    /// Throws `alreadyExists` when a rule has the name.
    ///
    /// - Parameter kind: the command of these rules: `lifecycle` or `lock`.
    static func requireFree(_ name: String, among names: [String], kind: String, of bucket: String) throws {
        guard names.contains(name) else { return }
        throw FlareError(
            .alreadyExists,
            "bucket \"\(bucket)\" already has a \(kind) rule \"\(name)\"",
            hint: "remove it first: flare buckets \(kind) remove \(bucket) --name \(CommandText.text([name]))"
        )
    }

    /// Throws `ruleNotFound` with the nearest name when no rule has the name.
    static func require(_ name: String, among names: [String], kind: String, of bucket: String) throws {
        guard !names.contains(name) else { return }
        throw FlareError.notFound(
            .ruleNotFound,
            kind: "\(kind) rule",
            name: name,
            candidates: names,
            listing: "flare buckets \(kind) list \(bucket)"
        )
    }
}
