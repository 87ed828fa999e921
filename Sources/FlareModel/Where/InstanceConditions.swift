/// Which instances a list or a replay in bulk is about: conditions that must all hold, written on one line.
///
/// `status=errored and age<7d, step.failed="read objects"`. Conditions are joined by `and` or by commas; values with
/// blanks, commas or quotes stand in quotes; `|` separates alternatives of a status or a trigger.
package struct InstanceConditions: Sendable, Hashable {
    package var conditions: [Condition] = []

    package init() {}

    /// No condition at all.
    package var isEmpty: Bool { conditions.isEmpty }

    /// One field compared with a value.
    package struct Condition: Sendable, Hashable {
        package var field: Field
        package var comparison: Comparison
        package var value: Value

        package init(_ field: Field, _ comparison: Comparison, _ value: Value) {
            self.field = field
            self.comparison = comparison
            self.value = value
        }
    }

    /// What of an instance is looked at.
    ///
    /// All but `id`, `created`, `age` and `trigger` are those of its current run.
    package enum Field: String, Sendable, Hashable, CaseIterable {
        case status, error, age, created, id, run, trigger, version
        /// It ran a step of this name, whatever became of it.
        case step
        case stepFailed = "step.failed"
        case stepComplete = "step.complete"
        case stepRunning = "step.running"
        case stepWaiting = "step.waiting"
    }

    package enum Comparison: String, Sendable, Hashable, CaseIterable {
        case equal = "="
        case notEqual = "!="
        /// Contains the text, whatever its case; with `*`, the whole fits the pattern.
        case like = "~"
        case notLike = "!~"
        case less = "<"
        case lessOrEqual = "<="
        case greater = ">"
        case greaterOrEqual = ">="
    }

    package enum Value: Sendable, Hashable {
        case text(String)
        case statuses([InstanceStatus])
        case alternatives([String])
        case number(Int)
        case duration(Duration)
        case time(Timestamp)
    }
}

extension InstanceConditions.Field {
    /// The comparisons that make sense for the field.
    var comparisons: [InstanceConditions.Comparison] {
        switch self {
        case .status, .trigger: [.equal, .notEqual]
        case .error, .id, .step, .stepFailed, .stepComplete, .stepRunning, .stepWaiting:
            [.equal, .notEqual, .like, .notLike]
        case .version: [.equal, .notEqual]
        case .age, .created: [.less, .lessOrEqual, .greater, .greaterOrEqual]
        case .run: [.equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual]
        }
    }
}
