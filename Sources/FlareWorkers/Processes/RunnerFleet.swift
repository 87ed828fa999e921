import FlareModel
import FlareStore
import Logging
import NIOCore

/// One version of one Worker.
struct VersionKey: Hashable, Sendable {
    var worker: String
    var version: String
}

/// The processes of all Workers: one per version, or more under load for those who ask for it, started on first need,
/// stopped when idle, started again with growing delays when they die.
actor RunnerFleet {
    /// Starts a process of a version; given by the service, which knows where the bundle lies.
    typealias Starter = @Sendable (VersionKey) async throws -> Runner

    private struct Slot {
        var runners: [Runner] = []
        /// Set while a start is under way; while there is no process, everyone who needs the version waits for it.
        var start: Task<Void, any Error>?
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

    /// The least busy process of a version, started if there is none; its `invoke` must be called next.
    ///
    /// When it is busy, another one is started behind the scenes, up to `processesMax`: nobody waits for that. Waits
    /// while a version that keeps dying is held back.
    func runner(for key: VersionKey, processesMax: Int = 1) async throws -> Runner {
        while true {
            guard !isStopped else { throw FlareError(.engineUnavailable, "the engine is stopping") }
            noteDeaths(key)
            if let slot = slots[key], let runner = slot.runners.min(by: { $0.load < $1.load }) {
                let isRoomLeft = slot.runners.count < min(processesMax, Limits.workerProcessesMax)
                if runner.load > 0, isRoomLeft, slot.start == nil, !isHeldBack(slot) { _ = start(key) }
                runner.expectInvocation()
                return runner
            }
            if let slot = slots[key], slot.start == nil, let notBefore = slot.notBefore, isHeldBack(slot) {
                await time.sleep(until: notBefore)
                try Task.checkCancellation()
                continue
            }
            try await (slots[key]?.start ?? start(key)).value
        }
    }

    /// Puts a process that deploy has tried into service.
    func adopt(_ runner: Runner, as key: VersionKey) {
        slots[key, default: Slot()].runners.append(runner)
        changed.notify()
    }

    /// Lets the processes of other versions finish what they do, and end.
    func retireVersions(of worker: String, except version: String?) {
        for (key, slot) in slots where key.worker == worker && key.version != version {
            for runner in slot.runners { runner.drain() }
            slots[key]?.runners = []
            if slot.start == nil { slots[key] = nil }
        }
    }

    /// Lets all processes of a Worker end, also those that are starting; what is invoked from now on gets new ones.
    func restart(_ worker: String) async {
        let starts = slots.filter { $0.key.worker == worker }.compactMap(\.value.start)
        for start in starts { _ = await start.result }
        retireVersions(of: worker, except: nil)
    }

    /// Looks after every process: stops idle ones, kills those that are stuck.
    ///
    /// Returns when to look again; nil when there is none.
    func tend() -> Timestamp? {
        for key in Array(slots.keys) {
            noteDeaths(key)
            for runner in slots[key]?.runners ?? [] {
                if let idle = runner.idleSince, idle.duration(to: .now) >= settings.idleTimeout {
                    runner.drain()
                    slots[key]?.runners.removeAll { $0 === runner }
                    if let slot = slots[key], slot.runners.isEmpty, slot.start == nil { slots[key] = nil }
                } else {
                    runner.checkLiveness(unresponsiveTimeout: settings.unresponsiveTimeout)
                }
            }
        }
        let isEmpty = slots.values.allSatisfy(\.runners.isEmpty)
        let interval = min(settings.idleTimeout, settings.unresponsiveTimeout) / 3
        return isEmpty ? nil : time.now() + max(interval, .milliseconds(20))
    }

    /// Ends all processes: those with invocations get the drain time, then are killed.
    func stop() async {
        isStopped = true
        let starts = slots.values.compactMap(\.start)
        let runners = slots.values.flatMap(\.runners)
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
        // What they start, they end again.
        for start in starts { _ = await start.result }
    }

    /// Begins a start that the slot owns, and `stop` ends.
    ///
    /// Not a child of the first caller, whose cancellation must not fail the others.
    private func start(_ key: VersionKey) -> Task<Void, any Error> {
        let task = Task { try await launch(key) }
        slots[key, default: Slot()].start = task
        return task
    }

    private func launch(_ key: VersionKey) async throws {
        let result: Result<Runner, any Error>
        do {
            result = .success(try await starter(key))
        } catch {
            result = .failure(error)
        }
        slots[key]?.start = nil
        switch result {
        case .success(let runner):
            guard slots[key] != nil, !isStopped else {
                await runner.stop()
                throw FlareError(.engineUnavailable, "the engine is stopping")
            }
            slots[key]?.runners.append(runner)
            changed.notify()
        case .failure(let error):
            noteFailure(key)
            throw error
        }
    }

    private func isHeldBack(_ slot: Slot) -> Bool {
        slot.notBefore.map { time.now() < $0 } ?? false
    }

    private func noteDeaths(_ key: VersionKey) {
        for runner in slots[key]?.runners ?? [] where runner.lifetime.isOver { noteDeath(of: runner, key: key) }
    }

    private func noteDeath(of runner: Runner, key: VersionKey) {
        slots[key]?.runners.removeAll { $0 === runner }
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
