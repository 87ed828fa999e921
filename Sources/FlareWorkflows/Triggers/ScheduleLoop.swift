import FlareModel
import FlareStore
import Logging
import ServiceLifecycle
import Synchronization

/// Runs schedules when their time comes: begins instances of workflows, and calls the `scheduled` handlers of Workers.
///
/// Woken by commits and deadlines; only a clock that is set back is looked for from time to time, since nothing tells.
package struct ScheduleLoop: Service {
    private let service: WorkflowService
    private let places = Places()

    init(service: WorkflowService) {
        self.service = service
    }

    private var store: WorkflowStore { service.store }

    /// Runs until a graceful shutdown.
    ///
    /// Handlers that still run then are called again by the next start.
    package func run() async throws {
        let count = try await store.persist { [store] transaction in
            try ScheduleRunRecord.requeueRunning(at: store.time.now(), in: transaction)
        }
        if count > 0 { store.logger.info("calling scheduled handlers again", metadata: ["count": "\(count)"]) }
        await cancelWhenGracefulShutdown { await loop() }
    }

    private func loop() async {
        var last: Timestamp?
        await withDiscardingTaskGroup { group in
            while !Task.isCancelled {
                do {
                    let began = store.time.now()
                    if last.map({ began < $0 }) ?? true { try await service.realignSchedules() }
                    last = began
                    let next = try await service.runDueSchedules()
                    let (claims, due) = try await claim()
                    for run in claims {
                        group.addTask {
                            await ScheduledCallDriver(service: service).drive(run)
                            places.give()
                            service.schedules.loop.notify()
                        }
                    }
                    let longest = began + .milliseconds(Limits.scheduleWaitMillisecondsMax)
                    await service.schedules.loop.wait(
                        until: [next, due, longest].compactMap(\.self).min(),
                        time: store.time
                    )
                } catch {
                    store.logger.error("schedules could not be run", metadata: ["error": "\(error)"])
                    await store.time.sleep(until: store.time.now() + .seconds(1))
                }
            }
        }
    }

    /// Takes calls of handlers for the free places, and tells when the next one is due if a place is left for it.
    private func claim() async throws -> ([ScheduleRunRecord], Timestamp?) {
        let free = places.free
        guard free > 0 else { return ([], nil) }
        let (claims, due) = try await store.database.write {
            [store] transaction throws -> ([ScheduleRunRecord], Timestamp?) in
            let now = store.time.now()
            // A look first: most wake-ups are of workflows.
            guard let due = try ScheduleRunRecord.nextDue(in: transaction) else { return ([], nil) }
            guard due <= now else { return ([], due) }
            let claims = try ScheduleRunRecord.claim(limit: free, at: now, in: transaction)
            return (claims, claims.count < free ? try ScheduleRunRecord.nextDue(in: transaction) : nil)
        }
        places.take(claims.count)
        return (claims, due)
    }
}

/// Counts the calls of handlers that may still begin.
private final class Places: Sendable {
    private let count = Mutex(Limits.scheduledInvocationsMax)

    var free: Int { count.withLock { $0 } }

    func take(_ taken: Int) { count.withLock { $0 -= taken } }

    func give() { count.withLock { $0 += 1 } }
}
