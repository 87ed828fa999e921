import FlareModel
import FlareQueues

/// What queues promise, in the plainest form: lists of messages, without rows, spans or indexes.
struct QueueModel {
    struct Message {
        let body: String
        let order: Int
        var attempts = 0
        let sentAt: Timestamp
        var visibleAt: Timestamp
        var lease: String?
        var isDead = false
        var origin: String?
        var reason: String?
    }

    struct Queue {
        var messages: [Message] = []
        var counters = QueueCounters()
        var isPaused = false
        let retention: Duration
        let maxRetries: Int
        let retryDelay: Int
        let deadLetters: String?
    }

    struct Report: Equatable {
        var acknowledged = 0
        var retried = 0
        var released = 0
        var warnings: Set<String> = []
    }

    private(set) var queues: [String: Queue] = [:]
    private var nextOrder = 0

    init(_ queues: [String: Queue]) {
        self.queues = queues
    }

    subscript(name: String) -> Queue {
        queues[name] ?? Queue(retention: .zero, maxRetries: 0, retryDelay: 0, deadLetters: nil)
    }

    mutating func pause(_ name: String, _ isPaused: Bool) {
        queues[name]?.isPaused = isPaused
    }

    mutating func send(_ body: String, to name: String, delay: Int, now: Timestamp) {
        place(body, in: name, visibleAt: now + .seconds(delay), now: now)
    }

    private mutating func place(
        _ body: String,
        in name: String,
        visibleAt: Timestamp,
        origin: String? = nil,
        reason: String? = nil,
        now: Timestamp
    ) {
        nextOrder += 1
        var message = Message(body: body, order: nextOrder, sentAt: now, visibleAt: visibleAt)
        message.origin = origin
        message.reason = reason
        queues[name]?.messages.append(message)
        queues[name]?.counters.waiting += 1
        queues[name]?.counters.waitingBytes += body.utf8.count
        queues[name]?.counters.accepted += 1
    }

    private mutating func take(_ index: Int, from name: String) -> Message? {
        guard let message = queues[name]?.messages.remove(at: index) else { return nil }
        if message.isDead {
            queues[name]?.counters.dead -= 1
        } else {
            queues[name]?.counters.waiting -= 1
            queues[name]?.counters.waitingBytes -= message.body.utf8.count
        }
        return message
    }

    /// The bodies and attempts of the messages that a lease gets; `claim` then says how the leases are called.
    mutating func lease(_ name: String, max: Int, until: Timestamp, now: Timestamp) -> [(body: String, attempts: Int)] {
        let order = self[name].messages.filter { !$0.isDead && $0.visibleAt <= now }
            .sorted { ($0.visibleAt, $0.order) < ($1.visibleAt, $1.order) }
        var result: [(body: String, attempts: Int)] = []
        for candidate in order where result.count < max {
            guard let index = index(of: candidate.body, in: name) else { continue }
            if candidate.lease != nil, candidate.attempts > self[name].maxRetries {
                fail(index, in: name, delay: nil, "the lease of attempt \(candidate.attempts) ran out", now: now)
                continue
            }
            queues[name]?.messages[index].attempts += 1
            queues[name]?.messages[index].visibleAt = until
            result.append((candidate.body, candidate.attempts + 1))
        }
        return result
    }

    mutating func claim(_ body: String, of name: String, lease: String) {
        guard let index = index(of: body, in: name) else { return }
        queues[name]?.messages[index].lease = lease
    }

    private func index(of body: String, in name: String) -> Int? {
        self[name].messages.firstIndex { $0.body == body }
    }

