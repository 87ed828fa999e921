import FlareModel
import FlareWorkers
import Synchronization

/// The engine's side of steps, in memory: what the room of workflows does with rows.
final class StepEngine: Sendable {
    private struct State {
        var journal: [JournalEntry] = []
        var log: [String] = []
        var attempts: [String: Int] = [:]
        var chunks: [String: [[UInt8]]] = [:]
    }

    private let state = Mutex(State())
    /// Attempts that a failing step gets, all in all.
    private let attemptsMax: Int
    /// Steps that are answered with this value instead of running.
    private let prepared: [String: [UInt8]]
    /// Steps whose end is never answered, as if the engine had died before the commit.
    private let stuck: Set<String>

    init(journal: [JournalEntry] = [], attemptsMax: Int = 3, prepared: [String: String] = [:], stuck: Set<String> = [])
    {
        state.withLock { $0.journal = journal }
        self.attemptsMax = attemptsMax
        self.prepared = prepared.mapValues { Array($0.utf8) }
        self.stuck = stuck
    }

    /// Finished steps in the order of completion.
    var journal: [JournalEntry] { state.withLock { $0.journal } }
    /// Such as `begin read#1`, `done read#1 [1,2]`, `failed x#1 Error: no`.
    var log: [String] { state.withLock { $0.log } }

    /// Runs one life of an instance.
    func run(
        _ fixture: WorkersFixture,
        worker: String = "demo",
        className: String = "default",
        payload: String = "",
        rollback: RollbackPlan? = nil,
        permits: Bool = false,
        onLog: (@Sendable (ConsoleLine) -> Void)? = nil
    ) async throws -> InvocationResult {
        var start = WorkflowStart(
            workflow: "flow",
            instance: "one",
            timestamp: Timestamp(milliseconds: 1_000),
            payload: Array(payload.utf8),
            journal: journal
        )
        start.rollback = rollback
        let invocation = start.invocation(
            worker: worker,
            version: nil,
            className: className,
            permits: { permits },
            onCall: { [self] call, reply in
                if let note = try? StepNote(call) { return take(note) }
                Task { reply(await answer(call, permits)) }
            },
            onLog: onLog
        )
        return try await fixture.service.invoke(invocation)
    }

    private func answer(_ call: RunnerCall, _ permits: Bool) async -> RunnerReply {
        do {
            let reply = try await reply(to: StepCall(call))
            if permits, call.method == "step.end", case .done(let value, _) = reply {
                return StepReply.done(value, permits: true).reply
            }
            return reply.reply
        } catch {
            return StepReply.refused(error).reply
        }
    }

    private func take(_ note: StepNote) {
        switch note {
        case .began(let step, _): record("began \(text(step))")
        case .passed: record("passed")
        }
    }

    private func reply(to call: StepCall) async -> StepReply {
        switch call {
        case .begin(let kind, let step, let configuration, let parent):
            let mark = kind == .rollback ? "undo" : "begin"
            record("\(mark) \(text(step))" + (parent.map { " in \(text($0))" } ?? ""))
            if configuration.hasRollback { record("can undo \(text(step))") }
            if let value = prepared[step.name] { return .done(value) }
            return nextAttempt(step)
        case .succeeded(let kind, let step, _, let value):
            if stuck.contains(step.name) { await forever() }
            record("done \(text(step)) \(String(decoding: value, as: UTF8.self))")
            if kind == .do { finish(.do, step, .done(value)) }
            return .done()
        case .chunk(let step, _, let index, let bytes):
            record("chunk \(text(step)) \(index): \(bytes.count) bytes")
            state.withLock { $0.chunks[text(step), default: []].append(bytes) }
            return .done()
        case .streamed(let step, _, let bytes):
            record("streamed \(text(step)) \(bytes) bytes")
            finish(.do, step, .stream(bytes: bytes))
            return .stream(bytes: bytes)
        case .read(let step, let index):
            return .value(state.withLock { $0.chunks[text(step)]?[index] ?? [] })
        case .failed(let kind, let step, let attempt, let error, let delay):
            record("failed \(text(step)) \(error.name): \(error.message)")
            state.withLock { $0.chunks[text(step)] = nil }
            if delay != .configured { record("delay \(text(step)) \(delay)") }
            if !error.isNonRetryable, attempt < attemptsMax { return nextAttempt(step) }
            if kind == .do { finish(.do, step, .failed(error)) }
            return .failed(error)
        case .sleep(let step, let length):
            record("sleep \(text(step)) \(length)")
            finish(.sleep, step, .done([]))
            return .done()
        case .wait(let step, let type, _):
            let time = #"{"$":"Date","v":"2020-01-01T00:00:00.000Z"}"#
            let event = Array(#"{"payload":{"ok":true},"timestamp":\#(time),"type":"\#(type)"}"#.utf8)
            finish(.wait, step, .done(event))
            return .done(event)
        case .load(let index):
            guard case .done(let value) = journal[index].outcome else { return .value([]) }
            return .value(value)
        }
    }

    private func nextAttempt(_ step: StepCall.StepName) -> StepReply {
        let attempt = state.withLock { state in
            state.attempts[text(step), default: 0] += 1
            return state.attempts[text(step), default: 1]
        }
        return .run(attempt: attempt, timeout: .seconds(60))
    }

    private func finish(_ kind: StepKind, _ step: StepCall.StepName, _ outcome: JournalEntry.Outcome) {
        let entry = JournalEntry(kind: kind, name: step.name, occurrence: step.occurrence, outcome: outcome)
        state.withLock { $0.journal.append(entry) }
    }

    private func record(_ line: String) {
        state.withLock { $0.log.append(line) }
    }

    private func text(_ step: StepCall.StepName) -> String { "\(step.name)#\(step.occurrence)" }

    /// Returns when the calling task is cancelled.
    private func forever() async {
        let (stream, continuation) = AsyncStream<Void>.makeStream()
        for await _ in stream {}
        continuation.finish()
    }
}
