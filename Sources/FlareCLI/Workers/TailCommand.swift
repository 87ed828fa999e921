import ArgumentParser
import FlareClient
import FlareModel

/// The command `flare tail [WORKER]`.
struct TailCommand: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "tail",
        abstract: "Show what Workers do as it happens: each call with its console lines and errors.",
        discussion: """
            A call is shown when it has ended. Goes on when the engine is restarted, until Ctrl-C. At a terminal the \
            text is for people, otherwise each event is one line of JSON, to be piped into jq.
            """
    )

    /// How events are written.
    enum Format: String, ExpressibleByArgument, CaseIterable, Sendable {
        case pretty, json
    }

    /// How a call ended.
    enum Status: String, ExpressibleByArgument, CaseIterable, Sendable {
        case ok, error, canceled
    }

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The Worker. Default: all of them.", completion: Complete.workers)
    var worker: String?

    @Option(help: "How events are written. Default: pretty at a terminal, otherwise json.")
    var format: Format?

    @Flag(help: "As --format json.")
    var jsonl = false

    @Option(help: "Only calls that ended so. May be repeated.")
    var status: [Status] = []

    @Option(help: "Only calls with this text in a console line or an error.")
    var search: String?

    @Option(help: "Only requests with this method. May be repeated.")
    var method: [String] = []

    @Option(help: ArgumentHelp("Only requests with this header. May be repeated.", valueName: "name[:value]"))
    var header: [String] = []

    @Option(help: "The share of calls to show, from 0 to 1, by chance.")
    var samplingRate: Double?

    @Option(help: "Only calls of this version.", completion: Complete.versions)
    var versionId: String?

    func validate() throws {
        if let samplingRate, !(0...1).contains(samplingRate) {
            throw ValidationError("--sampling-rate takes a number from 0 to 1")
        }
    }

    func execute(_ shell: Shell) async throws {
        let isPretty = format.map { $0 == .pretty } ?? (shell.isTerminal && !jsonl && !shell.json)
        let path = worker.map { WorkerPath.own($0, "tail") } ?? WorkerPath.tail
        let output = TailOutput(shell: shell, isPretty: isPretty)
        try await EngineFollow(shell: shell, path: path, query: query).run { try output.write($0) }
    }

    private var query: [(String, String)] {
        var query = status.map { ("status", $0.rawValue) }
        query += method.map { ("method", $0) } + header.map { ("header", $0) }
        if let search { query.append(("search", search)) }
        if let samplingRate { query.append(("sampling_rate", "\(samplingRate)")) }
        if let versionId { query.append(("version_id", versionId)) }
        return query
    }
}

/// Writes the lines of a tail.
struct TailOutput: Sendable {
    let shell: Shell
    let isPretty: Bool

    func write(_ line: [UInt8]) throws {
        guard isPretty else { return shell.writeBytes(line + [UInt8(ascii: "\n")]) }
        if let missed = try? FlareJSON.decode(TraceMissedBody.self, from: line) {
            return shell.warn("\(missed.missed) calls were missed: they came faster than they were read")
        }
        shell.line(TraceText.of(try FlareJSON.decode(TraceBody.self, from: line)))
    }
}
