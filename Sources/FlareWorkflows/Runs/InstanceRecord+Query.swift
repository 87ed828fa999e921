import FlareModel
import FlareStore
import FlareWorkers

/// The statements of a list of instances.
///
/// Candidates come from an index in the order of the list: all instances of the workflow, or those of one status. What
/// else the filter asks for is looked at in a bounded number of them, so that no page takes longer than that.
struct InstanceQuery {
    typealias Statement = (sql: String, arguments: [SQLValue])

    private let filter: InstanceFilter
    private let tables: String
    private let place: String
    private let source: Statement
    private let conditions: Statement

    init(of workflow: String, _ filter: InstanceFilter, at now: Timestamp) {
        self.filter = filter
        if let status = filter.onlyStatus {
            place = "r.instance"
            tables = """
                workflow_runs r INDEXED BY workflow_runs_status
                CROSS JOIN workflow_instances i ON i.seq = r.instance
                """
            source = (
                "r.workflow_id = ? AND r.status = ? AND r.is_current = 1",
                [.text(workflow), .text(status.rawValue)]
            )
        } else {
            place = "i.seq"
            tables = """
                workflow_instances i INDEXED BY workflow_instances_order
                CROSS JOIN workflow_runs r ON r.instance = i.seq AND r.run = i.run
                """
            source = ("i.workflow_id = ?", [.text(workflow)])
        }
        var compiled = filter.conditions.conditions.map { $0.compiled(at: now) }
        if let from = filter.createdFrom { compiled.append(("i.created_at >= ?", [.integer(from.milliseconds)])) }
        if let to = filter.createdTo { compiled.append(("i.created_at <= ?", [.integer(to.milliseconds)])) }
        conditions = (compiled.map { " AND \($0.sql)" }.joined(), compiled.flatMap(\.arguments))
    }

    /// The candidate behind so many others, found in the index alone; no row when there are fewer.
    func place(after cursor: Int64?, skipping count: Int) -> Statement {
        let (range, arguments) = range(after: cursor, to: nil)
        // The index alone answers: the other table is not needed to count places.
        let table = tables.split(separator: "\n", maxSplits: 1).first.map(String.init) ?? tables
        return (
            "SELECT \(place) FROM \(table) WHERE \(source.sql)\(range) ORDER BY \(place) \(direction) LIMIT 1 OFFSET ?",
            source.arguments + arguments + [.integer(Int64(count))]
        )
    }

    /// The rows of one page, none beyond `bound`.
    func page(to bound: Int64?) -> Statement {
        let (range, arguments) = range(after: filter.cursor, to: bound)
        return (
            """
            SELECT \(InstanceRecord.columns) FROM \(tables) WHERE \(source.sql)\(range)\(conditions.sql)
            ORDER BY \(place) \(direction) LIMIT ? OFFSET ?
            """,
            source.arguments + arguments + conditions.arguments
                + [.integer(Int64(filter.limit)), .integer(Int64(filter.offset))]
        )
    }

    /// How many instances fit, none beyond `bound`.
    func count(to bound: Int64?) -> Statement {
        let (range, arguments) = range(after: nil, to: bound)
        return (
            "SELECT COUNT(*) FROM \(tables) WHERE \(source.sql)\(range)\(conditions.sql)",
            source.arguments + arguments + conditions.arguments
        )
    }

    private var direction: String { filter.ascending ? "ASC" : "DESC" }

    private func range(after cursor: Int64?, to bound: Int64?) -> Statement {
        var (sql, arguments): Statement = ("", [])
        if let cursor {
            sql += " AND \(place) \(filter.ascending ? ">" : "<") ?"
            arguments.append(.integer(cursor))
        }
        if let bound {
            sql += " AND \(place) \(filter.ascending ? "<=" : ">=") ?"
            arguments.append(.integer(bound))
        }
        return (sql, arguments)
    }
}

