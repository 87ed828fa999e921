import ArgumentParser
import FlareClient
import FlareModel

/// `flare pipelines rejects …`: records that were accepted and could not go on.
struct PipelineRejects: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rejects",
        abstract: "Look at records that a transform could not take, mend them and send them again.",
        subcommands: [
            PipelineRejectsList.self, PipelineRejectsShow.self, PipelineRejectsReplay.self, PipelineRejectsPurge.self,
        ]
    )
}

struct PipelineRejectsList: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the rejects of a pipeline, oldest first."
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The pipeline.", completion: Complete.pipelines)
    var name: String

    @Option(help: "How many rejects at most.")
    var limit = 100

    @Option(help: ArgumentHelp("Only rejects after this one.", valueName: "id"))
    var cursor: String?

    @Option(help: "Only rejects of the transform with this label.")
    var label: String?

    @Flag(help: "Print each reject as a line of JSON.")
    var jsonl = false

    func validate() throws {
        guard limit > 0 else { throw ValidationError("--limit takes a whole number from 1") }
    }

    func execute(_ shell: Shell) async throws {
        var pages = RejectPages(client: try await shell.client(), pipeline: name, after: cursor, label: label)
        var (rejects, count) = ([RejectBody](), 0)
        while count < limit, let page = try await pages.next(limit: limit - count) {
            count += page.count
            if jsonl {
                for reject in page { shell.writeBytes(reject.line + [UInt8(ascii: "\n")]) }
            } else {
                rejects += page
            }
        }
        if jsonl { return noteMore(pages, shell) }
        if shell.json {
            let lines = rejects.map { "  " + String(decoding: $0.line, as: UTF8.self) }
            shell.line(lines.isEmpty ? "[]" : "[\n" + lines.joined(separator: ",\n") + "\n]")
        } else {
            let headers = ["ID", "TIME", "SOURCE", "OFFSET", "LABEL", "REASON"]
            shell.line(TerminalWidth.cut(Table.text(headers, rejects.map(Self.row))))
        }
        noteMore(pages, shell)
    }

    private func noteMore(_ pages: RejectPages, _ shell: Shell) {
        guard pages.hasMore, let last = pages.after else { return }
        shell.note("there are more rejects: --limit N, or --cursor \(last)")
    }

    private static func row(_ reject: RejectBody) -> [String] {
        [
            reject.id, reject.rejectedAt.text, reject.source, "\(reject.offset)", reject.label ?? "-",
            String(reject.reason.prefix { !$0.isNewline }),
        ]
    }
}

struct PipelineRejectsShow: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show one reject: its record, and why and where it was rejected."
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The pipeline.", completion: Complete.pipelines)
    var name: String

    @Argument(help: "The reject.", completion: Complete.rejects)
    var id: String

    func execute(_ shell: Shell) async throws {
        let path = PipelinePath.own(name, "rejects", id)
        let reject = try await shell.client().call("GET", path, as: RejectBody.self)
        if shell.json { return shell.writeBytes(reject.line + [UInt8(ascii: "\n")]) }
        shell.line(
            Table.labelled([
                ("id", reject.id), ("reason", Shell.harmless(reject.reason)),
                ("label", reject.label.map(SafePath.oneLine) ?? "-"),
                ("source", reject.source), ("offset", "\(reject.offset)"), ("ingested", reject.ingestedAt.text),
                ("rejected", reject.rejectedAt.text), ("size", formatSizeBytes(reject.record.utf8.count)),
            ])
        )
        shell.line("\n" + reject.record)
    }
}

struct PipelineRejectsPurge: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "purge",
        abstract: "Give up rejects for good.",
        discussion: "Name rejects by their ids, or all with --all."
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The pipeline.", completion: Complete.pipelines)
    var name: String

    @Argument(help: "The rejects.", completion: Complete.rejects)
    var ids: [String] = []

    @Flag(help: "All rejects of the pipeline.")
    var all = false

    @Flag(name: .shortAndLong, help: "Do not ask.")
    var yes = false

    func validate() throws {
        guard all == ids.isEmpty else { throw ValidationError("name rejects by their ids, or give --all") }
    }

    func execute(_ shell: Shell) async throws {
        let what = all ? "all rejects" : ids.count == 1 ? "reject \(ids[0])" : "\(ids.count) rejects"
        try shell.confirm("give up \(what) of pipeline \"\(name)\"", yes: yes)
        let client = try await shell.client()
        var count = 0
        for path in all ? [PipelinePath.own(name, "rejects")] : ids.map({ PipelinePath.own(name, "rejects", $0) }) {
            count += try await client.call("DELETE", path, as: RejectPurgeBody.self).count
        }
        shell.emit(RejectPurgeBody(count: count)) { "gave up \(count) \(count == 1 ? "reject" : "rejects") of \(name)" }
    }
}

/// The rejects of a pipeline, page by page.
struct RejectPages {
    let client: EngineClient
    let pipeline: String
    /// The last one seen.
    private(set) var after: String?
    private let label: String?
    private(set) var hasMore = true

    init(client: EngineClient, pipeline: String, after: String? = nil, label: String? = nil) {
        self.client = client
        self.pipeline = pipeline
        self.after = after
        self.label = label
    }

    /// Nil when there are no more.
    mutating func next(limit: Int) async throws -> [RejectBody]? {
        guard hasMore else { return nil }
        let query = [("limit", "\(min(limit, Limits.rejectsPageMax))"), ("after", after), ("label", label)]
        let (page, info) = try await client.callWithInfo(
            "GET",
            PipelinePath.own(pipeline, "rejects"),
            query: query.compactMap { name, value in value.map { (name, $0) } },
            as: [RejectBody].self
        )
        hasMore = info?.isTruncated == true
        after = page.last?.id ?? after
        return page.isEmpty ? nil : page
    }
}
