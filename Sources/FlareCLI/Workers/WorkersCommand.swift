import ArgumentParser
import FlareModel

/// The group `flare workers`.
struct WorkersCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "workers",
        abstract: "See deployed Workers, delete them, and call them by a clock.",
        subcommands: [
            WorkersList.self, WorkersGet.self, WorkersDelete.self, WorkerTriggersCommand.self,
            WorkersTriggerScheduled.self, WorkersBackfill.self,
        ]
    )
}

/// Addresses of Workers.
enum WorkerPath {
    static let all = "/flare/v1/workers"
    static let deployments = "/flare/v1/deployments"

    static func worker(_ name: String) -> String { "\(all)/\(PercentCoding.encode(name))" }
}

/// What a Worker is joined to, as lines of text.
enum WorkerText {
    static func lines(_ worker: WorkerBody) -> [String] {
        let handlers = worker.handlers.isEmpty ? [] : ["handlers   \(worker.handlers.joined(separator: ", "))"]
        let bindings = worker.bindings.map { "binding    env.\($0.name)  \($0.kind) \($0.target)" }
        let consumers = worker.consumers.map { consumer in
            "consumer   queue \(consumer.queue)" + (consumer.workflow.map { ", starts workflow \($0)" } ?? "")
        }
        let workflows = worker.workflows.map { "workflow   \($0.name)  class \($0.className)" }
        return handlers + bindings + consumers + workflows
    }
}
