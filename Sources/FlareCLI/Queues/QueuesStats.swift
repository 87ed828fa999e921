import ArgumentParser
import FlareClient
import FlareModel
import FoundationEssentials

struct QueuesStats: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "stats",
        abstract: "Show how many messages queues hold, what state they are in, and how fast they come and go.",
        discussion: """
            Rates are messages a second over the last minute. With --watch a terminal is rewritten each time; \
            elsewhere, and with --json or --jsonl, each look is one line of JSON for each queue.
            """
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The queues; all of them by default.", completion: Complete.queues)
    var names: [String] = []

    @Flag(help: "Show them again and again.")
    var watch = false

    @Option(help: "With --watch: the time in between, as 500ms or 2s.")
    var interval = "2s"

    @Option(help: "With --watch: end after so many looks.")
    var count: Int?

    @Flag(help: "Print one line of JSON for each queue.")
    var jsonl = false

    func validate() throws {
        if let count, count < 1 { throw ValidationError("--count takes a whole number from 1") }
        if count != nil, !watch { throw ValidationError("--count goes with --watch") }
    }

    func execute(_ shell: Shell) async throws {
        let interval = try parseDuration(interval)
        guard interval >= .milliseconds(100) else {
            throw FlareError(.invalidArgument, "--interval is at least 100ms")
        }
        let engine = SteadyEngine(shell, try await shell.client(), patience: watch ? nil : .zero)
        var looks = 0
        while true {
            let stats = try await look(engine)
            show(stats, shell)
            looks += 1
            guard watch, count.map({ looks < $0 }) ?? true else { return }
            try await Pace.pause(for: interval)
        }
    }

    private func look(_ engine: SteadyEngine) async throws -> [QueueStatsBody] {
        var names = names
        if names.isEmpty {
            let all = try await engine.call {
                try await $0.call("GET", QueuePath.all, as: [QueueBody].self)
            }
            names = all.value.map(\.name)
        }
        var stats: [QueueStatsBody] = []
        for name in names {
            let path = try QueuePath.own(name, "stats")
            do {
                stats.append(try await engine.call { try await $0.call("GET", path, as: QueueStatsBody.self) }.value)
            } catch let error as FlareError where error.code == .queueNotFound && self.names.isEmpty {
                // Deleted since the list was read.
            }
        }
        return stats
    }

    private func show(_ stats: [QueueStatsBody], _ shell: Shell) {
        if jsonl || watch && (shell.json || !shell.isTerminal) {
            for queue in stats { shell.writeBytes(FlareJSON.encode(queue) + [UInt8(ascii: "\n")]) }
        } else if shell.json {
            // One queue is an object, as elsewhere.
            if names.count == 1, let only = stats.first { return shell.emit(only) { "" } }
            shell.emit(stats) { "" }
        } else {
            // To the upper left corner, and everything below it away.
            let head = watch ? "\u{1B}[H\u{1B}[2J" : ""
            shell.line(head + TerminalWidth.cut(QueueStatsText.describe(stats, now: Timestamp(Date()), ink: .standard)))
        }
    }
}

/// The numbers of queues as people read them.
enum QueueStatsText {
    static func describe(_ stats: [QueueStatsBody], now: Timestamp, ink: Ink) -> String {
        let headers = [
            "NAME", "WAITING", "LEASED", "DELAYED", "DEAD", "SIZE", "OLDEST", "IN/S", "OUT/S", "FAILED/S", "CONSUMER",
        ]
        let rows = stats.map { queue in
            [
                queue.queue, "\(queue.visibleCount)", "\(queue.leasedCount)", "\(queue.delayedCount)",
                "\(queue.deadCount)", formatSizeBytes(queue.backlogBytes),
                queue.oldestMessage.map { ageText(now - $0) } ?? "-", rate(queue.rates.accepted),
                rate(queue.rates.acknowledged), rate(queue.rates.retried + queue.rates.died), consumer(of: queue),
            ]
        }
        return Table.text(headers, rows) { row, column, cell in
            switch column {
            case 4 where stats[row].deadCount > 0: ink.paint(cell, .bad)
            case 10 where stats[row].isPaused: ink.paint(cell, .quiet)
            default: cell
            }
        }
    }

    private static func consumer(of queue: QueueStatsBody) -> String {
        guard !queue.isPaused else { return "paused" }
        guard let type = queue.consumerType else { return "-" }
        let name = queue.consumerName.map { "\(type) \($0)" } ?? type
        guard let most = queue.concurrencyMax else { return name }
        return "\(name) (\(queue.concurrency) of \(most))"
    }

    /// `0`, `0.3`, `12`, `4500`.
    static func rate(_ value: Double) -> String {
        if value <= 0 { return "0" }
        if value >= 10 { return "\(Int(value.rounded()))" }
        let tenths = Int((value * 10).rounded())
        if tenths == 0 { return "<0.1" }
        return tenths % 10 == 0 ? "\(tenths / 10)" : "\(tenths / 10).\(tenths % 10)"
    }
}
