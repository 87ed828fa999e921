import ArgumentParser
import FlareModel

/// The group `flare workers`.
struct WorkersCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "workers",
        abstract: "Deployed Workers, their versions and their secrets.",
        subcommands: [
            WorkersList.self, WorkersGet.self, WorkersDelete.self, WorkersVersions.self, WorkersRollback.self,
            WorkerSecretCommand.self,
        ]
    )
}

/// Addresses of Workers.
enum WorkerPath {
    static let all = "/flare/v1/workers"
    static let deployments = "/flare/v1/deployments"
    /// Of all Workers.
    static let tail = "/flare/v1/tail"

    static func own(_ name: String, _ part: String) -> String { "\(worker(name))/\(part)" }

    /// Secrets, which are as Cloudflare's API has them.
    static func secrets(_ name: String) -> String { script(name) + "/secrets" }
    static func secretsBulk(_ name: String) -> String { script(name) + "/secrets-bulk" }

    private static func script(_ name: String) -> String {
        "/client/v4/accounts/local/workers/scripts/\(PercentCoding.encode(name))"
    }

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
        let variables = worker.vars.map { "variable   env.\($0)" }
        let secrets = worker.secrets.map { "secret     env.\($0)" }
        return handlers + bindings + variables + secrets + consumers + workflows
    }
}
