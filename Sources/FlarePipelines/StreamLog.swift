package import FlareModel
import FlareStore
package import NIOCore
import Synchronization

/// The durable stream of one pipeline: where accepted records are until they are in objects.
///
/// Delivery to the log is at least once: a client that got no answer may send again. What was answered with yes is kept
/// exactly once from here on.
package final class StreamLog: Sendable {
    private struct State {
        var isClosed = false
        var unflushedBytes = 0
        /// Requests handed to the log and not answered yet.
        var pending = 0
        var drained: CheckedContinuation<Void, Never>?
    }

    package let pipelineName: String
    let log: SegmentLog
    /// The end of the log when it was opened: records below it are not yet counted as unflushed.
    let recoveredEnd: Int64
    private let unflushedBytesMax: Int
    private let state = Mutex(State())
    /// Held while the frames of one request are handed over, so that they follow each other in the log.
    ///
    /// Never taken together with `state`.
    private let order = Mutex(())

    init(pipelineName: String, log: SegmentLog, unflushedBytesMax: Int = Limits.pipelineUnflushedBytesMax) {
        self.pipelineName = pipelineName
        self.log = log
        self.unflushedBytesMax = unflushedBytesMax
        recoveredEnd = log.endOffset
    }

    /// Bytes of records accepted and not yet in an object.
    var unflushedBytes: Int { state.withLock { $0.unflushedBytes } }

    /// Why records cannot be taken now: `pipelineNotFound` once it is deleted, `tooManyRequests` over the limit of
    /// unflushed bytes.
    ///
    /// Nil when they can. Ask before a body is read in full.
    package func refusal(ofBytes count: Int) -> FlareError? {
        state.withLock { refusal(ofBytes: count, $0) }
    }

    private func refusal(ofBytes count: Int, _ state: State) -> FlareError? {
        if state.isClosed { return FlareError(.pipelineNotFound, "pipeline \"\(pipelineName)\" is being deleted") }
        guard state.unflushedBytes > 0, state.unflushedBytes + count > unflushedBytesMax else { return nil }
        return FlareError(
            .tooManyRequests,
            "pipeline \"\(pipelineName)\" holds \(formatSizeBytes(state.unflushedBytes)) not in its bucket yet",
            hint: "send again later; see: flare pipelines get \(pipelineName)"
        )
    }

    /// Appends the records of one request and calls `done` on `eventLoop` once they are on disk, with the offset of the
    /// first.
    ///
    /// They have consecutive offsets.
    package func append(
        _ batch: IngestBatch,
        on eventLoop: any EventLoop,
        _ done: @escaping @Sendable (Result<Int64, FlareError>) -> Void
    ) {
        let lineBytes = batch.lineBytes
        let gather = Gather(frames: batch.frames.count) { result in
            self.ended(lineBytes, result)
            done(result)
        }
        if batch.frames.isEmpty { return done(.success(log.endOffset)) }
        if let refusal = admit(lineBytes) { return done(.failure(refusal)) }
        order.withLock { _ in
            for frame in batch.frames {
                log.append(frame.payload, recordCount: frame.recordCount, on: eventLoop, gather.frameEnded)
            }
        }
    }

    /// Counts bytes as accepted, or says why they cannot be.
    private func admit(_ lineBytes: Int) -> FlareError? {
        state.withLock { state in
            if let refusal = refusal(ofBytes: lineBytes, state) { return refusal }
            state.unflushedBytes += lineBytes
            state.pending += 1
            return nil
        }
    }

    /// The log has answered for a request.
    private func ended(_ lineBytes: Int, _ result: Result<Int64, FlareError>) {
        let drained = state.withLock { state -> CheckedContinuation<Void, Never>? in
            if case .failure = result { state.unflushedBytes -= lineBytes }
            state.pending -= 1
            guard state.pending == 0 else { return nil }
            defer { state.drained = nil }
            return state.drained
        }
        drained?.resume()
    }

    /// As above, for callers on no event loop.
    ///
    /// The frames of a body beyond `Limits.ingestFrameBytes` may have other records between them.
    func append(_ batch: IngestBatch) async throws -> Int64 {
        if let refusal = admit(batch.lineBytes) { throw refusal }
        var first: Result<Int64, FlareError> = .success(log.endOffset)
        do {
            for (index, frame) in batch.frames.enumerated() {
                let offset = try await log.append(frame.payload, recordCount: frame.recordCount)
                if index == 0 { first = .success(offset) }
            }
        } catch {
            first = .failure(
                error as? FlareError ?? FlareError(.storeFailed, "the stream failed: \(error)", cause: error)
            )
        }
        ended(batch.lineBytes, first)
        return try first.get()
    }

    /// Counts records that were in the log when it was opened and turn out not to be in an object.
    func addRecovered(bytes: Int) {
        state.withLock { $0.unflushedBytes += bytes }
    }

    /// Counts records that are in an object now.
    func subtract(_ bytes: Int) {
        state.withLock { $0.unflushedBytes -= bytes }
    }

    /// From now on no record is taken, until `reopenDoor`.
    ///
    /// Returns when all that were taken before are on disk.
    func closeDoor() async {
        await withCheckedContinuation { continuation in
            let isDrained = state.withLock { state in
                state.isClosed = true
                if state.pending == 0 || state.drained != nil { return true }
                state.drained = continuation
                return false
            }
            if isDrained { continuation.resume() }
        }
    }

    func reopenDoor() {
        state.withLock { $0.isClosed = false }
    }
}

/// Joins the answers for the frames of one request into one: the first offset, or the first failure.
private final class Gather: Sendable {
    private struct State {
        var remaining: Int
        var first: Result<Int64, FlareError>?
    }

    private let state: Mutex<State>
    private let done: @Sendable (Result<Int64, FlareError>) -> Void

    init(frames: Int, _ done: @escaping @Sendable (Result<Int64, FlareError>) -> Void) {
        state = Mutex(State(remaining: frames))
        self.done = done
    }

    @Sendable func frameEnded(_ result: Result<Int64, FlareError>) {
        let whole = state.withLock { state -> Result<Int64, FlareError>? in
            state.remaining -= 1
            switch (state.first, result) {
            case (nil, _): state.first = result
            case (.success(let first), .success(let offset)): state.first = .success(min(first, offset))
            case (.success, .failure): state.first = result
            case (.failure, _): break
            }
            return state.remaining == 0 ? state.first : nil
        }
        if let whole { done(whole) }
    }
}
