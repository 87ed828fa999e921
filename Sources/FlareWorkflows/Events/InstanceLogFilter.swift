package import FlareModel
import FlareStore

/// Which lines of an instance's log somebody wants to see.
package struct InstanceLogFilter: Sendable {
    /// How bad a line is, from the least on.
    ///
    /// What code prints with `console.log` is `info`, as are the engine's own lines that tell of nothing bad.
    package enum Level: String, Sendable, CaseIterable {
        case debug, info, warn, error
    }

    /// A step's name, for all its occurrences, or the name with one, `read objects-1` or `read objects#1`.
    package var step: String?
    /// Only lines of this level and worse ones.
    package var level = Level.debug
    package var since: Timestamp?

    package init() {}

    /// The engine's own lines that tell of a failure, and those that tell of trouble that it deals with.
    private static let errors = """
        'workflow_errored', 'step_errored', 'attempt_errored', 'attempt_timed_out', 'rollback_failed',
        'rollback_step_errored', 'rollback_attempt_errored', 'rollback_attempt_timed_out'
        """
    private static let warnings = """
        'warning', 'wait_timed_out', 'attempt_interrupted', 'workflow_interrupted', 'rollback_attempt_interrupted'
        """

    /// A step's label for the text by which a replay knows it: `NAME-2` for `NAME#2`.
    private static func label(_ step: String) -> String {
        guard let sign = step.lastIndex(of: "#"), Int(step[step.index(after: sign)...]) != nil else { return step }
        return "\(step[..<sign])-\(step[step.index(after: sign)...])"
    }

    /// The filter as SQL, to stand behind other conditions.
    var condition: (sql: String, arguments: [SQLValue]) {
        var sql = ""
        var arguments: [SQLValue] = []
        if let step {
            sql += " AND (step = ? OR rtrim(step, '0123456789') = ? OR step = ?)"
            arguments += [.text(step), .text(step + "-"), .text(Self.label(step))]
        }
        if let since {
            sql += " AND at >= ?"
            arguments.append(.integer(since.milliseconds))
        }
        switch level {
        case .debug: break
        case .info: sql += " AND level IS NOT 'debug'"
        case .warn: sql += " AND (level IN ('warn', 'error') OR type IN (\(Self.errors), \(Self.warnings)))"
        case .error: sql += " AND (level = 'error' OR type IN (\(Self.errors)))"
        }
        return (sql, arguments)
    }
}
