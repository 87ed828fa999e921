import ArgumentParser
import FlareClient
import FlareModel

struct PipelinesTail: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "tail",
        abstract: "Show the records of a pipeline as they pass, without touching them.",
        discussion: """
            Each record is one line of JSON, to be piped into jq. With --json or --jsonl the line also has the \
            record's offset, its time and its source, and says when records were missed because they came faster than \
            they were read. Ends with --count, or Ctrl-C.
            """
    )

    /// Where records are looked at.
    enum Stage: String, ExpressibleByArgument, CaseIterable, Sendable {
        case before, after
    }

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The pipeline.", completion: Complete.pipelines)
    var name: String

    @Option(help: "Show records before or after the transforms; after them when they are written.")
    var stage = Stage.before

    @Option(
        name: .customLong("where"),
        help: ArgumentHelp(
            "Only records with this value: .merchantId=m-1, .user.id!=7. May be repeated; all must hold.",
            valueName: "path=value"
        )
    )
    var conditions: [String] = []

    @Option(help: "End after this many records.")
    var count: Int?

    @Flag(help: "Print offset, time and source beside each record.")
    var jsonl = false

    func validate() throws {
        if let count, count < 1 { throw ValidationError("--count takes a whole number from 1") }
    }

    func execute(_ shell: Shell) async throws {
        var query = [("stage", stage.rawValue)] + conditions.map { ("where", $0) }
        if let count { query.append(("count", "\(count)")) }
        let client = try await shell.client()
        let response = try await client.send("GET", PipelinePath.own(name, "tail"), query: query).check()
        var seen = 0
        for try await line in response.lines() {
            if line.starts(with: Self.missed) {
                warnOfMissed(line, shell)
            } else {
                seen += 1
                shell.writeBytes((jsonl || shell.json ? line : Self.record(in: line)) + [UInt8(ascii: "\n")])
            }
            if seen == count { return }
        }
        if !Task.isCancelled { throw await PipelineEnd.reason(name, client) }
    }

    private func warnOfMissed(_ line: [UInt8], _ shell: Shell) {
        if jsonl || shell.json { return shell.writeBytes(line + [UInt8(ascii: "\n")]) }
        let digits = line.dropFirst(Self.missed.count).prefix { (48...57).contains($0) }
        shell.warn(
            "\(String(decoding: digits, as: UTF8.self)) records were missed: they came faster than they were read"
        )
    }

    private static let missed = Array(#"{"missed":"#.utf8)
    private static let member = Array(#""record":"#.utf8)

    /// The record of a line, byte for byte: it stands last, behind members whose texts the engine chose.
    private static func record(in line: [UInt8]) -> [UInt8] {
        guard let start = line.indices.first(where: { line[$0...].starts(with: member) }) else { return line }
        return Array(line[(start + member.count)...].dropLast())
    }
}
