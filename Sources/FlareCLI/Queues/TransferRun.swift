import FlareClient
import FlareModel
import FoundationEssentials

/// Moves or removes messages page by page: each page is one transaction, so that nothing is lost or doubled wherever
/// it stops.
struct TransferRun: Sendable {
    let queue: String
    /// `redrive`, `move` or `remove`.
    let verb: String
    let shell: Shell
    let engine: SteadyEngine
    var request: QueueTransferRequest
    /// Messages to touch at most.
    var limit: Int?
    var ratePerSecond: Double?

    /// Carries it out, or counts what it would do.
    ///
    /// A cancelled task ends it between two pages; what was done until then is in `progress`.
    func run(_ progress: inout QueueTransferBody) async throws {
        let path = try QueuePath.own(queue, verb)
        let isDryRun = request.isDryRun == true
        let pace = Pace(perSecond: isDryRun ? nil : ratePerSecond)
        var line = ProgressLine(shell)
        defer { line.clear() }
        var request = request
        var isRepeated = false
        while limit.map({ isDryRun || progress.count < $0 }) ?? true {
            try Task.checkCancellation()
            request.limit = isDryRun ? nil : min(pageSize, limit.map { $0 - progress.count } ?? .max)
            let (engine, page) = (engine, request)
            // In a task of its own: what a page did is known even when this is cancelled meanwhile.
            let call = Task {
                try await engine.call { try await $0.call("POST", path, body: page, as: QueueTransferBody.self) }
            }
            let answer = try await call.value
            isRepeated = isRepeated || answer.isRepeated
            progress.add(answer.value)
            guard let cursor = answer.value.cursor else { break }
            request.cursor = cursor
            line.show("\(counted(progress.count, "message")) of \(progress.scanned) looked at")
            try await pace.wait(afterDoing: progress.count)
        }
        if let limit, isDryRun, progress.count > limit { progress.count = limit }
        if isRepeated {
            shell.warn("the engine was restarted meanwhile; what its last page did before that is not in these counts")
        }
    }

    /// Small enough that a rate is kept within a second.
    private var pageSize: Int {
        let most = Limits.messageBulkMax
        return ratePerSecond.map { Int(min(max($0 / 10, 1), Double(most))) } ?? most
    }
}

extension QueueTransferBody {
    /// `10 to orders, 2 to billing`.
    var targetText: String {
        targets.map { "\($0.count) to \($0.queue)" }.joined(separator: ", ")
    }

    /// What was left alone, a line each, with what to do about it.
    func leftText(queue: String) -> [String] {
        var lines: [String] = []
        if leasedCount > 0 { lines.append("\(counted(leasedCount, "message")) left: a consumer has them now") }
        if withoutOriginCount > 0 {
            lines.append(
                "\(counted(withoutOriginCount, "message")) left: they came from no other queue; "
                    + "name one for them: flare queues redrive \(queue) --to QUEUE"
            )
        }
        for origin in missingOrigins {
            lines.append(
                "\(counted(origin.count, "message")) left: queue \"\(origin.queue)\", where they came from, is gone; "
                    + "create it again or name another: flare queues redrive \(queue) --to QUEUE"
            )
        }
        return lines
    }
}

/// Messages a second: `100`, `100/s`, `50/m`.
func parseRate(_ text: String?) throws -> Double? {
    guard let text else { return nil }
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    let units = ["s": 1.0, "m": 60, "h": 3_600]
    guard parts.count <= 2, let number = Int(parts[0]), number > 0,
        let unit = parts.count == 2 ? units[String(parts[1])] : 1
    else {
        throw FlareError(.invalidArgument, "\"\(text)\" is not a rate", hint: "write 100/s, or 50/m")
    }
    return Double(number) / unit
}
