import FlareModel

/// One thing that a lifecycle rule does with objects: delete them, or give them another storage class.
///
/// Pure: which objects are due, and when the next ones are.
struct LifecycleWork: Sendable, Hashable {
    enum Deed: Sendable, Hashable {
        case delete
        case setClass(StorageClass)
    }

    let rule: String
    let prefix: String
    let condition: LifecycleRule.Condition
    let deed: Deed

    /// What the rules of a bucket do with its objects; rules that are switched off do nothing.
    static func all(in rules: [LifecycleRule]) -> [LifecycleWork] {
        rules.filter(\.enabled).flatMap { rule in
            let deletion = rule.deleteObjectsTransition?.condition.map { ($0, Deed.delete) }
            let classes = (rule.storageClassTransitions ?? []).map { ($0.condition, Deed.setClass($0.storageClass)) }
            return ([deletion].compactMap { $0 } + classes).map { condition, deed in
                LifecycleWork(rule: rule.id, prefix: rule.prefix, condition: condition, deed: deed)
            }
        }
    }

    /// Objects that were written at this time or before are due now; nil when none is yet.
    func bound(at now: Timestamp) -> Timestamp? {
        switch condition.type {
        case .age: return now + .milliseconds(-Int64(condition.maxAge ?? 0) * 1000)
        case .date:
            // Objects written later were not there on that day, and stay.
            guard let date = condition.date, date <= now else { return nil }
            return date
        }
    }

    /// When an object that was written at a time after the bound is due; nil when it never is.
    func due(uploadedAt: Timestamp, at now: Timestamp) -> Timestamp? {
        switch condition.type {
        case .age: uploadedAt + .seconds(condition.maxAge ?? 0)
        case .date: condition.date.flatMap { $0 > now ? $0 : nil }
        }
    }
}
