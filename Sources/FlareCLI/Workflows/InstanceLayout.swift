import FlareModel

/// How much of an instance is shown, and how wide.
struct InstanceLayout: Sendable {
    /// Nil cuts nothing.
    var columns: Int?
    /// Nil shows all steps.
    var stepsMax: Int?
    /// Times to come are told as how long it is until then.
    var now: Timestamp
    var ink = Ink.none

    /// All of it.
    static func full(now: Timestamp, ink: Ink = .none) -> InstanceLayout {
        InstanceLayout(columns: nil, stepsMax: nil, now: now, ink: ink)
    }

    func with(_ ink: Ink) -> InstanceLayout {
        var layout = self
        layout.ink = ink
        return layout
    }

    /// Characters of a value that stands behind the label of a fact.
    var valueLimit: Int? { columns.map { max(20, $0 - 11) } }

    /// `5.2 s left`, or `due`.
    func left(until time: Timestamp) -> String {
        time <= now ? "due" : "\(WorkflowText.duration(time - now)) left"
    }
}

/// The steps of an instance as a table that fits the layout.
struct StepTable {
    private let steps: [StepBody]
    private let layout: InstanceLayout
    /// When the run has ended: what it left unfinished neither goes on nor waits any more.
    private let ended: Timestamp?

    init(_ steps: [StepBody], _ layout: InstanceLayout, ended: Timestamp? = nil) {
        self.steps = steps
        self.layout = layout
        self.ended = ended
    }

    private static let headers = ["STEP", "TYPE", "STATE", "TRIES", "DURATION", "RESULT"]
    /// The state of a step that the end of its run has cut off.
    static let unfinished = "unfinished"
    private static let nameLimit = 24
    /// What a result needs at least to say something.
    private static let resultLimit = 16

    /// The table, the errors that did not fit into it, and how many steps are left out.
    ///
    /// Empty without steps.
    var text: String {
        guard !steps.isEmpty else { return "" }
        let shown = chosen
        let rows = shown.map(cells)
        let width = layout.columns.map { columns in
            let fixed = Self.headers.indices.dropLast().map { column in
                ([Self.headers] + rows).map { $0[column].count }.max() ?? 0
            }
            return max(Self.resultLimit, columns - fixed.reduce(0) { $0 + $1 + 2 })
        }
        let fitted = rows.map { Array($0.dropLast()) + [WorkflowText.cut($0.last ?? "", width)] }
        let states = shown.map { state($0) }
        var parts = [
            Table.text(Self.headers, fitted) { row, column, cell in
                column == 2 ? layout.ink.paint(cell, states[row].tone) : cell
            }
        ]
        let errors = zip(shown, rows).filter { step, row in
            failure(step) != nil && width.map { (row.last ?? "").count > $0 } ?? false
        }
        // A few are enough to know what is wrong; --full has them all.
        for (step, _) in errors.suffix(3) {
            parts.append("\(step.name ?? step.type): \(failure(step).map(WorkflowText.text) ?? "")")
        }
        if shown.count < steps.count {
            parts.append("\(steps.count - shown.count) of \(steps.count) steps are not shown: --full")
        }
        return parts.joined(separator: "\n\n")
    }

    /// Those that are not complete come first, then the latest, all in the order of their start.
    private var chosen: [StepBody] {
        guard let most = layout.stepsMax, steps.count > most else { return steps }
        let open = steps.indices.filter { !["complete", ""].contains(state(steps[$0]).text) }
        var indices = Set(open.suffix(most / 2))
        for index in steps.indices.reversed() where indices.count < most { indices.insert(index) }
        return indices.sorted().map { steps[$0] }
    }

    private func cells(_ step: StepBody) -> [String] {
        [
            layout.columns == nil ? step.name ?? "" : Self.short(step.name ?? ""),
            step.type == "waitForEvent" ? "wait" : step.type, state(step).text,
            step.attempts.map { "\($0.count)" } ?? "", time(step), result(step),
        ].map(Self.line)
    }

    /// Text of user code on one line, without what would move the cursor.
    private static func line(_ text: String) -> String {
        String(
            String.UnicodeScalarView(text.unicodeScalars.map { $0.properties.generalCategory == .control ? " " : $0 })
        )
    }

    /// A long name keeps its occurrence.
    private static func short(_ name: String) -> String {
        guard name.count > nameLimit else { return name }
        let occurrence = name.lastIndex(of: "-").map { name[$0...] } ?? ""
        guard occurrence.count < nameLimit / 2 else { return WorkflowText.cut(name, nameLimit) }
        return name.prefix(nameLimit - 1 - occurrence.count) + "…" + occurrence
    }

    private func time(_ step: StepBody) -> String {
        guard let start = step.start, step.type != "termination" else { return "" }
        return WorkflowText.duration((step.end ?? max(start, ended ?? layout.now)) - start)
    }

    private func state(_ step: StepBody) -> (text: String, tone: Ink.Tone?) {
        if step.type == "termination" { return ("", nil) }
        if step.error != nil || step.success == false { return ("failed", .bad) }
        if step.success == true || step.finished == true { return ("complete", .good) }
        if ended != nil { return (Self.unfinished, .quiet) }
        switch step.type {
        case "sleep": return ("sleeping", .quiet)
        case "waitForEvent": return ("waiting", .quiet)
        default: return step.dueAt == nil ? ("running", .busy) : ("retrying", .quiet)
        }
    }

    /// Why it failed, or why its last attempt did.
    private func failure(_ step: StepBody) -> StepErrorBody? {
        step.error ?? (step.success == nil ? step.attempts?.last?.error : nil)
    }

    /// What it returned, why it failed, or what it waits for and how long; before that, whether a replay has kept it.
    private func result(_ step: StepBody) -> String {
        var parts: [String] = []
        if step.end == nil, ended == nil, let due = step.dueAt {
            let left = layout.left(until: due)
            switch step.type {
            case "sleep": parts.append(left)
            case "waitForEvent": parts.append("event \(step.eventType ?? ""), \(left)")
            default: parts.append("again: \(left)")
            }
        }
        if step.isPatched == true {
            parts.append("patched")
        } else if let run = step.keptFrom {
            parts.append("kept from run \(run)")
        }
        if let failure = failure(step) {
            parts.append(WorkflowText.text(failure))
        } else if let output = step.output {
            // More than a line would be cut again.
            parts.append(WorkflowText.json(output, limit: layout.columns))
        }
        return parts.joined(separator: "; ")
    }
}
