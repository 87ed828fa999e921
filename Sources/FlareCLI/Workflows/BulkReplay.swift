import ArgumentParser
import FlareClient
import FlareModel

/// A replay of many instances: shows each as it is begun, and waits for all of them when asked to.
struct BulkReplay {
    let name: String
    let body: ReplayBody
    let waits: Bool

    /// Throws exit status 1 when one could not be replayed, or was waited for and did not complete.
    func run(_ shell: Shell) async throws {
        let client = try await shell.client()
        let response = try await client.send(
            "POST",
            WorkflowPath.own(name) + "/replay",
            headers: [("Content-Type", "application/json")],
            body: .bytes(FlareJSON.encode(body))
        )
        var begun: [String] = []
        var summary: ReplaySummaryBody?
        if body.dryRun == true, !shell.json {
            return try await showPlan(response, shell)
        }
        for try await line in try await response.check().lines() {
            let progress = try FlareJSON.decode(ReplayProgressBody.self, from: line)
            if let instance = progress.instance {
                if instance.error == nil { begun.append(instance.id) }
                if !shell.json { shell.line(Self.text(instance)) }
            }
            if shell.json { shell.writeBytes(line + [UInt8(ascii: "\n")]) }
            summary = progress.summary ?? summary
        }
        guard let summary else {
            throw FlareError(
                .engineUnavailable,
                "the engine went away after \(begun.count) instances; each is begun anew or as it was",
                hint: "give the command again for the rest"
            )
        }
        if !shell.json { shell.line(Self.text(summary)) }
        if let first = begun.first {
            await ReplayedVersion.tell(first, of: name, wanted: body.version, dryRun: false, client, shell)
        }
        let failed = waits ? try await waitForAll(begun, client, shell) : 0
        if summary.refused > 0 || failed > 0 { throw ExitCode(1) }
    }

    private func showPlan(_ response: EngineResponse, _ shell: Shell) async throws {
        var rows: [[String]] = []
        for try await line in try await response.check().lines() {
            guard let instance = try FlareJSON.decode(ReplayProgressBody.self, from: line).instance else { continue }
            rows.append([
                instance.id, instance.before?.rawValue ?? "", instance.fromStep ?? "", "\(instance.kept)",
                "\(instance.again)", instance.error?.message ?? "",
            ])
        }
        shell.table(["ID", "STATUS", "FROM", "KEPT", "RUN AGAIN", "REFUSED"], rows)
    }

    /// Returns how many did not complete.
    private func waitForAll(_ ids: [String], _ client: EngineClient, _ shell: Shell) async throws -> Int {
        var failed = 0
        for id in ids {
            var instance: InstanceDetailBody
            repeat {
                instance = try await client.call(
                    "GET",
                    WorkflowPath.own(name, id) + "/wait",
                    query: [("timeout", "\(Limits.workflowWaitSecondsMax)")],
                    as: InstanceDetailBody.self
                )
            } while !instance.status.isFinal
            guard instance.status != .complete else { continue }
            failed += 1
            shell.warn(WorkflowText.outcome(instance))
        }
        if !shell.json { shell.line("\(ids.count - failed) of \(ids.count) complete") }
        return failed
    }

    private static func text(_ instance: ReplayedBody) -> String {
        if let error = instance.error { return "\(instance.id)  not replayed: \(error.message)" }
        let from = instance.fromStep.map { "from \"\($0)\"" } ?? "from the beginning"
        let source = instance.source.map { " of \($0)" } ?? ""
        return "\(instance.id)  run \(instance.run ?? 1)\(source), \(from), \(instance.kept) steps kept"
    }

    private static func text(_ summary: ReplaySummaryBody) -> String {
        "\(summary.replayed) of \(summary.matched) replayed"
            + (summary.refused > 0 ? ", \(summary.refused) refused" : "")
    }
}
