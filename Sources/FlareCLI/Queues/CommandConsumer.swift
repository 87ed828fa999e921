import FlareClient
import FlareModel
import Glibc

/// Runs a command on each message, several at once, and settles each message by how its command ended.
struct CommandConsumer {
    /// The exit status by which a command gives its message back for later (EX_TEMPFAIL of sysexits).
    private static let laterStatus: Int32 = 75

    let command: String
    let leases: MessageLeases
    let keeper: LeaseKeeper
    let settler: Settler
    let stop: StopRequest
    let parallel: Int
    /// Messages of one lease; by default as many as commands can begin at once.
    let batchSize: Int?
    let limit: Int?
    /// The wait of messages on which the command failed, or that it gave back.
    let laterSeconds: Int

    private enum Event: Sendable {
        case leased([QueueMessageBody])
        case ended(ConsumeReport.Outcome)
    }

    /// Goes on until there is no message left, the limit is reached or the wish to stop comes; what runs then comes to
    /// its end.
    func run() async throws -> ConsumeReport {
        var report = ConsumeReport()
        // Leased, but no command has begun on them.
        var waiting: [QueueMessageBody] = []
        do {
            try await withThrowingTaskGroup(of: Event.self) { group in
                var (running, total, isLeasing, isDrained) = (0, 0, false, false)
                while true {
                    while running < parallel, !stop.isStopping, !waiting.isEmpty {
                        let message = waiting.removeFirst()
                        running += 1
                        group.addTask { .ended(try await handle(message)) }
                    }
                    let slots = parallel - running
                    let size = min(max(slots, batchSize ?? slots), limit.map { $0 - total } ?? .max)
                    if slots > 0, size > 0, waiting.isEmpty, !isLeasing, !isDrained, !stop.isStopping {
                        isLeasing = true
                        group.addTask { .leased(try await leases.next(size)) }
                    }
                    guard let event = try await group.next() else { break }
                    switch event {
                    case .leased(let messages):
                        isLeasing = false
                        isDrained = messages.isEmpty
                        total += messages.count
                        keeper.hold(messages)
                        waiting = messages
                    case .ended(let outcome):
                        running -= 1
                        report.add(outcome)
                        // What ran may have given something back that is visible by now.
                        if laterSeconds == 0, outcome == .later || outcome == .failed { isDrained = false }
                    }
                }
            }
        } catch {
            // The error that is on its way says more than one of this.
            _ = try? await giveBack(waiting)
            throw error
        }
        report.returned += try await giveBack(waiting)
        return report
    }

    private func giveBack(_ messages: [QueueMessageBody]) async throws -> Int {
        let leases = messages.compactMap(\.leaseID)
        for lease in leases { _ = keeper.release(lease) }
        _ = try await settler.settle(QueueAckRequest(releases: leases.map { .init(leaseID: $0) }))
        return leases.count
    }

    /// Runs the command on one message and settles it.
    private func handle(_ message: QueueMessageBody) async throws -> ConsumeReport.Outcome {
        guard let leaseID = message.leaseID else { return .lost }
        let result: MessageCommand.Result
        do {
            result = try await run(message)
        } catch {
            _ = keeper.release(leaseID)
            _ = try? await settler.settle(QueueAckRequest(releases: [.init(leaseID: leaseID)]))
            throw error
        }
        // A lease that was lost has been told already.
        guard keeper.release(leaseID) else { return .lost }
        let (settlement, outcome) = judge(result, message, leaseID)
        guard try await settler.settle(settlement).isEmpty else {
            settler.shell.warn("the lease on message \(message.id) had run out: what came of it here does not count")
            return .lost
        }
        return outcome
    }

    private func run(_ message: QueueMessageBody) async throws -> MessageCommand.Result {
        let command = MessageCommand(
            command,
            input: try message.bytes(),
            environment: message.environment(queue: leases.queue)
        )
        let id = stop.observe { level in
            switch level {
            case .none, .stopping: break
            case .terminating: command.signal(SIGTERM)
            case .killing: command.signal(SIGKILL)
            }
        }
        defer { stop.forget(id) }
        return try await command.run()
    }

    private func judge(
        _ result: MessageCommand.Result,
        _ message: QueueMessageBody,
        _ leaseID: String
    ) -> (QueueAckRequest, ConsumeReport.Outcome) {
        var lease = QueueAckRequest.Lease(leaseID: leaseID)
        switch result.end {
        case .exited(0):
            return (QueueAckRequest(acks: [lease]), .acknowledged)
        case .exited(Self.laterStatus):
            lease.delaySeconds = laterSeconds
            return (QueueAckRequest(releases: [lease]), .later)
        case _ where stop.level >= .terminating:
            // Stopped because flare was: not the message's fault.
            return (QueueAckRequest(releases: [lease]), .returned)
        default:
            lease.delaySeconds = laterSeconds
            lease.reason = result.reason
            settler.shell.warn("message \(message.id), attempt \(message.attempts): \(result.reason)")
            return (QueueAckRequest(retries: [lease]), .failed)
        }
    }
}
