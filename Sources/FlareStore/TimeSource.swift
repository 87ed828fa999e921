package import FlareModel
import Glibc
import Synchronization

/// Where the engine's code learns the time and waits for it.
///
/// Injected, so that tests move time themselves.
package protocol TimeSource: Sendable {
    /// Wall-clock time, for rows and messages.
    func now() -> Timestamp

    /// Returns at `deadline` or when the task is cancelled, whichever is first.
    func sleep(until deadline: Timestamp) async
}

/// The machine's clock.
///
/// Waits in bounded pieces, so that a wall clock set forward is noticed within a minute.
package struct SystemTime: TimeSource {
    package init() {}

    package func now() -> Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
    }

    package func sleep(until deadline: Timestamp) async {
        while !Task.isCancelled {
            let remaining = deadline.milliseconds - now().milliseconds
            guard remaining > 0 else { return }
            // Cancellation is the only error of this call, and it ends the loop.
            try? await Task.sleep(for: .milliseconds(min(remaining, 60_000)))
        }
    }
}

/// A clock that stands still until a test advances it.
package final class ManualTime: TimeSource {
    private struct State {
        var now: Timestamp
        var nextID = 0
        var sleepers: [Int: (deadline: Timestamp, continuation: CheckedContinuation<Void, Never>)] = [:]
    }

    private let state: Mutex<State>

    package init(start: Timestamp = Timestamp(milliseconds: 1_700_000_000_000)) {
        state = Mutex(State(now: start))
    }

    package func now() -> Timestamp {
        state.withLock { $0.now }
    }

    /// Whether somebody sleeps until exactly then.
    package func isAwaited(_ deadline: Timestamp) -> Bool {
        state.withLock { $0.sleepers.values.contains { $0.deadline == deadline } }
    }

    package func advance(by duration: Duration) {
        let due = state.withLock { state in
            state.now = state.now + duration
            let now = state.now
            let due = state.sleepers.filter { $0.value.deadline <= now }
            for id in due.keys { state.sleepers[id] = nil }
            return due.values.map(\.continuation)
        }
        for continuation in due { continuation.resume() }
    }

    package func sleep(until deadline: Timestamp) async {
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let resumeNow = state.withLock { state in
                    if Task.isCancelled || state.now >= deadline { return true }
                    state.sleepers[id] = (deadline, continuation)
                    return false
                }
                if resumeNow { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.sleepers.removeValue(forKey: id)?.continuation }?.resume()
        }
    }
}
