package import FlareModel
import FlareStore
import Synchronization

extension WorkerService {
    /// Opens the inspector of Node.js in a process of the Worker's current version.
    ///
    /// A process of its own is started for it, without the permission flags, which forbid the inspector; the others
    /// finish what they do. It serves everything from then on, and nothing in it is stopped for being slow. Throws
    /// `inUse` when the port is taken.
    package func inspect(_ worker: String, port: Int) async throws -> InspectorBody {
        guard (0...65_535).contains(port) else {
            throw FlareError(.invalidArgument, "the port must be a number from 0 to 65535, not \(port)")
        }
        let version = try await database.read { tx in try WorkerRecord.named(worker, in: tx).currentVersion }
        let key = VersionKey(worker: worker, version: version)
        await fleet.stopInspecting(key)
        let runner = try await starter.start(key, isInspected: true)
        do {
            let url = try await runner.openInspector(port: port)
            await fleet.adopt(runner, as: key)
            return InspectorBody(worker: worker, version: version, pid: runner.pid, url: url)
        } catch {
            await runner.stop()
            throw error
        }
    }

    /// Ends the process that `inspect` started, once its invocations are done.
    ///
    /// The next one is an ordinary one.
    package func stopInspecting(_ worker: String) async throws {
        let version = try await database.read { tx in try WorkerRecord.named(worker, in: tx).currentVersion }
        await fleet.stopInspecting(VersionKey(worker: worker, version: version))
    }

    /// How the processes of a version fare.
    func host(of key: VersionKey) async throws -> WorkerHostBody? {
        let version = try await database.read { tx in try VersionRecord.find(key, in: tx) }
        guard let version else { return nil }
        return await fleet.host(of: key, RunnerLimits(version.details.configuration, settings: settings))
    }
}

extension RunnerFleet {
    /// How the processes of a version fare.
    func host(of key: VersionKey, _ limits: RunnerLimits) -> WorkerHostBody {
        let slot = slots[key] ?? Slot()
        let crashes = crashes[key] ?? WorkerCrashes()
        let now = time.now()
        var body = WorkerHostBody(
            concurrency: limits.processesMax,
            cpuLimitMilliseconds: Int(limits.processorTime.milliseconds),
            memoryLimitBytes: Int(clamping: limits.memoryBytes),
            processes: slot.runners.filter { !$0.lifetime.isOver }.map(\.body),
            crashes: crashes.count
        )
        if crashes.count > 0 { (body.lastCrash, body.lastCrashOn) = (crashes.lastReason, crashes.lastTime) }
        if let next = slot.notBefore, next > now, body.processes.isEmpty { body.nextStartOn = next }
        if let broken = slot.broken, broken.until > now { body.broken = broken.reason.message }
        return body
    }

    /// Lets the process that is debugged finish what it does, and end.
    func stopInspecting(_ key: VersionKey) {
        for runner in slots[key]?.runners ?? [] where runner.isInspected { retire(runner, of: key) }
    }
}

extension Runner {
    /// 0 once it has ended.
    var pid: Int { process.withLock { $0.map { Int($0.pid) } ?? 0 } }

    fileprivate var body: WorkerProcessBody {
        let (load, memory, utilization) = state.withLock { ($0.load, $0.memoryBytes, $0.utilization) }
        let bytes = memory > 0 ? memory : ProcessSample(pid: Int32(pid))?.memoryBytes ?? 0
        return WorkerProcessBody(
            pid: pid,
            invocations: load,
            memoryBytes: Int(clamping: bytes),
            utilization: (utilization * 100).rounded() / 100,
            isInspected: isInspected
        )
    }
}