extension InstanceConditions.Condition {
    /// The condition on `workflow_instances i` and its current run `workflow_runs r`, its values bound.
    fileprivate func compiled(at now: Timestamp) -> InstanceQuery.Statement {
        switch (field, value) {
        case (.age, .duration(let age)):
            // Older means created before.
            return ("i.created_at \(mirrored) ?", [.integer((now + .milliseconds(-age.milliseconds)).milliseconds)])
        case (.created, .time(let time)): return ("i.created_at \(comparison.sql) ?", [.integer(time.milliseconds)])
        case (.run, .number(let number)): return ("r.run \(comparison.sql) ?", [.integer(Int64(number))])
        case (.status, .statuses(let statuses)): return among("r.status", statuses.map(\.rawValue))
        case (.trigger, .alternatives(let names)): return among("i.trigger_source", names)
        case (.id, .text(let text)): return matching("i.id", text)
        case (.error, .text(let text)): return error(text)
        case (.version, .text(let text)):
            let found = """
                EXISTS (SELECT 1 FROM workflow_versions v
                    WHERE v.id = r.version_id AND (v.id = ? OR v.worker_version = ?))
                """
            return (comparison == .notEqual ? "NOT \(found)" : found, [.text(text), .text(text)])
        case (.step, .text(let text)): return step(text, status: nil)
        case (.stepFailed, .text(let text)): return step(text, status: .failed)
        case (.stepComplete, .text(let text)): return step(text, status: .complete)
        case (.stepRunning, .text(let text)): return step(text, status: .running)
        case (.stepWaiting, .text(let text)): return step(text, status: .waiting)
        default: preconditionFailure("the parser gives \"\(field.rawValue)\" a value of its own kind")
        }
    }

    private var mirrored: String {
        switch comparison {
        case .less: ">"
        case .lessOrEqual: ">="
        case .greater: "<"
        default: "<="
        }
    }

    private func among(_ column: String, _ names: [String]) -> InstanceQuery.Statement {
        let places = names.map { _ in "?" }.joined(separator: ", ")
        return ("\(column) \(comparison == .notEqual ? "NOT IN" : "IN") (\(places))", names.map { .text($0) })
    }

    private func matching(_ expression: String, _ text: String) -> InstanceQuery.Statement {
        switch comparison {
        case .equal: return ("\(expression) = ?", [.text(text)])
        case .notEqual: return ("\(expression) <> ?", [.text(text)])
        default:
            let sql =
                text.contains("*")
                ? "\(expression) GLOB ?" : "instr(lower(\(expression)), lower(?)) > 0"
            // Of GLOB's other signs none has a meaning here.
            let pattern = text.contains("*") ? Self.glob(text) : text
            return (comparison == .notLike ? "NOT (\(sql))" : sql, [.text(pattern)])
        }
    }

    private static func glob(_ text: String) -> String {
        text.map { "?[]".contains($0) ? "[\($0)]" : "\($0)" }.joined()
    }

    private func error(_ text: String) -> InstanceQuery.Statement {
        let part = { (key: String) in "json_extract(CAST(r.error AS TEXT), '$.\(key)')" }
        var (sql, arguments) = matching("(\(part("name")) || ': ' || \(part("message")))", text)
        if comparison == .equal || comparison == .notEqual {
            sql = "(\(part("message")) = ? OR \(part("name")) = ?)"
            arguments = [.text(text), .text(text)]
            if comparison == .notEqual { sql = "NOT \(sql)" }
        }
        // A run without an error does not have this one.
        let isNegative = comparison == .notEqual || comparison == .notLike
        return ("(r.error IS \(isNegative ? "NULL OR" : "NOT NULL AND") \(sql))", arguments)
    }

    private func step(_ text: String, status: StepRecord.Status?) -> InstanceQuery.Statement {
        var positive = self
        positive.comparison = comparison == .equal || comparison == .notEqual ? .equal : .like
        let (sql, arguments) = positive.matching("s.name", text)
        let isNegative = comparison == .notEqual || comparison == .notLike
        return (
            """
            \(isNegative ? "NOT " : "")EXISTS (SELECT 1 FROM workflow_steps s WHERE s.instance = i.seq AND s.run = r.run
                AND s.kind IN ('do', 'sleep', 'wait') AND \(sql)\(status == nil ? "" : " AND s.status = ?"))
            """,
            arguments + (status.map { [.text($0.rawValue)] } ?? [])
        )
    }
}

extension InstanceConditions.Comparison {
    fileprivate var sql: String { self == .notEqual ? "<>" : rawValue }
}
