import FlareModel
import FlareStore
import Logging
import Synchronization

/// Delivers the messages of one queue to its push consumer: carries out what `DeliverySchedule` decides.
struct ConsumerRunner {
    let queues: QueueService
    let queueID: String
    let deliver: DeliveryHandler

    /// The queue as it is at one moment; nil ends the runner.
    private struct Situation {
        let queue: QueueRecord
        let consumer: ConsumerRecord
        let backlog: VisibleBacklog
    }

    /// Runs until the queue has no push consumer any more, or until the stop; then waits for the batches that are out.
    func run(until stop: StopSignal) async {
        var schedule = DeliverySchedule()
        let watch = queues.signals.watch(queueID)
        defer { watch.end() }
        defer { queues.activity.setBatches(0, of: queueID) }
        let ends = DeliveryEnds()
        await withDiscardingTaskGroup { group in
            while !stop.isSet, !Task.isCancelled {
                for end in ends.take() { schedule.ended(end, now: queues.time.now()) }
                queues.activity.setBatches(schedule.inFlight, of: queueID)
                do {
                    guard let situation = try await situation() else {
                        guard schedule.inFlight > 0 else { return }
                        // A consumer may be set again before the batches that are out have ended.
                        await watch.wake.wait()
                        continue
                    }
                    guard !situation.queue.settings.deliveryPaused else {
                        await watch.wake.wait()
                        continue
                    }
                    let settings = situation.consumer.settings
                    switch schedule.next(situation.backlog, settings, now: queues.time.now()) {
                    case .wait(let deadline):
                        await watch.wake.wait(until: deadline, time: queues.time)
                    case .lease:
                        guard let (target, batch) = try await lease() else { continue }
                        schedule.began()
                        queues.activity.setBatches(schedule.inFlight, of: queueID)
                        group.addTask {
                            await handOver(batch, to: target, until: stop) { end in
                                ends.put(end)
                                watch.wake.notify()
                            }
                        }
                    }
                } catch {
                    queues.logger.error(
                        "messages could not be leased",
                        metadata: ["queue": "\(queueID)", "error": "\(error)"]
                    )
                    await queues.time.sleep(until: queues.time.now() + .seconds(1))
                }
            }
        }
    }

    private func situation() async throws -> Situation? {
        let now = queues.time.now()
        return try await queues.database.read { [queueID] tx in
            guard let queue = try QueueRecord.find(id: queueID, in: tx),
                let consumer = try ConsumerRecord.find(queueID: queueID, in: tx), consumer.target != .httpPull
            else { return nil }
            let limit = consumer.settings.batchSize
            let backlog = try SpanRecord.backlog(queue.number, now: now, limit: limit, in: tx)
            return Situation(queue: queue, consumer: consumer, backlog: backlog)
        }
    }

    /// Leases a batch for whoever is the consumer at that moment.
    private func lease() async throws -> (ConsumerTarget, LeasedBatch)? {
        try await queues.database.write { [queues, queueID] tx in
            guard let queue = try QueueRecord.find(id: queueID, in: tx), !queue.settings.deliveryPaused,
                let consumer = try ConsumerRecord.find(queueID: queueID, in: tx), consumer.target != .httpPull
            else { return nil }
            let batch = try queues.lease(
                queue,
                consumer,
                limit: consumer.settings.batchSize,
                holder: .push,
                duration: .milliseconds(Limits.deliveryLeaseMilliseconds),
                in: tx
            )
            return batch.messages.isEmpty ? nil : (consumer.target, batch)
        }
    }

    private func handOver(
        _ batch: LeasedBatch,
        to target: ConsumerTarget,
        until stop: StopSignal,
        ended: (DeliverySchedule.End) -> Void
    ) async {
        let outcome = await deliver(target, batch)
        let (settlement, end) = settlement(of: outcome, batch, target, isStopping: stop.isSet || Task.isCancelled)
        // The pause begins before the messages are given back: they would be leased again at once.
        if end == .stalled { ended(end) }
        defer { if end != .stalled { ended(end) } }
        // An outcome that cannot be written now, on a full disk for example, is written later: forgetting it would
        // deliver acknowledged messages again.
        var pause = Duration.seconds(1)
        while true {
            do {
                if let settlement { _ = try await queues.settle(settlement, queue: queueID) }
                return
            } catch let error as FlareError where error.code == .queueNotFound {
                return
            } catch {
                queues.logger.error(
                    "the outcome of a delivery could not be written",
                    metadata: ["queue": "\(batch.queueName)", "error": "\(error)"]
                )
                // The leases are released at the end of the stop, or at the next start.
                guard !stop.isSet, !Task.isCancelled else { return }
                await queues.time.sleep(until: queues.time.now() + pause)
                pause = min(pause * 2, .milliseconds(Limits.deliveryBackoffMillisecondsMax))
            }
        }
    }

    private func settlement(
        of outcome: DeliveryOutcome,
        _ batch: LeasedBatch,
        _ target: ConsumerTarget,
        isStopping: Bool
    ) -> (Settlement?, DeliverySchedule.End) {
        switch outcome {
        case .committed:
            return (nil, .settled)
        case .resolved(let acks, let retries):
            let named = Set(acks).union(retries.map(\.leaseID))
            let forgotten = batch.messages.map(\.leaseID).filter { !named.contains($0) }
            let settlement = Settlement(
                acks: acks,
                retries: retries
                    + forgotten.map { .init(leaseID: $0, reason: "the consumer did not settle the message") }
            )
            return (settlement, .settled)
        case .failed(let error):
            let leases = batch.messages.map(\.leaseID)
            let metadata: [String: String] = [
                "queue": batch.queueName, "consumer": "\(target)", "messages": "\(leases.count)",
                "error": error.message,
            ]
            queues.logger.warning("a delivery failed", metadata: metadata.mapValues { "\($0)" })
            // What fails while the engine stops may well have failed because it stops.
            guard Self.isFault(ofMessages: error.code), !isStopping else {
                return (Settlement(releases: leases.map { .init(leaseID: $0) }), .stalled)
            }
            return (Settlement(retries: leases.map { .init(leaseID: $0, reason: error.message) }), .failed)
        }
    }

    /// Errors of the engine or of its set-up would fail any message, so that they do not use up attempts.
    private static func isFault(ofMessages code: FlareError.Code) -> Bool {
        switch code {
        case .diskFull, .storeFailed, .interrupted, .workerNotFound, .workflowNotFound, .toolMissing: false
        default: true
        }
    }
}

/// The ends of deliveries, on their way from their tasks to the runner.
final class DeliveryEnds: Sendable {
    private let state = Mutex<[DeliverySchedule.End]>([])

    func put(_ end: DeliverySchedule.End) {
        state.withLock { $0.append(end) }
    }

    func take() -> [DeliverySchedule.End] {
        state.withLock { ends in
            defer { ends = [] }
            return ends
        }
    }
}
