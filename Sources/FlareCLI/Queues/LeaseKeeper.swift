import FlareClient
import FlareModel
import Synchronization

/// Gives the leases that a command holds more time, long before it runs out.
final class LeaseKeeper: Sendable {
    private struct State {
        /// The messages by their leases.
        var held: [String: String] = [:]
        var lost: Set<String> = []
    }

    private let queue: String
    private let engine: SteadyEngine
    private let visibility: Duration
    private let shell: Shell
    private let state = Mutex(State())

    init(queue: String, engine: SteadyEngine, visibility: Duration, shell: Shell) {
        self.queue = queue
        self.engine = engine
        self.visibility = visibility
        self.shell = shell
    }

    func hold(_ messages: [QueueMessageBody]) {
        state.withLock { state in
            for message in messages { if let lease = message.leaseID { state.held[lease] = message.id } }
        }
    }

    /// No longer keeps a lease; false when it was lost.
    func release(_ lease: String) -> Bool {
        state.withLock { state in
            state.held[lease] = nil
            return state.lost.remove(lease) == nil
        }
    }

    /// Goes on until the task is cancelled.
    func run() async {
        // Two more tries before the time is over.
        let interval = max(visibility / 3, .milliseconds(50))
        while !Task.isCancelled {
            // Cancelled is seen above.
            try? await Pace.pause(for: interval)
            let leases = state.withLock { Array($0.held.keys) }
            for start in stride(from: 0, to: leases.count, by: Limits.messageBulkMax) {
                await extend(Array(leases[start..<min(start + Limits.messageBulkMax, leases.count)]))
            }
        }
    }

    private func extend(_ leases: [String]) async {
        guard !Task.isCancelled, let path = try? QueuePath.own(queue, "extend") else { return }
        let request = QueueExtendRequest(leaseIDs: leases, visibilityTimeoutMs: Int(visibility.milliseconds))
        let answer: QueueExtendBody
        do {
            answer = try await engine.client.call("POST", path, body: request, as: QueueExtendBody.self)
        } catch {
            // The next round tries again; when it is too late then, the settlement says so.
            return
        }
        let lost = state.withLock { state in
            // One that was settled meanwhile is not lost.
            let lost = answer.warnings.keys.compactMap { lease in state.held[lease].map { (lease, $0) } }
            for (lease, _) in lost {
                state.held[lease] = nil
                state.lost.insert(lease)
            }
            return lost.map(\.1)
        }
        for message in lost.sorted() {
            shell.warn("the lease on message \(message) ran out: what comes of it here no longer counts")
        }
    }
}
