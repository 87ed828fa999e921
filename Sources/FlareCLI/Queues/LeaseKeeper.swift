import FlareClient
import FlareModel
import Synchronization

/// Gives the leases that a command holds more time, long before it runs out.
final class LeaseKeeper: Sendable {
    private let queue: String
    private let engine: SteadyEngine
    private let visibility: Duration
    private let shell: Shell
    private let held = Mutex(HeldLeases())

    init(queue: String, engine: SteadyEngine, visibility: Duration, shell: Shell) {
        self.queue = queue
        self.engine = engine
        self.visibility = visibility
        self.shell = shell
    }

    func hold(_ messages: [QueueMessageBody]) {
        held.withLock { held in
            for message in messages { if let lease = message.leaseID { held.hold(lease, message: message.id) } }
        }
    }

    /// Leases whose settlement begins: they are kept, and only the settlement tells whether they were lost.
    func settles(_ leases: [String]) {
        held.withLock { $0.settle(leases) }
    }

    /// No longer keeps a lease; false when it was lost.
    func release(_ lease: String) -> Bool {
        held.withLock { $0.release(lease) }
    }

    /// Goes on until the task is cancelled.
    func run() async {
        // Two more tries before the time is over.
        let interval = max(visibility / 3, .milliseconds(50))
        while !Task.isCancelled {
            // Cancelled is seen above.
            try? await Pace.pause(for: interval)
            let leases = held.withLock(\.leases)
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
        let lost = held.withLock { $0.refuse(Array(answer.warnings.keys)) }
        for message in lost.sorted() {
            shell.warn("the lease on message \(message) ran out: what comes of it here no longer counts")
        }
    }
}

/// The leases that a command holds, and those that it has lost.
struct HeldLeases {
    /// The messages by their leases.
    private var messages: [String: String] = [:]
    /// Those on their way to the engine: it may have settled them already when it refuses them more time.
    private var settling: Set<String> = []
    private var lost: Set<String> = []

    var leases: [String] { Array(messages.keys) }

    mutating func hold(_ lease: String, message: String) {
        messages[lease] = message
    }

    mutating func settle(_ leases: [String]) {
        settling.formUnion(leases)
    }

    /// Forgets a lease; false when it was lost.
    mutating func release(_ lease: String) -> Bool {
        messages[lease] = nil
        settling.remove(lease)
        return lost.remove(lease) == nil
    }

    /// The engine gives these leases no more time; returns the messages that are lost by that.
    ///
    /// What was released or is being settled meanwhile is not.
    mutating func refuse(_ leases: [String]) -> [String] {
        leases.compactMap { lease in
            guard !settling.contains(lease), let message = messages.removeValue(forKey: lease) else { return nil }
            lost.insert(lease)
            return message
        }
    }
}
