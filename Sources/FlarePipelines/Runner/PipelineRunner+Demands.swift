import FlareBuckets
import FlareModel
import FlareStore
import NIOCore
import Synchronization

/// What the loop does for those who ask something of it, in its own turn.
extension PipelineRunner {
    /// A demand all of whose records are in objects, or need only be rolled to get there.
    func takeWaiting(_ work: inout RunnerWork) -> RunnerState.Waiting? {
        guard state.withLock({ !$0.waiting.isEmpty }) else { return nil }
        let position = work.position
        if state.withLock({ $0.mustRoll(at: position) }) { work.rollAll() }
        let (watermark, isIdle) = (work.nextGroup(batchesMax: 0).watermark, work.isIdle)
        return state.withLock { $0.takeMet(watermark: watermark, isIdle: isIdle) }
    }

    func meet(_ waiting: RunnerState.Waiting, _ work: RunnerWork) async throws -> Bool {
        var work = work
        return try await meet(waiting, &work)
    }

    /// Does what a demand asks for.
    ///
    /// False when the loop is over.
    func meet(_ waiting: RunnerState.Waiting, _ work: inout RunnerWork) async throws -> Bool {
        do {
            switch waiting.demand {
            case .flush: break
            case .change(let body): try await change(body, &work)
            case .retire, .abandon:
                let id = work.record.id
                try await database.write { try PipelineRecord.delete(id: id, in: $0) }
            }
        } catch {
            // First what everybody can see, then the answer: who gets it may look at once.
            state.withLock { $0.lastError = Self.known(error) }
            waiting.answer.resume(throwing: error)
            throw error
        }
        waiting.answer.resume()
        return switch waiting.demand {
        case .flush, .change: true
        case .retire, .abandon: false
        }
    }

    private func change(_ body: PipelineUpdateBody, _ work: inout RunnerWork) async throws {
        var changed = work.record
        changed.settings = try changed.settings.changed(by: body)
        changed.version += 1
        changed.modifiedAt = time.now()
        try await database.write { [buckets, changed, position = work.position] tx in
            try buckets.ensure(named: changed.settings.bucket, in: tx)
            try changed.update(in: tx)
            // The keys ahead of the watermark are those of the old settings: none may be looked up under the new ones.
            try Checkpoint.advance(pipeline: changed.id, to: position, in: tx)
        }
        work.apply(changed)
        stream.setRules(changed.settings.ingestRules)
        state.withLock { [changed] in $0.record = changed }
    }
}
