import FlareModel
import FlareStore

extension InstanceRecord {
    /// One page of the instances that a filter finds, and where the next one begins.
    static func list(
        of workflow: String,
        _ filter: InstanceFilter,
        at now: Timestamp,
        in transaction: Transaction
    ) throws -> (page: [InstanceRecord], cursor: Int64?) {
        var filter = filter
        if filter.isPlain, filter.offset > 0 {
            // Skips in the index, without reading what is skipped.
            let (sql, arguments) = InstanceQuery(of: workflow, filter, at: now)
                .place(after: filter.cursor, skipping: filter.offset - 1)
            guard let last = try transaction.rows(sql, arguments, decode: { $0.integer(0) }).first else {
                return ([], nil)
            }
            filter.cursor = last
            filter.offset = 0
        }
        let query = InstanceQuery(of: workflow, filter, at: now)
        let bound = try filter.isPlain ? nil : bound(query, after: filter.cursor, in: transaction)
        let (sql, arguments) = query.page(to: bound)
        let page = try transaction.rows(sql, arguments, decode: InstanceRecord.init)
        return (page, page.count == filter.limit ? page.last?.sequence : bound)
    }

    private static func bound(
        _ query: InstanceQuery,
        after cursor: Int64?,
        in transaction: Transaction
    ) throws -> Int64? {
        let last = Limits.workflowFilterScanMax - 1
        let (sql, arguments) = query.place(after: cursor, skipping: last)
        return try transaction.rows(sql, arguments) { $0.integer(0) }.first
    }

    /// How many instances the filter finds on all its pages.
    ///
    /// Exact for a list without conditions or with a status alone. Other filters are counted among the first
    /// `workflowFilterScanMax` candidates; when there are more, the count is a lower bound.
    static func count(
        of workflow: String,
        _ filter: InstanceFilter,
        at now: Timestamp,
        in transaction: Transaction
    ) throws -> (total: Int, isLowerBound: Bool) {
        guard !filter.isPlain else {
            let counts = try InstanceCountRecord.counts(of: workflow, in: transaction)
            guard let status = filter.onlyStatus else { return (counts.values.reduce(0, +), false) }
            return (counts[status.rawValue] ?? 0, false)
        }
        let query = InstanceQuery(of: workflow, filter, at: now)
        let bound = try bound(query, after: nil, in: transaction)
        let (sql, arguments) = query.count(to: bound)
        let total = try transaction.rows(sql, arguments) { $0.int(0) }.first ?? 0
        return (total, bound != nil)
    }
}
