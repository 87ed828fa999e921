import FlareModel
import FlareStore
import Logging
import NIOCore

/// One version of one Worker.
struct VersionKey: Hashable, Sendable {
    var worker: String
    var version: String
}

/// The processes of all Workers: one per version, or more under load, started on first need, stopped when idle, started
/// again with growing delays when they die.
actor RunnerFleet {
    /// Starts a process of a version; given by the service, which knows where the bundle lies.
    typealias Starter = @Sendable (VersionKey) async throws -> Runner

    struct Slot {
        var runners: [Runner] = []
        /// Set while a start is under way; while there is no process, everyone who needs the version waits for it.
        var start: Task<Void, any Error>?
        /// Deaths in quick succession, for the back-off.
        var failures = 0
        var notBefore: Timestamp?
        /// Why its code cannot be loaded, and until when nobody tries again.
        var broken: (reason: FlareError, until: Timestamp)?
    }

    private let starter: Starter
    let settings: WorkerSettings
    let time: any TimeSource
    private let logger: Logger
    var slots: [VersionKey: Slot] = [:]
    /// Processes that take nothing new and finish what they have.
    var leaving: [Runner] = []
    /// Deaths of the processes of a version.
    var crashes: [VersionKey: WorkerCrashes] = [:]
    /// Told when the housekeeping loop must look sooner than it meant to.
    nonisolated let changed: Wake
    /// Whether the housekeeping loop looks often already.
    private var isWatching = false
    private var isStopped = false

    init(
        settings: WorkerSettings,
        time: any TimeSource,
        logger: Logger,
        changed: Wake,
        starter: @escaping Starter
    ) {
        self.settings = settings
        self.time = time
        self.logger = logger
        self.changed = changed
        self.starter = starter
    }

    /// The process of a version that is to take an invocation, started if there is none; its `invoke` must be called
    /// next.
    ///
    /// Given `processesMax`, it is the least busy one, and when that has work another one is started behind the scenes,
    /// up to so many; nobody waits for that. Otherwise the first one takes everything until it is under load (`tend`).
    /// Waits while a version that keeps dying is held back; throws at once why one that cannot be loaded is broken.
    func runner(for key: VersionKey, processesMax: Int?) async throws -> Runner {
        while true {
            guard !isStopped else { throw FlareError(.engineUnavailable, "the engine is stopping") }
            noteDeaths(key)
            if let slot = slots[key], let runner = choose(slot, leastBusy: processesMax != nil) {
                let isRoomLeft = slot.runners.count < min(processesMax ?? 1, Limits.workerProcessesMax)
                if runner.load > 0, isRoomLeft, slot.start == nil, !isHeldBack(slot), !runner.isInspected {
                    _ = start(key)
                }
                runner.expectInvocation()
                if !isWatching {
                    isWatching = true
                    changed.notify()
                }
                return runner
            }
            if let slot = slots[key], slot.start == nil {
                if let broken = slot.broken, time.now() < broken.until { throw broken.reason }
                if let notBefore = slot.notBefore, isHeldBack(slot) {
                    await time.sleep(until: notBefore)
                    try Task.checkCancellation()
                    continue
                }
            }
            try await (slots[key]?.start ?? start(key)).value
        }
    }

    private func choose(_ slot: Slot, leastBusy: Bool) -> Runner? {
        if !leastBusy, let first = slot.runners.first, !first.isHot { return first }
        return slot.runners.min { ($0.isHot ? 1 : 0, $0.load) < ($1.isHot ? 1 : 0, $1.load) }
    }

    /// Puts a process that deploy has tried, or that is to be debugged, into service.
    func adopt(_ runner: Runner, as key: VersionKey) {
        // Nobody would end it after `stop`.
        guard !isStopped else { return release(runner) }
        for old in slots[key]?.runners ?? [] { release(old) }
        slots[key, default: Slot()].runners = [runner]
        slots[key]?.broken = nil
        changed.notify()
    }

    /// Lets the processes of other versions finish what they do, and end.
    func retireVersions(of worker: String, except version: String?) {
        for (key, slot) in slots where key.worker == worker && key.version != version {
            for runner in slot.runners { release(runner) }
            slots[key]?.runners = []
            if slot.start == nil { slots[key] = nil }
        }
        for key in crashes.keys where key.worker == worker && key.version != version { crashes[key] = nil }
    }

    /// Takes a process out of service.
    func retire(_ runner: Runner, of key: VersionKey) {
        slots[key]?.runners.removeAll { $0 === runner }
        release(runner)
    }

    /// Lets a process finish what it does, and end; it is still looked after.
    private func release(_ runner: Runner) {
        runner.drain()
        if !runner.lifetime.isOver { leaving.append(runner) }
    }

    /// Lets all processes of a Worker end, also those that are starting; what is invoked from now on gets new ones.
    func restart(_ worker: String) async {
        let starts = slots.filter { $0.key.worker == worker }.compactMap(\.value.start)
        for start in starts { _ = await start.result }
        retireVersions(of: worker, except: nil)
    }

    /// Looks after every process: stops idle ones, kills those that are stuck, starts another one where all are under
    /// load.
    ///
    /// Returns when to look again; nil when there is none.
    func tend() -> Timestamp? {
        leaving.removeAll { $0.lifetime.isOver }
        for runner in leaving { runner.look(expiredGrace: settings.expiredGrace) }
        for key in Array(slots.keys) {
            noteDeaths(key)
            for runner in slots[key]?.runners ?? [] { tend(runner, key) }
            if let slot = slots[key], slot.runners.isEmpty, slot.start == nil, slot.failures == 0, slot.broken == nil {
                slots[key] = nil
            }
            share(key)
        }
        let runners = slots.values.flatMap(\.runners) + leaving
        // Also for what is about to begin: whoever was given a process has told of it before, and tells no more.
        isWatching = runners.contains { $0.idleSince == nil || $0.load > 0 }
        let interval = isWatching ? lookInterval : settings.idleTimeout / 3
        return runners.isEmpty ? nil : time.now() + max(interval, .milliseconds(20))
    }

    private var lookInterval: Duration {
        min(
            settings.lookInterval,
            settings.processorTime / 3,
            settings.unresponsiveTimeout / 3,
            settings.idleTimeout / 3
        )
    }

    private func tend(_ runner: Runner, _ key: VersionKey) {
        let isIdle = runner.idleSince.map { $0.duration(to: .now) >= settings.idleTimeout } ?? false
        if (isIdle && !runner.isInspected) || runner.isLeaving {
            slots[key]?.runners.removeAll { $0 === runner }
            release(runner)
        } else {
            runner.look(expiredGrace: settings.expiredGrace)
        }
    }

    /// Starts another process when all of a version are under load and it may have more.
    private func share(_ key: VersionKey) {
        guard !isStopped, let slot = slots[key], let first = slot.runners.first, slot.start == nil, !isHeldBack(slot),
            slot.runners.count < first.limits.processesMax, slot.runners.allSatisfy({ $0.isHot && !$0.isInspected })
        else { return }
        _ = start(key)
    }

    /// Ends all processes: those with invocations get the drain time, then are killed.
    func stop() async {
        isStopped = true
        let starts = slots.values.compactMap(\.start)
        let runners = slots.values.flatMap(\.runners) + leaving
        slots = [:]
        leaving = []
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
            slots[key]?.broken = nil
            changed.notify()
        case .failure(let error):
            noteFailedStart(key, error)
            throw error
        }
    }

    private func isHeldBack(_ slot: Slot) -> Bool {
        slot.notBefore.map { time.now() < $0 } ?? false
    }

    /// Moves processes that have ended, or take nothing new, out of the way.
    private func noteDeaths(_ key: VersionKey) {
        for runner in slots[key]?.runners ?? [] {
            if runner.lifetime.isOver {
                noteDeath(of: runner, key: key)
            } else if runner.isLeaving {
                slots[key]?.runners.removeAll { $0 === runner }
                release(runner)
            }
        }
    }

    private func noteDeath(of runner: Runner, key: VersionKey) {
        slots[key]?.runners.removeAll { $0 === runner }
        // Code that has served before does not keep its version from being started: it has only now begun to fail.
        if runner.hasServed || runner.lifetime.length > settings.restartDelayMax { slots[key]?.failures = 0 }
        noteFailure(key, reason: runner.refusal?.message ?? "it ended")
    }

    /// Code that cannot be loaded will not be loadable a moment later: nobody tries again for a while.
    private func noteFailedStart(_ key: VersionKey, _ error: any Error) {
        let known = error as? FlareError ?? FlareError(.internalError, "\(error)", cause: error)
        if known.code == .buildFailed, known.cause is JavaScriptError {
            slots[key]?.broken = (known, time.now() + settings.brokenLength)
        }
        noteFailure(key, reason: known.message)
    }

    private func noteFailure(_ key: VersionKey, reason: String) {
        guard var slot = slots[key] else { return }
        let doublings = min(slot.failures, 10)
        slot.failures += 1
        let now = time.now()
        let next =
            slot.broken?.until ?? now + min(settings.restartDelayMax, settings.restartDelayMin * (1 << doublings))
        slot.notBefore = next
        slots[key] = slot
        crashes[key, default: WorkerCrashes()].add(reason, at: now)
        logger.warning(
            "a Worker's process ended",
            metadata: [
                "worker": "\(key.worker)", "version": "\(key.version)", "reason": "\(reason)",
                "failures": "\(slot.failures)", "next_start": "\(next.text)",
            ]
        )
    }
}
