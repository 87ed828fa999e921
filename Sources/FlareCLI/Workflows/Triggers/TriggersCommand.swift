import ArgumentParser
import FlareClient
import FlareModel

/// The commands below `flare workflows triggers`.
struct WorkflowTriggersCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "triggers",
        abstract: "Begin instances by a clock or by a queue.",
        subcommands: [
            WorkflowTriggersAdd.self, WorkflowTriggersList.self, WorkflowTriggersRuns.self, WorkflowTriggersDelete.self,
        ]
    )
}

/// The commands below `flare workers triggers`.
struct WorkerTriggersCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "triggers",
        abstract: "Call the scheduled() handler of a Worker by a clock.",
        subcommands: [
            WorkerTriggersAdd.self, WorkerTriggersList.self, WorkerTriggersRuns.self, WorkerTriggersDelete.self,
        ]
    )
}

/// Addresses of triggers and what they run.
enum TriggerPath {
    static let workflows = "/flare/v1/triggers/workflows"
    static let workers = "/flare/v1/triggers/workers"

    static func workflow(_ name: String, _ verb: String = "triggers") -> String {
        "/flare/v1/workflows/\(PercentCoding.encode(name))/\(verb)"
    }

    static func worker(_ name: String, _ verb: String = "triggers") -> String {
        "/flare/v1/workers/\(PercentCoding.encode(name))/\(verb)"
    }
}

/// Triggers and their runs as text.
enum TriggerText {
    static let headers = ["NAME", "TRIGGER", "SET BY", "NEXT", "LAST", "OUTCOME", "MISSED"]
    static let runHeaders = ["TIME", "CRON", "ORIGIN", "STATUS", "ATTEMPTS", "INSTANCE", "ERROR"]

    /// Prints the triggers that an address has.
    static func list(_ path: String, _ shell: Shell) async throws {
        let triggers = try await shell.client().call("GET", path, as: [TriggerBody].self)
        shell.list(triggers, headers, row: row)
    }

    /// Prints the scheduled runs that an address has, the newest first.
    static func listRuns(_ path: String, limit: Int, _ shell: Shell) async throws {
        let query = [("limit", "\(limit)")]
        let runs = try await shell.client().call("GET", path, query: query, as: [ScheduledRunBody].self)
        shell.list(runs, runHeaders, row: runRow)
    }

    static func row(_ trigger: TriggerBody) -> [String] {
        let missed = trigger.missed.map { missed in
            missed.count == 1
                ? "1: \(minute(missed.from))" : "\(missed.count): \(minute(missed.from)) to \(minute(missed.to))"
        }
        return [
            trigger.workflow ?? trigger.worker ?? "-", kind(trigger), trigger.source, minute(trigger.next),
            minute(trigger.last?.scheduledTime), trigger.last?.status ?? "-", missed ?? "-",
        ]
    }

    static func runRow(_ run: ScheduledRunBody) -> [String] {
        [
            run.scheduledTime.text, run.cron, run.origin, run.status, run.attempts.map { "\($0)" } ?? "-",
            run.instance ?? "-", run.error.map { "\($0.name): \($0.message)" } ?? "-",
        ]
    }

    /// What triggers, without how.
    static func source(_ trigger: TriggerBody) -> String {
        trigger.queue.map { "queue \($0)" } ?? "cron \"\(trigger.cron ?? "")\""
    }

    /// What a trigger is, in a few words.
    static func kind(_ trigger: TriggerBody) -> String {
        if let queue = trigger.queue {
            let size = trigger.settings?.batchSize.map { ", \($0) messages" } ?? ""
            return "queue \(queue)\(size)"
        }
        let catchUp = trigger.catchUp.map { $0 == .none ? "" : ", catch up \($0.rawValue)" } ?? ""
        return "cron \"\(trigger.cron ?? "")\"\(catchUp)"
    }

    /// A time to the minute, in UTC as cron expressions are.
    static func minute(_ time: Timestamp?) -> String {
        time.map { $0.text.prefix(16) + "Z" } ?? "-"
    }

    /// Tells what was added.
    static func added(_ trigger: TriggerBody) -> String {
        guard let next = trigger.next else { return "\(trigger.workflow ?? "") is triggered by \(kind(trigger))" }
        return "\(trigger.workflow ?? trigger.worker ?? "") runs at \(kind(trigger)), next \(minute(next))"
    }
}

/// The option that says what becomes of missed times.
struct CatchUpOption: ParsableArguments, Sendable {
    @Option(
        name: .long,
        help: "What to do about times missed while the engine was down: none of them, the last, or all (1000 at most).",
        completion: .list(ScheduleCatchUp.allCases.map(\.rawValue))
    )
    var catchUp: String?

    func validate() throws { _ = try value() }

    /// Nil when it was not given.
    func value() throws -> ScheduleCatchUp? {
        guard let catchUp else { return nil }
        guard let value = ScheduleCatchUp(rawValue: catchUp) else {
            throw ValidationError("--catch-up takes none, last or all, not \"\(catchUp)\"")
        }
        return value
    }
}
