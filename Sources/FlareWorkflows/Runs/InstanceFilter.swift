package import FlareModel

/// Which instances a list shows, and which page of them.
package struct InstanceFilter: Sendable {
    package var status: InstanceStatus?
    /// What `--where` asks for.
    package var conditions = InstanceConditions()
    /// Newest first, unless ascending.
    package var ascending = false
    /// Only those after this one in the order of the list.
    package var cursor: Int64?
    package var createdFrom: Timestamp?
    package var createdTo: Timestamp?
    package var limit = 20
    package var offset = 0

    package init() {}

    /// The filter with a text of conditions; throws `invalidArgument` when it cannot be read.
    package init(where text: String) throws {
        conditions = try InstanceConditions(parsing: text)
    }

    /// The one status that every instance found has.
    var onlyStatus: InstanceStatus? {
        if let status { return status }
        for condition in conditions.conditions where condition.comparison == .equal {
            if case .statuses(let statuses) = condition.value, statuses.count == 1 { return statuses[0] }
        }
        return nil
    }

    /// Whether the filter asks for nothing but `onlyStatus`.
    var isPlain: Bool {
        let others = conditions.conditions.filter { condition in
            guard let status = onlyStatus else { return true }
            return condition != .init(.status, .equal, .statuses([status]))
        }
        return others.isEmpty && createdFrom == nil && createdTo == nil
    }
}

/// One page of a list of instances.
package struct InstancePage: Sendable {
    package var page: [InstanceBody]
    /// How many the filter finds on all pages; nil when it was not counted.
    package var total: Int?
    /// Whether there may be more than `total`.
    package var isLowerBound: Bool
    /// Where the next page begins; nil at the end.
    ///
    /// A page of a filter that finds little may be short, or empty, and still have one.
    package var cursor: Int64?
}
