import ArgumentParser
import FlareClient
import FlareModel
import FoundationEssentials

struct PipelineRejectsReplay: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay",
        abstract: "Send rejects into their pipeline again, as they were or mended.",
        discussion: """
            A reject that was sent again is no longer listed; one that is refused stays. With --patch each record goes \
            through jq first: --patch '.price |= tonumber'. The filter must give one object for each record. \
            The command ends with status 65 when rejects were refused.
            """
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The pipeline.", completion: Complete.pipelines)
    var name: String

    @Argument(help: "The rejects.", completion: Complete.rejects)
    var ids: [String] = []

    @Flag(help: "All rejects that there are now, oldest first.")
    var all = false

    @Option(help: ArgumentHelp("What jq makes of each record before it is sent.", valueName: "jq filter"))
    var patch: String?

    @Option(help: "With --all: how many at most.")
    var limit: Int?

    func validate() throws {
        guard all == ids.isEmpty else { throw ValidationError("name rejects by their ids, or give --all") }
        if let limit {
            guard all else { throw ValidationError("--limit goes with --all") }
            guard limit > 0 else { throw ValidationError("--limit takes a whole number from 1") }
        }
    }

    /// What became of all of them.
    private struct Report: Encodable, Sendable {
        var replayed: [RejectReplayBody] = []
        var refused: [RejectReplayBody] = []

        mutating func add(_ results: [RejectReplayBody]) {
            replayed += results.filter { $0.error == nil }
            refused += results.filter { $0.error != nil }
        }

        var text: String {
            let head = "sent \(replayed.count) \(replayed.count == 1 ? "reject" : "rejects") again"
            guard !refused.isEmpty else { return head }
            let lines = refused.map { "\($0.id): \($0.error?.message ?? "refused")" }
            return (["\(head), \(refused.count) refused"] + lines).joined(separator: "\n")
        }
    }

    func execute(_ shell: Shell) async throws {
        let patch = try patch.map(RecordPatch.init)
        let client = try await shell.client()
        var report = Report()
        if all {
            try await replayAll(patch, client, &report)
        } else {
            // A thousand ids on a command line are few; their records may be large.
            for start in stride(from: 0, to: ids.count, by: 50) {
                let some = Array(ids[start..<min(start + 50, ids.count)])
                try await replay(some, patch, client, &report)
            }
        }
        shell.emit(report) { report.text }
        guard report.refused.isEmpty else {
            let isMissing = report.refused.allSatisfy { $0.error?.code == FlareError.Code.rejectNotFound.spelling }
            throw ExitCode((isMissing ? FlareError.Code.rejectNotFound : .invalidData).exitStatus)
        }
    }

    /// Those that there are now: a record that is rejected once more is not sent a second time.
    private func replayAll(_ patch: RecordPatch?, _ client: EngineClient, _ report: inout Report) async throws {
        let start = Timestamp(Date())
        var pages = RejectPages(client: client, pipeline: name)
        var left = limit ?? .max
        while left > 0, let page = try await pages.next(limit: left) {
            let old = page.filter { $0.rejectedAt <= start }
            left -= old.count
            report.add(try await replay(old, patch, client))
            if old.count < page.count { break }
        }
    }

    private func replay(
        _ ids: [String],
        _ patch: RecordPatch?,
        _ client: EngineClient,
        _ report: inout Report
    ) async throws {
        guard patch != nil else { return report.add(try await send(ids.map { .init(id: $0) }, client)) }
        var rejects: [RejectBody] = []
        for id in ids {
            do {
                let path = PipelinePath.own(name, "rejects", id)
                rejects.append(try await client.call("GET", path, as: RejectBody.self))
            } catch let error as FlareError where error.code == .rejectNotFound {
                report.add([RejectReplayBody(id: id, error: error)])
            }
        }
        report.add(try await replay(rejects, patch, client))
    }

    /// In the order given.
    private func replay(
        _ rejects: [RejectBody],
        _ patch: RecordPatch?,
        _ client: EngineClient
    ) async throws -> [RejectReplayBody] {
        guard let patch else { return try await send(rejects.map { .init(id: $0.id) }, client) }
        var sent: [RejectReplayRequest.Reject] = []
        var results: [RejectReplayBody] = []
        for (reject, patched) in zip(rejects, try await patch.apply(to: rejects.map(\.record))) {
            switch patched {
            case .success(let record): sent.append(.init(id: reject.id, record: record))
            case .failure(let error): results.append(RejectReplayBody(id: reject.id, error: error))
            }
        }
        return results + (try await send(sent, client))
    }

    private func send(
        _ rejects: [RejectReplayRequest.Reject],
        _ client: EngineClient
    ) async throws -> [RejectReplayBody] {
        guard !rejects.isEmpty else { return [] }
        return try await client.call(
            "POST",
            PipelinePath.own(name, "rejects", "replay"),
            body: RejectReplayRequest(rejects: rejects),
            as: [RejectReplayBody].self
        )
    }
}
