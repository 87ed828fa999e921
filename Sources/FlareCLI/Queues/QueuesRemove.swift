import ArgumentParser
import FlareClient
import FlareModel

struct QueuesRemove: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove",
        abstract: "Remove single messages from a queue, for good.",
        discussion: """
            Messages are named by their ids or cursors (peek, tail), or by --where. With --where, those that a \
            consumer has stay. Ends with status 66 when a message that was named is not there.
            """
    )

    @OptionGroup var global: GlobalOptions
    @OptionGroup var filter: MessageFilterOption

    @Argument(help: "The queue.", completion: Complete.queues)
    var name: String

    @Argument(help: "Ids or cursors of messages.")
    var messages: [String] = []

    @Flag(help: "With --where: the dead messages that the queue keeps, instead of the living ones.")
    var dead = false

    @Flag(help: "With --where: say what would be done.")
    var dryRun = false

    @Flag(name: .shortAndLong, help: "Do not ask.")
    var yes = false

    func validate() throws {
        guard messages.isEmpty == (filter.filter != nil) else {
            throw ValidationError("name messages, or give --where; to remove all, see flare queues purge")
        }
        if filter.filter == nil, dead || dryRun { throw ValidationError("--dead and --dry-run go with --where") }
    }

    /// What was removed, and what was not there.
    private struct Report: Encodable, Sendable {
        var count = 0
        var missing: [String] = []
    }

    func execute(_ shell: Shell) async throws {
        let client = try await shell.client()
        if let filter = filter.filter { return try await removeFitting(filter, shell, client) }
        var report = Report()
        for start in stride(from: 0, to: messages.count, by: Limits.messageBatchMax) {
            let some = Array(messages[start..<min(start + Limits.messageBatchMax, messages.count)])
            try await remove(some, client, &report)
        }
        shell.emit(report) { "removed \(counted(report.count, "message")) from \(name)" }
        guard let missing = report.missing.first else { return }
        throw FlareError(
            .objectNotFound,
            report.missing.count == 1
                ? "message \"\(missing)\" is not in queue \"\(name)\""
                : "\(report.missing.count) messages are not in queue \"\(name)\", the first being \"\(missing)\"",
            hint: "see: flare queues peek \(name)"
        )
    }

    private func remove(_ some: [String], _ client: EngineClient, _ report: inout Report) async throws {
        // A cursor is a number, an id has 32 hexadecimal digits.
        let cursors = some.filter { $0.utf8.count < 20 && Int64($0) != nil }
        if !cursors.isEmpty {
            let request = ["refs": cursors.map { ["ref": $0] }]
            let path = try QueuePath.queue(name) + "/messages/purge"
            let answer = try await client.call("POST", path, body: request, as: QueueRemoveBody.self)
            report.count += cursors.count - answer.warnings.count
            report.missing += cursors.filter { answer.warnings[$0] != nil }
        }
        for id in some where !cursors.contains(id) {
            var request = QueueTransferRequest(filter: "id=\"\(id.filter { $0 != "\"" && $0 != "\\" })\"", set: .all)
            var removed = 0
            repeat {
                let path = try QueuePath.own(name, "remove")
                let page = try await client.call("POST", path, body: request, as: QueueTransferBody.self)
                if page.leasedCount > 0 {
                    throw FlareError(
                        .inUse,
                        "message \"\(id)\" is with a consumer now",
                        hint: "try again when its lease has ended, or name it by its cursor to remove it all the same"
                    )
                }
                removed += page.count
                request.cursor = page.cursor
            } while removed == 0 && request.cursor != nil
            report.count += removed
            if removed == 0 { report.missing.append(id) }
        }
    }

    private func removeFitting(_ filter: String, _ shell: Shell, _ client: EngineClient) async throws {
        if !dryRun { try shell.confirm("remove the messages of queue \"\(name)\" where \(filter)", yes: yes) }
        let run = TransferRun(
            queue: name,
            verb: "remove",
            shell: shell,
            engine: SteadyEngine(shell, client, patience: .seconds(30)),
            request: QueueTransferRequest(filter: filter, set: dead ? .dead : .living, isDryRun: dryRun ? true : nil)
        )
        var done = QueueTransferBody()
        do {
            try await run.run(&done)
        } catch {
            if done.count > 0 { shell.tell("interrupted: \(counted(done.count, "message")) removed, the rest left") }
            throw error
        }
        done.cursor = nil
        shell.emit(done) {
            "\(dryRun ? "would remove" : "removed") \(counted(done.count, "message")) from \(name)"
        }
        for line in done.leftText(queue: name) where !shell.json { shell.tell(line) }
    }
}
