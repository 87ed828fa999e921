import ArgumentParser
import FlareModel

/// The group `flare workers`.
struct WorkersCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "workers",
        abstract: "Deployed Workers, their versions, secrets and processes, and their calls by a clock.",
        subcommands: [
            WorkersList.self, WorkersGet.self, WorkersVersions.self, WorkersRollback.self, WorkerSecretCommand.self,
            WorkersInspect.self, WorkerTriggersCommand.self, WorkersTriggerScheduled.self, WorkersBackfill.self,
            WorkersDelete.self,
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
    static func inspect(_ name: String) -> String { "\(worker(name))/inspect" }
}

/// What a Worker is joined to, as lines of text.
enum WorkerText {
    /// Its processes and how they fare.
    static func lines(_ host: WorkerHostBody) -> [String] {
        let memory = formatSizeBytes(host.memoryLimitBytes)
        let limits = "limits     \(host.cpuLimitMilliseconds) ms of CPU at a stretch, \(memory), "
        let most = host.concurrency == 1 ? "1 process" : "\(host.concurrency) processes under load"
        let processes = host.processes.map { process in
            let open = process.invocations == 1 ? "1 invocation" : "\(process.invocations) invocations"
            let debugged = process.isInspected ? "  open to a debugger" : ""
            let share = Int((process.utilization * 100).rounded())
            let memory = formatSizeBytes(process.memoryBytes)
            return "process    \(process.pid)  \(open)  \(share) % CPU  \(memory)\(debugged)"
        }
        var lines = [limits + most] + processes
        if let broken = host.broken { lines.append("broken     \(broken)") }
        if let reason = host.lastCrash, let time = host.lastCrashOn {
            lines.append("crashes    \(host.crashes), the last one \(time.text): \(reason)")
        }
        if let next = host.nextStartOn { lines.append("held back  until \(next.text)") }
        return lines
    }

    static func lines(_ worker: WorkerBody) -> [String] {
        let handlers = worker.handlers.isEmpty ? [] : ["handlers   \(worker.handlers.joined(separator: ", "))"]
        let bindings = worker.bindings.map { binding in
            let entrypoint = binding.entrypoint.map { ", entrypoint \($0)" } ?? ""
            return "binding    env.\(binding.name)  \(binding.kind) \(binding.target)\(entrypoint)"
        }
        let consumers = worker.consumers.map { consumer in
            "consumer   queue \(consumer.queue)" + (consumer.workflow.map { ", starts workflow \($0)" } ?? "")
        }
        let crons = (worker.crons ?? []).map { "cron       \"\($0)\"" }
        let workflows = worker.workflows.map { workflow in
            let schedules = (workflow.schedules ?? []).map { ", cron \"\($0)\"" }.joined()
            return "workflow   \(workflow.name)  class \(workflow.className)\(schedules)"
        }
        let variables = worker.vars.map { "variable   env.\($0)" }
        let local = worker.localSecrets ?? []
        let secrets = worker.secrets.filter { !local.contains($0) }.map { "secret     env.\($0)" }
        let localSecrets = local.map { "secret     env.\($0)  by flare dev, in this version only" }
        return handlers + bindings + variables + secrets + localSecrets + consumers + crons + workflows
    }
}
