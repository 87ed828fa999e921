import FlareBuckets
import FlareModel

/// The lifecycle rules of a bucket, in S3's XML.
///
/// S3 counts days, R2's own rules seconds: a rule that was made elsewhere and is no whole number of days is shown as
/// the next whole one.
extension S3Service {
    private static let secondsPerDay = 86_400

    func getLifecycle(_ call: S3Call) async throws -> S3Response {
        let rules = try await buckets.lifecycle(of: call.bucket)
        guard !rules.isEmpty else {
            throw S3Error(
                code: "NoSuchLifecycleConfiguration",
                httpStatus: 404,
                message: "bucket \"\(call.bucket)\" has no lifecycle rules"
            )
        }
        var document = S3XMLWriter("LifecycleConfiguration")
        for rule in rules {
            document.element("Rule") { Self.write(rule, to: &$0) }
        }
        return try .document(document)
    }

    private static func write(_ rule: LifecycleRule, to document: inout S3XMLWriter) {
        document.element("ID", rule.id)
        document.element("Filter") { $0.element("Prefix", rule.prefix) }
        document.element("Status", rule.enabled ? "Enabled" : "Disabled")
        if let condition = rule.deleteObjectsTransition?.condition {
            document.element("Expiration") { write(condition, to: &$0) }
        }
        for transition in rule.storageClassTransitions ?? [] {
            document.element("Transition") {
                write(transition.condition, to: &$0)
                $0.element("StorageClass", transition.storageClass.s3Name)
            }
        }
        if let seconds = rule.abortMultipartUploadsTransition?.condition?.maxAge {
            document.element("AbortIncompleteMultipartUpload") { $0.element("DaysAfterInitiation", days(seconds)) }
        }
    }

    private static func write(_ condition: LifecycleRule.Condition, to document: inout S3XMLWriter) {
        if let seconds = condition.maxAge { document.element("Days", days(seconds)) }
        if let date = condition.date { document.element("Date", date.text) }
    }

    private static func days(_ seconds: Int) -> Int { (seconds + secondsPerDay - 1) / secondsPerDay }

    func putLifecycle(_ call: S3Call) async throws -> S3Response {
        let request = try await call.document(root: "LifecycleConfiguration")
        let rules = try request.all("Rule").enumerated().map { try Self.rule($0.element, number: $0.offset + 1) }
        guard !rules.isEmpty else { throw S3XMLReader.malformed("it has no <Rule>") }
        try await buckets.setLifecycle(rules, of: call.bucket)
        return S3Response()
    }

    func deleteLifecycle(_ call: S3Call) async throws -> S3Response {
        try await buckets.setLifecycle([], of: call.bucket)
        return S3Response(status: 204)
    }

    private static func rule(_ element: S3XMLElement, number: Int) throws(S3Error) -> LifecycleRule {
        let known = [
            "ID", "Filter", "Prefix", "Status", "Expiration", "Transition", "AbortIncompleteMultipartUpload",
        ]
        for child in element.children where !known.contains(child.name) {
            throw S3Unsupported.error("<\(child.name)> of a lifecycle rule")
        }
        let isEnabled: Bool
        switch element["Status"]?.trimmed {
        case "Enabled": isEnabled = true
        case "Disabled": isEnabled = false
        default: throw S3XMLReader.malformed("the <Status> of a rule is Enabled or Disabled")
        }
        var transitions: [LifecycleRule.StorageTransition] = []
        for transition in element.all("Transition") {
            guard transition["StorageClass"]?.trimmed == "STANDARD_IA", let condition = try condition(transition) else {
                throw S3Error(
                    code: "InvalidStorageClass",
                    httpStatus: 400,
                    message: "objects can change to the storage class STANDARD_IA alone, after Days or at a Date"
                )
            }
            transitions.append(LifecycleRule.StorageTransition(condition: condition))
        }
        let abort = try element["AbortIncompleteMultipartUpload"]?["DaysAfterInitiation"].map { days throws(S3Error) in
            LifecycleRule.Condition(maxAgeSeconds: try self.days(days))
        }
        let expiration = try element["Expiration"].map { element throws(S3Error) in try condition(element) } ?? nil
        guard expiration != nil || abort != nil || !transitions.isEmpty else {
            throw S3XMLReader.malformed("a rule needs an <Expiration> or another action")
        }
        let id = element["ID"]?.trimmed ?? ""
        return LifecycleRule(
            id: id.isEmpty ? "rule-\(number)" : id,
            enabled: isEnabled,
            prefix: try prefix(element),
            deleteObjects: expiration,
            storageClass: transitions.isEmpty ? nil : transitions,
            abortUploads: abort
        )
    }

    /// The beginning of the keys, from the filter, or in the older form from the rule itself.
    private static func prefix(_ rule: S3XMLElement) throws(S3Error) -> String {
        guard let filter = rule["Filter"] else { return rule["Prefix"]?.text ?? "" }
        let conditions = filter["And"]?.children ?? filter.children
        for condition in conditions where condition.name != "Prefix" {
            throw S3Unsupported.error("<\(condition.name)> in the filter of a lifecycle rule")
        }
        return conditions.first?.text ?? ""
    }

    /// After how many days, or at which date; nil for an `<Expiration>` that is about versions alone.
    private static func condition(_ element: S3XMLElement) throws(S3Error) -> LifecycleRule.Condition? {
        if let marker = element["ExpiredObjectDeleteMarker"], marker.trimmed != "false" {
            throw S3Unsupported.error("<ExpiredObjectDeleteMarker> of a lifecycle rule")
        }
        if let days = element["Days"] { return LifecycleRule.Condition(maxAgeSeconds: try self.days(days)) }
        guard let text = element["Date"]?.trimmed else { return nil }
        guard let date = Timestamp(text) ?? Timestamp(text + "T00:00:00Z") else {
            throw S3XMLReader.malformed("\"\(text.prefix(64))\" is not a date")
        }
        return LifecycleRule.Condition(date: date)
    }

    private static func days(_ element: S3XMLElement) throws(S3Error) -> Int {
        let days = try number(element)
        guard days > 0, days <= Limits.ruleAgeSecondsMax / secondsPerDay else {
            throw S3Error.argument(element.name, "\(days)", "it is a number of days, from 1 on")
        }
        return days * secondsPerDay
    }
}
