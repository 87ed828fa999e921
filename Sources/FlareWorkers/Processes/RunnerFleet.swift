import FlareModel
import FlareStore
import Logging
import NIOCore

/// One version of one Worker.
struct VersionKey: Hashable, Sendable {
    var worker: String
    var version: String
}

/// The processes of all Workers: at most one per version, started on first need, stopped when idle, started again with
/// growing delays when they die.
actor RunnerFleet {
    /// Starts a process of a version; given by the service, which knows where the bundle lies.
    typealias Starter = @Sendable (VersionKey) async throws -> Runner

    private struct Slot {
        var runner: Runner?
        /// Set while a start is under way; everyone who needs the version waits for it.
        var start: Task<Runner, any Error>?
        /// Deaths in quick succession, for the back-off.
        var failures = 0
        var notBefore: Timestamp?
    }

    private let starter: Starter
    private let settings: WorkerSettings
    private let time: any TimeSource
    private var slots: [VersionKey: Slot] = [:]
    /// Told when a process was started, so that the housekeeping loop begins to look after it.
    nonisolated let changed = Wake()
    private var isStopped = false

    init(settings: WorkerSettings, time: any TimeSource, starter: @escaping Starter) {
        self.settings = settings
        self.time = time
        self.starter = starter
    }

    /// The process of a version, started if need be.
    ///
    /// Waits while a version that keeps dying is held back.
    func runner(for key: VersionKey) async throws -> Runner {
        while true {
            guard !isStopped else { throw FlareError(.engineUnavailable, "the engine is stopping") }
            if let runner = slots[key]?.runner {
                if !runner.lifetime.isOver { return runner }
                noteDeath(of: runner, key: key)
            }
            if let start = slots[key]?.start { return try await start.value }
            if let notBefore = slots[key]?.notBefore, time.now() < notBefore {
                await time.sleep(until: notBefore)
                try Task.checkCancellation()
                continue
            }
            return try await start(key)
        }
    }

    /// Puts a process that deploy has tried into service.
    func adopt(_ runner: Runner, as key: VersionKey) {
        slots[key, default: Slot()].runner = runner
        changed.notify()
    }

    /// Lets the processes of other versions finish what they do, and end.
    func retireVersions(of worker: String, except version: String?) {
        for (key, slot) in slots where key.worker == worker && key.version != version {
            slot.runner?.drain()
            if slot.start == nil { slots[key] = nil }
        }
    }

    /// Looks after every process: stops idle ones, kills those that are stuck.
    ///
    /// Returns when to look again; nil when there is none.
    func tend() -> Timestamp? {
        for (key, slot) in slots {
            guard let runner = slot.runner else { continue }
            if runner.lifetime.isOver {
                noteDeath(of: runner, key: key)
            } else if let idle = runner.idleSince, idle.duration(to: .now) >= settings.idleTimeout {
                runner.drain()
                slots[key] = nil
            } else {
                runner.checkLiveness(unresponsiveTimeout: settings.unresponsiveTimeout)
            }
        }
        let isEmpty = slots.values.allSatisfy { $0.runner == nil }
        let interval = min(settings.idleTimeout, settings.unresponsiveTimeout) / 3
        return isEmpty ? nil : time.now() + max(interval, .milliseconds(20))
    }

    /// Ends all processes: those with invocations get the drain time, then are killed.
    func stop() async {
        isStopped = true
        let starts = slots.values.compactMap(\.start)
        let runners = slots.values.compactMap(\.runner)
        slots = [:]
        for start in starts { start.cancel() }
        for runner in runners { runner.drain() }
        let end = time.now() + settings.drainTimeout
        await withTaskGroup(of: Void.self) { group in
            for runner in runners {
                group.addTask { [time] in
                    await withTaskGroup(of: Void.self) { race in
                        race.addTask { await runner.waitUntilEnded() }
                        race.addTask {
                            await time.sleep(until: end)
                            await runner.stop()
                        }
                        await race.next()
                        race.cancelAll()
                    }
                }
            }
        }
        for start in starts {
            if case .success(let runner) = await start.result { await runner.stop() }
        }
    }

    private func start(_ key: VersionKey) async throws -> Runner {
        // Not a child of the first caller, whose cancellation must not fail the others. The slot owns it; `stop` ends
        // it.
        let task = Task { [starter] in try await starter(key) }
        slots[key, default: Slot()].start = task
        let result = await task.result
        slots[key]?.start = nil
        switch result {
        case .success(let runner):
            guard slots[key] != nil, !isStopped else {
                runner.drain()
                throw FlareError(.engineUnavailable, "the engine is stopping")
            }
            slots[key]?.runner = runner
            changed.notify()
            return runner
        case .failure(let error):
            noteFailure(key)
            throw error
        }
    }

    private func noteDeath(of runner: Runner, key: VersionKey) {
        slots[key]?.runner = nil
        let lifetime = runner.lifetime
        // One that lived long has only now begun to fail.
        if lifetime.length > settings.restartDelayMax { slots[key]?.failures = 0 }
        noteFailure(key)
    }

    private func noteFailure(_ key: VersionKey) {
        guard var slot = slots[key] else { return }
        let doublings = min(slot.failures, 10)
        slot.failures += 1
        slot.notBefore = time.now() + min(settings.restartDelayMax, settings.restartDelayMin * (1 << doublings))
        slots[key] = slot
    }
}
