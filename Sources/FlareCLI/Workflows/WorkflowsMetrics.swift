import ArgumentParser
import FlareClient
import FlareModel

struct WorkflowsMetrics: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "metrics",
        abstract: "Show what a workflow's runs, steps, sleeps and waits have counted, and how long they took.",
        discussion: """
            The numbers cover the whole life of the workflow, and are exact after any end of the engine. P50 and P99 \
            are bounds that half, and 99 of 100, did not exceed. Steps past the first \
            \(Limits.workflowMetricLabelsMax) names are counted together as "(other)". The same numbers are at GET \
            /metrics of the control port, for Prometheus.
            """
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The workflow.", completion: Complete.workflows)
    var name: String

    @Option(
        name: .long,
        help: "Only what this instance has counted; \"latest\" is the newest one.",
        completion: Complete.instances
    )
    var instance: String?

    @Flag(help: "Show them again and again; one line of JSON each time where there is no terminal.")
    var watch = false

    @Option(help: "With --watch: the time in between, as 500ms or 2s.")
    var interval = "2s"

    func execute(_ shell: Shell) async throws {
        let path = "/flare/v1/workflows/\(PercentCoding.encode(name))/metrics"
        let query = instance.map { [("instance", $0)] } ?? []
        let client = try await shell.client()
        guard watch else {
            let metrics = try await client.call("GET", path, query: query, as: WorkflowMetricsBody.self)
            return shell.emit(metrics) { WorkflowMetricsText.describe(metrics) }
        }
        let milliseconds = try parseDuration(interval).milliseconds
        let all = query + [("interval_ms", "\(milliseconds)")]
        let response = try await client.send("GET", path, query: all).check()
        for try await line in response.lines() {
            if shell.isTerminal && !shell.json {
                let metrics = try FlareJSON.decode(WorkflowMetricsBody.self, from: line)
                // To the upper left corner, and everything below it away.
                shell.line("\u{1B}[H\u{1B}[2J" + TerminalWidth.cut(WorkflowMetricsText.describe(metrics)))
            } else {
                shell.writeBytes(line + [UInt8(ascii: "\n")])
            }
        }
        if !Task.isCancelled {
            // The workflow is gone, or the engine is.
            _ = try await client.call("GET", WorkflowPath.workflow(name), as: WorkflowBody.self)
            throw FlareError(.engineUnavailable, "the engine has ended the stream", hint: "flare engine logs")
        }
    }
}

/// The numbers of a workflow as people read them.
enum WorkflowMetricsText {
    static func describe(_ metrics: WorkflowMetricsBody) -> String {
        var facts = [("workflow", metrics.name)]
        if let id = metrics.instanceID { facts.append(("instance", id)) }
        let unfinished = InstanceStatus.allCases.compactMap { status in
            metrics.unfinished[status.rawValue].map { "\($0) \(status.rawValue)" }
        }
        facts.append(("unfinished", unfinished.isEmpty ? "none" : unfinished.joined(separator: ", ")))
        return [Table.labelled(facts), runs(metrics.runs), labels(metrics.labels)].joined(separator: "\n\n")
    }

    private static func runs(_ runs: [WorkflowMetricsBody.Run]) -> String {
        Table.text(
            ["ENDED", "RUNS", "P50", "P99", "TOTAL"],
            runs.map { [$0.outcome, "\($0.count)"] + durations($0.durations, of: $0.count) }
        )
    }

    private static func labels(_ labels: [WorkflowMetricsBody.Label]) -> String {
        Table.text(
            ["LABEL", "TYPE", "RUNS", "FAILED", "RETRIES", "P50", "P99", "TOTAL"],
            labels.map { label in
                let type = label.type == "waitForEvent" ? "wait" : label.type
                return [
                    WorkflowText.cut(label.label, 24), type, "\(label.runs)", "\(label.failed)", "\(label.retries)",
                ] + durations(label.durations, of: label.runs)
            }
        )
    }

    private static func durations(_ durations: WorkflowMetricsBody.Durations, of count: Int) -> [String] {
        guard count > 0 else { return ["-", "-", "-"] }
        return ["≤ \(time(durations.p50))", "≤ \(time(durations.p99))", time(durations.total)]
    }

    private static func time(_ seconds: Double) -> String {
        WorkflowText.duration(.milliseconds(Int64((seconds * 1_000).rounded())))
    }
}
