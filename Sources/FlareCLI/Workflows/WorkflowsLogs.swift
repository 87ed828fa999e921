import ArgumentParser
import FlareClient
import FlareModel

struct WorkflowsLogs: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "logs",
        abstract: "Show what happened to an instance, and what its code printed.",
        discussion: """
            With --json, one object a line; --cursor takes the last one's cursor to go on after it. With --follow a \
            restart of the engine does not end it.
            """
    )

    /// How bad a line is.
    enum Level: String, ExpressibleByArgument, CaseIterable, Sendable {
        case debug, info, warn, error
    }

    @OptionGroup var global: GlobalOptions
    @OptionGroup var instance: InstanceArguments

    @Flag(name: .long, help: "Go on as lines are written, until the instance has ended.")
    var follow = false

    @Option(name: .long, help: "Only lines after this cursor.")
    var cursor: Int64 = 0

    @Option(name: .long, help: "Only lines about this step: NAME, or NAME-2 for the second of its name.")
    var step: String?

    @Option(name: .long, help: "Only lines of this level and worse ones. What console.log prints is info.")
    var level: Level?

    @Option(
        name: .long,
        help: ArgumentHelp("Only lines since this time, as 10m (ago) or in RFC 3339.", valueName: "time")
    )
    var since: String?

    func validate() throws {
        guard cursor >= 0 else { throw ValidationError("--cursor takes a whole number from 0") }
    }

    func execute(_ shell: Shell) async throws {
        let since = try since.map(Self.time)
        let filter = [("step", step), ("level", level?.rawValue), ("since", since?.text)]
        let query = filter.compactMap { name, value in value.map { (name, $0) } }
        guard follow else {
            let path = WorkflowPath.own(instance.name, instance.id) + "/logs"
            let all = query + [("cursor", "\(cursor)")]
            let client = try await shell.client()
            let response = try await client.send("GET", path, query: all)
            var count = 0
            for try await bytes in try await response.check().lines() {
                Self.show(bytes, try FlareJSON.decode(InstanceLogBody.self, from: bytes), shell)
                count += 1
            }
            guard count == 0, step != nil else { return }
            let detail = WorkflowPath.instance(instance.name, instance.id)
            tellMissing(try await client.call("GET", detail, as: InstanceDetailBody.self), shell)
            return
        }
        let log = FollowedLog(shell: shell, name: instance.name, query: query)
        var count = 0
        let end = try await log.run(of: instance.id, after: cursor) {
            Self.show($0, $1, shell)
            count += 1
        }
        if count == 0 { tellMissing(end, shell) }
    }

    /// Says that an instance which has ended has no step of that name; it may well be misspelt.
    private func tellMissing(_ instance: InstanceDetailBody, _ shell: Shell) {
        guard let step, instance.status.isFinal else { return }
        let labels = instance.steps.compactMap(\.name)
        let names = labels.map(WaitGoal.bareName)
        guard !labels.contains(WaitGoal.label(step)), !names.contains(step) else { return }
        let near = nearestName(to: step, in: names).map { ". Did you mean \"\($0)\"?" } ?? ""
        shell.tell("instance \"\(instance.id)\" has no step \"\(step)\"\(near)")
    }

    /// One line of text, or of JSON.
    static func show(_ bytes: [UInt8], _ line: InstanceLogBody, _ shell: Shell) {
        if shell.json {
            shell.writeBytes(bytes + [UInt8(ascii: "\n")])
        } else {
            shell.line(WorkflowText.line(line))
        }
    }

    /// A time, or a duration before now.
    private static func time(_ text: String) throws -> Timestamp {
        if let time = Timestamp(text) { return time }
        guard let ago = try? parseDuration(text) else {
            throw FlareError(
                .invalidArgument,
                "--since does not take \"\(text)\"",
                hint: "write how long ago, as 30s, 10m or 2h, or a time, as 2026-01-31T12:00:00Z"
            )
        }
        return .ago(ago)
    }
}
