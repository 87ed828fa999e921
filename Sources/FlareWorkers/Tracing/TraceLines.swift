import FlareModel
import Logging
import Synchronization

/// The console lines of one invocation that is followed, as many as an event may have.
final class TraceLines: Sendable {
    private struct State {
        var lines: [TraceBody.Log] = []
        var bytes = 0
        var isCut = false
    }

    private let state = Mutex(State())

    func append(_ line: ConsoleLine) {
        let log = TraceBody.Log(message: [line.message], level: line.level, timestamp: line.time.milliseconds)
        state.withLock { state in
            state.bytes += line.message.utf8.count
            guard state.lines.count < Limits.traceLogsMax, state.bytes <= Limits.traceLogBytesMax else {
                state.isCut = true
                return
            }
            state.lines.append(log)
        }
    }

    /// The lines, and whether there were more.
    var all: (lines: [TraceBody.Log], isCut: Bool) {
        state.withLock { ($0.lines, $0.isCut) }
    }
}

extension ConsoleLine {
    /// How a line looks in the engine's log.
    func metadata(of worker: String) -> Logger.Metadata {
        ["worker": "\(worker)", "level": "\(level)", "line": "\(message)"]
    }
}
