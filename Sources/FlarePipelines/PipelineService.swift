package import FlareBuckets
package import FlareModel
package import FlareStore
package import Logging
package import NIOCore
package import ServiceLifecycle
import Synchronization

/// Pipelines: each takes records into a durable stream, batches them, and writes them as objects into one bucket.
package final class PipelineService: Sendable {
    /// One pipeline of this engine.
    private enum Pipeline: Sendable {
        case working(PipelineRunner)
        /// Its stream cannot be opened. It takes no records until that is mended; the others go on.
        case broken(PipelineRecord, FlareError)

        var record: PipelineRecord {
            switch self {
            case .working(let runner): runner.record
            case .broken(let record, _): record
            }
        }

        func runner() throws -> PipelineRunner {
            switch self {
            case .working(let runner): return runner
            case .broken(_, let error): throw error
            }
        }
    }

    /// A pipeline and how far it has come.
    package struct Status: Sendable {
        package let record: PipelineRecord
        package let progress: PipelineProgress
    }

    private struct State {
        var pipelines: [String: Pipeline] = [:]
        var names: [String: String] = [:]
        /// Runners that the service's loop has not started yet.
        var unstarted: [PipelineRunner] = []
    }

    let database: Database
    private let streams: PipelineStreams
    private let buckets: BucketService
    private let hooks: PipelineHooks
    /// Whose loops answer callers that are on none.
    let group: any EventLoopGroup
    let time: any TimeSource
    let logger: Logger
    private let state = Mutex(State())
    private let wake = Wake()

    package init(
        database: Database,
        state directory: StateDirectory,
        disk: any Disk,
        buckets: BucketService,
        hooks: PipelineHooks,
        group: any EventLoopGroup,
        time: any TimeSource,
        logger: Logger
    ) {
        self.database = database
        streams = PipelineStreams(directory: directory.streams, disk: disk, logger: logger)
        self.buckets = buckets
        self.hooks = hooks
        self.group = group
        self.time = time
        self.logger = logger
    }

    /// Opens the streams of all pipelines.
    ///
    /// Call once, before anything else.
    package func open() async throws {
        let stored = try await database.read { tx in
            try PipelineRecord.all(in: tx).map { ($0, try StoredStream.load(pipeline: $0.id, in: tx)) }
        }
        for (record, stream) in stored {
            do {
                add(try makeRunner(record, stream))
            } catch {
                let error = error as? FlareError ?? FlareError(.storeFailed, "\(error)", cause: error)
                logger.error(
                    "the stream of a pipeline cannot be opened",
                    metadata: ["pipeline": "\(record.name)", "error": "\(error)"]
                )
                state.withLock { state in
                    state.pipelines[record.name] = .broken(record, error)
                    state.names[record.id] = record.name
                }
            }
        }
        streams.removeOrphans(keeping: Set(stored.map(\.0.id)))
    }

    /// The loops of all pipelines; runs until graceful shutdown.
    ///
    /// What is open in a batch stays in the stream.
    package var service: some Service { PipelineLoops(pipelines: self) }

    /// Creates a pipeline, and its bucket when it is missing.
    ///
    /// Throws `alreadyExists`, `invalidName`, `invalidArgument`.
    @discardableResult
    package func create(_ body: PipelineCreateBody) async throws -> PipelineRecord {
        try NameRule.pipeline.validate(body.name)
        let settings = try PipelineSettings(body)
        if let transform = settings.transform { try await hooks.checkTransform(transform.worker, transform.entrypoint) }
        guard !state.withLock({ $0.pipelines[body.name] != nil }) else { throw Self.exists(body.name) }
        let record = PipelineRecord(name: body.name, settings: settings, at: time.now())
        // The stream first: a row without one would be broken after a crash; a stream without a row is swept up.
        let runner = try makeRunner(record, StoredStream())
        do {
            try await database.write { [buckets] tx in
                try buckets.ensure(named: settings.bucket, in: tx)
                guard try record.insert(in: tx) else { throw Self.exists(record.name) }
            }
        } catch {
            runner.stream.log.close()
            streams.remove(record.id)
            throw error
        }
        add(runner)
        wake.notify()
        logger.info("created a pipeline", metadata: ["pipeline": "\(record.name)"])
        return record
    }

    /// The names of all pipelines, in order.
    package func names() -> [String] { state.withLock { $0.pipelines.keys.sorted() } }

    /// The pipelines whose batches a Worker transforms, by name, with the export that they call.
    package func transformed(byWorker worker: String) -> [(pipeline: String, entrypoint: String?)] {
        list().compactMap { status in
            guard let target = status.record.settings.transform, target.worker == worker else { return nil }
            return (status.record.name, target.entrypoint)
        }
    }

    /// All pipelines by name.
    package func list() -> [Status] {
        state.withLock { Array($0.pipelines.values) }
            .map(Self.status)
            .sorted { $0.record.name < $1.record.name }
    }

    /// One pipeline, by name or id.
    ///
    /// Throws `pipelineNotFound` with the nearest name.
    package func get(_ nameOrID: String) throws -> Status {
        Self.status(try find(nameOrID))
    }

    /// Changes settings.
    ///
    /// What was accepted before is written under the old ones first. Throws what keeps it from being written; the
    /// settings stay as they were then.
    @discardableResult
    package func update(_ nameOrID: String, _ body: PipelineUpdateBody) async throws -> PipelineRecord {
        let runner = try find(nameOrID).runner()
        let changed = try runner.record.settings.changed(by: body)
        if let transform = changed.transform, transform != runner.record.settings.transform {
            try await hooks.checkTransform(transform.worker, transform.entrypoint)
        }
        try await runner.demand(.change(body))
        return runner.record
    }

    /// Returns when all that was accepted before the call is in objects.
    package func flush(_ nameOrID: String) async throws {
        try await find(nameOrID).runner().demand(.flush)
    }

    /// Deletes a pipeline after writing what it has accepted; its bucket and objects stay.
    ///
    /// Throws what keeps its records from being written, and then the pipeline stays. With `discarding` they are given
    /// up instead.
    package func delete(_ nameOrID: String, discarding: Bool = false) async throws {
        let pipeline = try find(nameOrID)
        let record = pipeline.record
        switch pipeline {
        case .working(let runner):
            await runner.stream.closeDoor()
            do {
                try await runner.demand(discarding ? .abandon : .retire)
            } catch {
                // Somebody else's call may have deleted it meanwhile; then its door stays closed.
                if !runner.hasEnded { runner.stream.reopenDoor() }
                throw error
            }
            runner.stream.log.close()
        case .broken(_, let error):
            guard discarding else { throw error }
            try await database.write { try PipelineRecord.delete(id: record.id, in: $0) }
        }
        state.withLock { state in
            state.pipelines[record.name] = nil
            state.names[record.id] = nil
        }
        streams.remove(record.id)
        if case .working(let runner) = pipeline { runner.tail.finish() }
        logger.info("deleted a pipeline", metadata: ["pipeline": "\(record.name)"])
    }

    /// Where the records of a pipeline go.
    ///
    /// Throws `pipelineNotFound` with the nearest name.
    package func stream(named nameOrID: String) throws -> StreamLog {
        try find(nameOrID).runner().stream
    }

    /// Closes all streams.
    ///
    /// Call last: nothing may use the service afterwards.
    package func close() {
        for runner in runners() { runner.stream.log.close() }
    }

    /// Runs every pipeline's loop until the task is cancelled, those made meanwhile too.
    func runLoops() async {
        await withDiscardingTaskGroup { group in
            while !Task.isCancelled {
                let runners = state.withLock { state in
                    defer { state.unstarted = [] }
                    return state.unstarted
                }
                for runner in runners { group.addTask { await runner.run() } }
                await wake.wait()
            }
        }
    }

    /// The loops of all pipelines whose streams are open.
    func runners() -> [PipelineRunner] {
        state.withLock { Array($0.pipelines.values) }.compactMap { pipeline in
            guard case .working(let runner) = pipeline else { return nil }
            return runner
        }
    }

    /// The loop of a pipeline.
    ///
    /// Throws `pipelineNotFound`, or why its stream cannot be opened.
    func runner(named nameOrID: String) throws -> PipelineRunner { try find(nameOrID).runner() }

    private func find(_ nameOrID: String) throws -> Pipeline {
        let (found, names) = state.withLock { state -> (Pipeline?, [String]) in
            let found = state.pipelines[nameOrID] ?? state.names[nameOrID].flatMap { state.pipelines[$0] }
            return (found, found == nil ? Array(state.pipelines.keys) : [])
        }
        if let found { return found }
        throw FlareError.notFound(
            .pipelineNotFound,
            kind: "pipeline",
            name: nameOrID,
            candidates: names,
            listing: "flare pipelines list"
        )
    }

    private func makeRunner(_ record: PipelineRecord, _ stream: StoredStream) throws -> PipelineRunner {
        PipelineRunner(
            record,
            stream: try streams.open(record, stream),
            database: database,
            buckets: buckets,
            hooks: hooks,
            time: time,
            logger: logger
        )
    }

    private func add(_ runner: PipelineRunner) {
        let record = runner.record
        state.withLock { state in
            state.pipelines[record.name] = .working(runner)
            state.names[record.id] = record.name
            state.unstarted.append(runner)
        }
    }

    private static func status(_ pipeline: Pipeline) -> Status {
        switch pipeline {
        case .working(let runner):
            Status(record: runner.record, progress: runner.progress)
        case .broken(let record, let error):
            Status(
                record: record,
                progress: PipelineProgress(
                    endOffset: 0,
                    flushedOffset: 0,
                    unflushedBytes: 0,
                    openBatches: 0,
                    lastError: error.description
                )
            )
        }
    }

    private static func exists(_ name: String) -> FlareError {
        FlareError(.alreadyExists, "pipeline \"\(name)\" already exists", hint: "flare pipelines get \(name)")
    }
}

/// The loops of all pipelines as a service of the engine.
struct PipelineLoops: Service {
    let pipelines: PipelineService

    func run() async throws {
        await cancelWhenGracefulShutdown { [pipelines] in await pipelines.runLoops() }
    }
}
