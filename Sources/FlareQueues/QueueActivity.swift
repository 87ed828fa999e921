import FlareModel
import Synchronization

/// What happened to queues lately: rates and batches that are out.
///
/// In memory alone, told after each commit; a restart begins anew.
final class QueueActivity: Sendable {
    /// The time over which rates are taken.
    static let windowSeconds: Int64 = 60

    /// What happened to a queue in one second.
    private struct Second {
        var second: Int64
        var counters: QueueCounters
    }

    private struct Queue {
        var seconds: [Second] = []
        var batches = 0
    }

    private struct State {
        var queues: [String: Queue] = [:]
        var startedAt: Timestamp?
    }

    private let state = Mutex(State())

    /// Counts what a transaction did.
    func note(_ counters: QueueCounters, of queueID: String, at now: Timestamp) {
        let second = now.milliseconds / 1000
        state.withLock { state in
            if state.startedAt == nil { state.startedAt = now }
            var seconds = state.queues[queueID, default: Queue()].seconds
            if seconds.last?.second == second {
                seconds[seconds.count - 1].counters.add(counters)
            } else {
                seconds.removeAll { $0.second <= second - Self.windowSeconds }
                seconds.append(Second(second: second, counters: counters))
            }
            state.queues[queueID, default: Queue()].seconds = seconds
        }
    }

    /// Messages a second over the last minute, or since the first thing happened when that is shorter.
    func rates(of queueID: String, now: Timestamp) -> QueueRates {
        let second = now.milliseconds / 1000
        return state.withLock { state in
            var sum = QueueCounters()
            for entry in state.queues[queueID]?.seconds ?? [] where entry.second > second - Self.windowSeconds {
                sum.add(entry.counters)
            }
            let age = state.startedAt.map { (now - $0).milliseconds / 1000 + 1 } ?? 1
            let span = Double(max(1, min(age, Self.windowSeconds)))
            return QueueRates(
                accepted: Double(sum.accepted) / span,
                acknowledged: Double(sum.acknowledged) / span,
                retried: Double(sum.retried) / span,
                died: Double(sum.died) / span
            )
        }
    }

    /// Batches of a queue that are with its push consumer.
    func batches(of queueID: String) -> Int {
        state.withLock { $0.queues[queueID]?.batches ?? 0 }
    }

    func setBatches(_ count: Int, of queueID: String) {
        state.withLock { state in
            // The end of a consumer may be told after that of its queue.
            if count == 0, state.queues[queueID] == nil { return }
            state.queues[queueID, default: Queue()].batches = count
        }
    }

    /// The queue has been deleted.
    func forget(_ queueID: String) {
        state.withLock { $0.queues[queueID] = nil }
    }

    /// Queues that something is known of.
    var knownQueues: Set<String> { state.withLock { Set($0.queues.keys) } }
}

/// Messages a second.
package struct QueueRates: Sendable, Hashable {
    package let accepted: Double
    package let acknowledged: Double
    package let retried: Double
    package let died: Double
}
