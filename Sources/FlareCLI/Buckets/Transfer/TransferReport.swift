import ArgumentParser
import FlareModel
import Synchronization

/// One file or object of a command, and what became of it.
struct TransferItem: Encodable, Sendable {
    enum Action: String, Encodable, Sendable {
        case upload, download, copy, move, delete
    }

    enum Result: String, Encodable, Sendable {
        case done, failed, planned
    }

    struct Failure: Encodable, Sendable {
        let code: String
        let message: String
        let hint: String?
    }

    var action: Action
    var bucket: String?
    var key: String?
    var file: String?
    /// Where a copy goes.
    var destination: String?
    var size: Int?
    var etag: String?
    var result: Result = .done
    var error: Failure?
}

/// Tells what becomes of each item, shows how far all of it is, and gives the command its end.
///
/// On a terminal one line on stderr is written over again; otherwise only results and failures are printed.
final class TransferReport: Sendable {
    private struct State {
        var items: [TransferItem] = []
        var doneCount = 0
        var failedCount = 0
        var plannedCount = 0
        var skippedCount = 0
        var doneBytes = 0
        /// Bytes on the wire, those of unfinished items included.
        var movedBytes = 0
        var isShown = false
        var lastShown: ContinuousClock.Instant?
        var totalItems = 0
        var totalBytes = 0
    }

    private let shell: Shell
    private let options: TransferOptions
    private let began = ContinuousClock.now
    private let state = Mutex(State())

    init(_ shell: Shell, _ options: TransferOptions) {
        self.shell = shell
        self.options = options
    }

    /// What is ahead, for the line that shows how far it is.
    func expect(items: Int, bytes: Int) {
        state.withLock { state in
            state.totalItems += items
            state.totalBytes += bytes
        }
    }

    /// Bytes have moved.
    func moved(_ count: Int) {
        state.withLock { state in
            state.movedBytes += count
            show(&state)
        }
    }

    /// An item has been done, or would be.
    func add(_ item: TransferItem, _ line: String) {
        state.withLock { state in
            switch item.result {
            case .failed: state.failedCount += 1
            case .planned: state.plannedCount += 1
            case .done:
                state.doneCount += 1
                state.doneBytes += item.size ?? 0
            }
            record(item, &state)
            guard !shell.json, !options.jsonl, !options.quiet, item.result != .failed else { return show(&state) }
            hide(&state)
            shell.line(SafePath.visible(line))
            show(&state)
        }
    }

    /// Items that are left as they are.
    func skip(_ count: Int) {
        state.withLock { $0.skippedCount += count }
    }

    /// An item has failed; the others go on.
    func fail(_ item: TransferItem, _ error: any Error) {
        let error = FileFailure.error(error)
        var item = item
        item.result = .failed
        item.error = .init(code: error.code.spelling, message: error.message, hint: error.hint)
        state.withLock { state in
            state.failedCount += 1
            record(item, &state)
            guard !shell.json, !options.jsonl, error.code != .interrupted else { return }
            hide(&state)
            let hint = error.hint.map { "\n  \($0)" } ?? ""
            shell.tell("error: \(SafePath.visible(error.message))\(hint)")
        }
    }

    /// Something to know, on stderr.
    func warn(_ text: String) {
        state.withLock { state in
            hide(&state)
            shell.warn(SafePath.visible(text))
        }
    }

    /// Talk on stderr, even without a terminal.
    func tell(_ text: String) {
        state.withLock { state in
            hide(&state)
            shell.tell(SafePath.visible(text))
        }
    }

    /// Clears the line that shows how far it is, however the work ends.
    func during<Value>(_ work: () async throws -> Value) async throws -> Value {
        defer { state.withLock { hide(&$0) } }
        return try await work()
    }

    var failedCount: Int { state.withLock { $0.failedCount } }

    var doneCount: Int { state.withLock { $0.doneCount } }

