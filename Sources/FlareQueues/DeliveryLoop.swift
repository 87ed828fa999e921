package import FlareModel
import FlareStore
import Logging
import ServiceLifecycle

/// What became of a batch that was handed to its consumer.
package enum DeliveryOutcome: Sendable {
    /// Each message was acknowledged or is to be retried. A message in neither list counts as a failed attempt.
    case resolved(acks: [String], retries: [Settlement.Retry])
    /// The handler has acknowledged the batch in a transaction of its own.
    case committed
    /// The batch failed as a whole: a failed attempt of each message, unless the error is not theirs (a full disk, a
    /// missing consumer), in which case they are given back uncounted and delivery pauses for a while.
    case failed(FlareError)
}

/// Delivers a leased batch to a Worker or workflow.
///
/// Cancelled when the engine stops and the grace period is over.
package typealias DeliveryHandler = @Sendable (ConsumerTarget, LeasedBatch) async -> DeliveryOutcome

extension QueueService {
    /// The service that delivers to push consumers and removes messages past their retention.
    package func deliveryLoop(_ deliver: @escaping DeliveryHandler) -> DeliveryLoop {
        DeliveryLoop(queues: self, deliver: deliver)
    }
}

/// Runs one `ConsumerRunner` for each queue with a push consumer, woken by commits and deadlines alone.
package struct DeliveryLoop: Service {
    let queues: QueueService
    let deliver: DeliveryHandler

    /// Runs until a graceful shutdown: then no more batches are leased, those out are given some seconds, and whatever
    /// is still out is released for the next start.
    package func run() async throws {
        let stop = StopSignal()
        await withGracefulShutdownHandler {
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await self.supervise(until: stop) }
                group.addTask {
                    await stop.wake.wait()
                    let grace = Duration.milliseconds(Limits.deliveryGraceMilliseconds)
                    await self.queues.time.sleep(until: self.queues.time.now() + grace)
                }
                await group.next()
                group.cancelAll()
            }
        } onGracefulShutdown: {
            stop.set()
            queues.signals.notifyAll()
        }
        // A delivery that a crash cut off has happened all the same; one that a stop gives back has not.
        await releaseLeases(counted: false)
    }

    /// Releases what an engine that was killed has left leased.
    ///
    /// Goes on until that is written, as where the disk is full: nobody has these messages, and their leases are long.
    private func releaseLeftLeases(until stop: StopSignal) async {
        while !stop.isSet, !Task.isCancelled {
            await endExhaustedLeases()
            if await releaseLeases(counted: true) { return }
            await queues.time.sleep(until: queues.time.now() + .seconds(1))
        }
    }

    /// Leases of push consumers end with their processes; nobody else could settle them.
    ///
    /// Returns whether they are released.
    @discardableResult
    private func releaseLeases(counted: Bool) async -> Bool {
        do {
            let queueIDs = try await queues.database.write { [queues] tx in
                try SpanRecord.releasePushLeases(now: queues.now, counted: counted, in: tx)
            }
            for queueID in queueIDs { queues.signals.notify(queueID) }
            return true
        } catch {
            queues.logger.error("leases could not be released", metadata: ["error": "\(error)"])
            return false
        }
    }

    /// Each queue in a transaction of its own: one whose dead letters find no place keeps back no other, and what it
    /// cannot end is released as the rest.
    private func endExhaustedLeases() async {
        do {
            for queue in try await queues.database.read({ try SpanRecord.pushLeasedQueues(in: $0) }) {
                do {
                    try await queues.database.write { [queues] in try queues.endExhaustedPushLeases(of: queue, in: $0) }
                } catch {
                    queues.logger.error(
                        "messages whose last attempt the engine died in could not be ended and are delivered again",
                        metadata: ["queue": "\(queue.name)", "error": "\(error)"]
                    )
                }
            }
        } catch {
            queues.logger.error("leases could not be read", metadata: ["error": "\(error)"])
        }
    }

    private func supervise(until stop: StopSignal) async {
        let running = RunningSet()
        await withDiscardingTaskGroup { group in
            // At once: where no lease can be released for want of room, it makes some.
            group.addTask { await RetentionSweep(queues: self.queues).run(until: stop) }
            await releaseLeftLeases(until: stop)
            while !stop.isSet, !Task.isCancelled {
                do {
                    let consumers = try await queues.database.read { try ConsumerRecord.all(in: $0) }
                    for consumer in consumers where consumer.target != .httpPull {
                        guard running.insert(consumer.queueID) else { continue }
                        let runner = ConsumerRunner(queues: queues, queueID: consumer.queueID, deliver: deliver)
                        group.addTask {
                            await runner.run(until: stop)
                            running.remove(consumer.queueID)
                            // A consumer may have been set again while its runner was ending.
                            queues.signals.catalog.notify()
                        }
                    }
                    await queues.signals.catalog.wait()
                } catch {
                    queues.logger.error("consumers could not be read", metadata: ["error": "\(error)"])
                    await queues.time.sleep(until: queues.time.now() + .seconds(1))
                }
            }
        }
    }
}
