package import FlareModel
package import FlareStore
package import Logging
import Synchronization

/// Tells followers what each invocation of a Worker did.
///
/// Costs one load of an atomic number for each invocation when nobody follows. Never waits for a follower.
package final class TraceHub: Sendable {
    private let time: any TimeSource
    private let logger: Logger
    private let count = Atomic<Int>(0)
    private let followers = Mutex<[ObjectIdentifier: TraceFollower]>([:])

    package init(time: any TimeSource, logger: Logger) {
        self.time = time
        self.logger = logger
    }

    /// Hands the events of one Worker, or of all for nil, to `receive` until the calling task is cancelled.
    ///
    /// Follows from before its first suspension on; `begun` is called then. Throws what `receive` throws.
    package func follow(
        worker: String?,
        where filter: TraceFilter = TraceFilter(),
        begun: () async throws -> Void = {},
        _ receive: ([TraceItem]) async throws -> Void
    ) async throws {
        let follower = TraceFollower(worker: worker)
        followers.withLock { $0[ObjectIdentifier(follower)] = follower }
        count.add(1, ordering: .sequentiallyConsistent)
        defer {
            count.subtract(1, ordering: .sequentiallyConsistent)
            followers.withLock { $0[ObjectIdentifier(follower)] = nil }
        }
        try await begun()
        while let batch = await follower.next() {
            let items = batch.filter { item in
                guard case .event(let event) = item else { return true }
                return filter.takes(event)
            }
            if !items.isEmpty { try await receive(items) }
        }
        try Task.checkCancellation()
    }

    private var isFollowed: Bool { count.load(ordering: .relaxed) > 0 }

    /// Runs an invocation, and publishes what it did when somebody follows at its end.
    func observing(
        _ invocation: Invocation,
        version: String,
        _ run: (Invocation) async throws -> InvocationResult
    ) async throws -> InvocationResult {
        let begin = time.now()
        let clock = ContinuousClock.now
        var observed = invocation
        let lines = isFollowed ? TraceLines() : nil
        if let lines {
            let (onLog, logger, worker) = (invocation.onLog, logger, invocation.worker)
            observed.onLog = { line in
                lines.append(line)
                // A line that nobody asked for goes to the log, as it does without followers.
                guard let onLog else { return logger.info("console", metadata: line.metadata(of: worker)) }
                onLog(line)
            }
        }
        let outcome: Result<InvocationResult, any Error>
        do {
            outcome = .success(try await run(observed))
        } catch {
            outcome = .failure(error)
        }
        if isFollowed {
            let trace = InvocationTrace(invocation: invocation, version: version, begin: begin, end: time.now())
            let took = clock.duration(to: .now)
            publish(trace.body(outcome, lines: lines, took: took))
        }
        return try outcome.get()
    }

    private func publish(_ event: TraceBody) {
        for follower in followers.withLock({ Array($0.values) }) { follower.offer(event) }
    }
}

/// What a follower gets.
package enum TraceItem: Sendable {
    case event(TraceBody)
    /// So many events came faster than they were taken.
    case missed(Int)
}

/// The events that wait for one follower, which are bounded.
private final class TraceFollower: Sendable {
    private struct State {
        var events: [TraceBody] = []
        var bytes = 0
        var missed = 0
    }

    private let worker: String?
    private let state = Mutex(State())
    private let signal: AsyncStream<Void>
    private let wake: AsyncStream<Void>.Continuation

    init(worker: String?) {
        self.worker = worker
        (signal, wake) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    func offer(_ event: TraceBody) {
        guard worker == nil || worker == event.scriptName else { return }
        state.withLock { state in
            guard state.events.count < Limits.traceEventsMax, state.bytes < Limits.traceBytesMax else {
                state.missed += 1
                return
            }
            state.events.append(event)
            state.bytes += event.sizeBytes
        }
        wake.yield()
    }

    /// All that wait, once there is something; nil when the task is cancelled.
    ///
    /// Called by one task.
    func next() async -> [TraceItem]? {
        for await _ in signal {
            let taken = state.withLock { state in
                defer { state = State() }
                return state
            }
            let missed = taken.missed > 0 ? [TraceItem.missed(taken.missed)] : []
            // Those that were dropped came behind those that were kept.
            if !taken.events.isEmpty || !missed.isEmpty { return taken.events.map { .event($0) } + missed }
        }
        return nil
    }
}

extension TraceBody {
    /// Roughly what it takes in memory.
    fileprivate var sizeBytes: Int {
        logs.reduce(1_000) { $0 + ($1.message.first?.utf8.count ?? 0) + 100 }
            + exceptions.reduce(0) { $0 + $1.message.utf8.count + ($1.stack?.utf8.count ?? 0) }
    }
}