    /// Prints the summary; ends the command with status 1 when an item has failed.
    ///
    /// - Parameter verb: what was done to the items, as in `wrote 3 objects`.
    func finish(_ verb: String, _ noun: String = "object") throws {
        let state = state.withLock { state in
            hide(&state)
            return state
        }
        let summary = summary(of: state)
        if options.jsonl {
            shell.writeBytes(FlareJSON.encode(["summary": summary]) + [UInt8(ascii: "\n")])
        } else if shell.json {
            shell.writeBytes(FlareJSON.encode(Whole(summary: summary, items: state.items), pretty: true) + [10])
        } else {
            shell.line(text(state, verb, noun))
        }
        guard state.failedCount == 0 else {
            if !shell.json, !options.jsonl {
                shell.tell("error: \(state.failedCount) of \(state.items.count) items failed")
            }
            throw ExitCode(1)
        }
    }

    private func text(_ state: State, _ verb: String, _ noun: String) -> String {
        func counted(_ count: Int) -> String { "\(count) \(count == 1 ? noun : noun + "s")" }
        var parts: [String] = []
        if state.plannedCount > 0 {
            parts.append("would have done \(counted(state.plannedCount)); nothing was changed")
        } else {
            let bytes = state.doneBytes > 0 ? ", \(formatSizeBytes(state.doneBytes))" : ""
            parts.append("\(verb) \(counted(state.doneCount))\(bytes)")
        }
        if state.skippedCount > 0 { parts.append("\(state.skippedCount) left as they are") }
        if state.failedCount > 0 { parts.append("\(state.failedCount) failed") }
        return parts.joined(separator: "; ")
    }

    private struct Summary: Encodable, Sendable {
        let done: Int
        let failed: Int
        let skipped: Int
        let planned: Int
        let bytes: Int
        let milliseconds: Int
    }

    private struct Whole: Encodable, Sendable {
        let summary: Summary
        let items: [TransferItem]
    }

    private func summary(of state: State) -> Summary {
        let elapsed = ContinuousClock.now - began
        return Summary(
            done: state.doneCount,
            failed: state.failedCount,
            skipped: state.skippedCount,
            planned: state.plannedCount,
            bytes: state.doneBytes,
            milliseconds: Int(elapsed / .milliseconds(1))
        )
    }

    private func record(_ item: TransferItem, _ state: inout State) {
        state.items.append(item)
        if options.jsonl { shell.writeBytes(FlareJSON.encode(item) + [UInt8(ascii: "\n")]) }
    }

    /// Writes the line again, at most five times a second.
    private func show(_ state: inout State) {
        guard shell.errorIsTerminal, !shell.json, !options.jsonl else { return }
        let now = ContinuousClock.now
        // A command that is done at once needs no line.
        guard now - began > .milliseconds(300), state.lastShown.map({ now - $0 > .milliseconds(200) }) ?? true else {
            return
        }
        state.lastShown = now
        state.isShown = true
        let seconds = (now - began) / .seconds(1)
        let rate = formatSizeBytes(Int(Double(state.movedBytes) / max(seconds, 0.001)))
        let bytes = formatSizeBytes(state.movedBytes)
        let total = state.totalBytes > 0 ? " of \(formatSizeBytes(state.totalBytes))" : ""
        let finished = state.doneCount + state.failedCount
        let files = state.totalItems > 1 ? "  \(finished) of \(state.totalItems) files" : ""
        shell.ask("\r\u{1B}[K\(bytes)\(total)  \(rate)/s\(files)")
    }

    private func hide(_ state: inout State) {
        guard state.isShown else { return }
        state.isShown = false
        shell.ask("\r\u{1B}[K")
    }
}

/// Does something to each item, several at a time.
///
/// The first error cancels the rest and is thrown.
func inParallel<Item: Sendable>(
    _ items: [Item],
    limit: Int,
    _ body: @escaping @Sendable (Item) async throws -> Void
) async throws {
    let next = Counter()
    try await withThrowingTaskGroup(of: Void.self) { group in
        for _ in 0..<min(limit, items.count) {
            group.addTask {
                while true {
                    try Task.checkCancellation()
                    let index = next.take()
                    guard index < items.count else { return }
                    try await body(items[index])
                }
            }
        }
        try await group.waitForAll()
    }
}

/// Numbers from 0, each taken once.
private final class Counter: Sendable {
    private let value = Atomic(0)

    func take() -> Int { value.add(1, ordering: .relaxed).oldValue }
}