    private mutating func fail(_ index: Int, in name: String, delay: Int?, _ reason: String, now: Timestamp) {
        let queue = self[name]
        guard queue.messages[index].attempts > queue.maxRetries else {
            queues[name]?.messages[index].visibleAt = now + .seconds(delay ?? queue.retryDelay)
            queues[name]?.messages[index].lease = nil
            queues[name]?.counters.retried += 1
            expire(index, in: name, now: now)
            return
        }
        queues[name]?.counters.died += 1
        guard let deadLetters = queue.deadLetters else {
            queues[name]?.messages[index].isDead = true
            queues[name]?.messages[index].lease = nil
            queues[name]?.messages[index].reason = reason
            queues[name]?.counters.waiting -= 1
            queues[name]?.counters.waitingBytes -= queue.messages[index].body.utf8.count
            queues[name]?.counters.dead += 1
            return
        }
        guard let message = take(index, from: name) else { return }
        place(message.body, in: deadLetters, visibleAt: now, origin: name, reason: reason, now: now)
    }

    /// What is given back after its retention ran out is gone.
    private mutating func expire(_ index: Int, in name: String, now: Timestamp) {
        guard self[name].messages[index].sentAt + self[name].retention <= now else { return }
        _ = take(index, from: name)
        queues[name]?.counters.expired += 1
    }

    mutating func settle(_ settlement: Settlement, _ name: String, now: Timestamp) -> Report {
        var report = Report()
        func held(_ lease: String) -> Int? {
            guard let index = self[name].messages.firstIndex(where: { $0.lease == lease }) else {
                report.warnings.insert(lease)
                return nil
            }
            return index
        }
        for lease in settlement.acks {
            guard let index = held(lease) else { continue }
            _ = take(index, from: name)
            queues[name]?.counters.acknowledged += 1
            report.acknowledged += 1
        }
        // Leases begin with the place of their message, in digits of one width.
        for retry in settlement.retries.sorted(by: { $0.leaseID < $1.leaseID }) {
            guard let index = held(retry.leaseID) else { continue }
            fail(index, in: name, delay: retry.delaySeconds, retry.reason, now: now)
            report.retried += 1
        }
        for release in settlement.releases {
            guard let index = held(release.leaseID) else { continue }
            queues[name]?.messages[index].visibleAt = now + .seconds(release.delaySeconds)
            queues[name]?.messages[index].attempts -= 1
            queues[name]?.messages[index].lease = nil
            expire(index, in: name, now: now)
            report.released += 1
        }
        return report
    }

    mutating func purge(_ name: String) -> Int {
        let count = self[name].messages.count
        while !self[name].messages.isEmpty { _ = take(0, from: name) }
        return count
    }

    mutating func remove(_ body: String, from name: String) {
        guard let index = index(of: body, in: name) else { return }
        _ = take(index, from: name)
    }

    mutating func sweep(now: Timestamp) {
        for name in queues.keys {
            for message in self[name].messages where !message.isDead && message.sentAt + self[name].retention <= now {
                guard message.lease == nil || message.visibleAt <= now else { continue }
                remove(message.body, from: name)
                queues[name]?.counters.expired += 1
            }
        }
    }

    /// One page of a redrive or, with `to`, of a move.
    mutating func transfer(_ name: String, to target: String?, limit: Int, now: Timestamp) -> Int {
        var chosen: [(message: Message, target: String)] = []
        for message in self[name].messages where chosen.count < limit {
            if message.lease != nil, message.visibleAt > now { continue }
            if let target {
                if !message.isDead { chosen.append((message, target)) }
            } else if message.isDead {
                chosen.append((message, name))
            } else if let origin = message.origin, origin != name {
                chosen.append((message, origin))
            }
        }
        for (message, _) in chosen { remove(message.body, from: name) }
        for (message, place) in chosen.sorted(by: { ($0.target, $0.message.order) < ($1.target, $1.message.order) }) {
            let keepsHistory = target != nil || message.isDead && message.origin != nil
            self.place(
                message.body,
                in: place,
                visibleAt: target == nil ? now : max(now, message.visibleAt),
                origin: keepsHistory ? message.origin : nil,
                reason: keepsHistory ? message.reason : nil,
                now: now
            )
            if place == name { queues[name]?.counters.accepted -= 1 }
        }
        return chosen.count
    }
}
