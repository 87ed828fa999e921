import FlareModel
import FlareStore
import FlareWorkers
import Logging
import NIOCore

/// Runs a pipeline's transforms over its batches, and finds the records that they cannot take.
///
/// A batch that fails is tried again with back-off; then it is cut in halves until the records at fault stand alone.
/// These become rejects, and the others go on.
struct BatchTransformer: Sendable {
    /// What became of a batch so far.
    private struct Outcome {
        var outputs: [BatchOutput] = []
        var rejects: [RejectRecord] = []

        /// Outputs for the same place go into the same object.
        mutating func add(_ part: PipelineOutput.Part, to sink: OutputSink?) {
            if let index = outputs.firstIndex(where: { $0.sink == sink }) {
                outputs[index].lines.writeBytes(part.lines)
                outputs[index].recordCount += part.recordCount
            } else {
                let lines = ByteBuffer(bytes: part.lines)
                outputs.append(BatchOutput(sink: sink, recordCount: part.recordCount, lines: lines))
            }
        }
    }

    /// Why a part of a batch did not go through.
    private enum Trouble {
        /// The records may be at fault: smaller parts tell which.
        case split(reason: String, label: String?)
        /// As a whole, for cutting it would take too long: it hung, or it took the process down.
        case rejected(reason: String)
        /// Nothing of the records' doing: it is tried again for ever.
        case blocked(any Error)
    }

    let hooks: PipelineHooks
    let metrics: PipelineMetrics
    let time: any TimeSource
    let logger: Logger

    /// What leaves the pipeline for a batch, and the records that do not.
    ///
    /// Throws when the transforms cannot run at all: their Worker is gone, say.
    func outputs(
        of batch: Batcher.Batch,
        in record: PipelineRecord
    ) async throws -> (outputs: [BatchOutput], rejects: [RejectRecord]) {
        guard let target = record.settings.transform else {
            return ([BatchOutput(sink: nil, recordCount: batch.rows, lines: batch.lines)], [])
        }
        var outcome = Outcome()
        // The rest of what is to do, last part first: parts stay in their order without recursion.
        var parts = [(range: 0..<batch.rows, isWhole: true)]
        let ends = Self.lineEnds(batch.lines)
        while let part = parts.popLast() {
            let lines = Self.slice(batch.lines, ends, part.range)
            let attempts = part.isWhole ? Limits.transformAttemptsMax : 1
            switch try await run(lines, part.range, of: batch, target, record, attempts: attempts, &outcome) {
            case nil: break
            case .split(let reason, let label):
                guard part.range.count > 1 else {
                    reject(part.range, lines, reason, label, batch, &outcome)
                    continue
                }
                let middle = part.range.lowerBound + part.range.count / 2
                parts.append((middle..<part.range.upperBound, false))
                parts.append((part.range.lowerBound..<middle, false))
            case .rejected(let reason): reject(part.range, lines, reason, nil, batch, &outcome)
            case .blocked(let error): throw error
            }
        }
        return (outcome.outputs, outcome.rejects)
    }

    /// Runs the transforms over a part until it goes through or its attempts are used up.
    ///
    /// Nil when it went through.
    private func run(
        _ lines: ByteBuffer,
        _ range: Range<Int>,
        of batch: Batcher.Batch,
        _ target: TransformTarget,
        _ record: PipelineRecord,
        attempts: Int,
        _ outcome: inout Outcome
    ) async throws -> Trouble? {
        let input = PipelineBatch(
            pipelineID: record.id,
            pipelineName: record.name,
            batchID: "\(record.id)-\(batch.firstOffset)-\(range.lowerBound)",
            time: batch.firstTime,
            lines: Array(lines.readableBytesView),
            recordCount: range.count
        )
        let call = input.invocation(
            worker: target.worker,
            entrypoint: target.entrypoint,
            processesMax: min(record.settings.concurrency, Limits.workerProcessesMax)
        ) { [logger] line in
            logger.info("console", metadata: ["worker": "\(target.worker)", "text": "\(line.message)"])
        }
        var (attempt, disturbances) = (1, 0)
        while true {
            do {
                let output = try PipelineBatch.output(of: try await hooks.invoke(call))
                // All sinks before the first part is taken, so that a wrong one leaves nothing of its batch behind.
                let sinks = try output.parts.map { try $0.sink.map { try OutputSink($0) } }
                for label in output.labels { count(label) }
                for (part, sink) in zip(output.parts, sinks) { outcome.add(part, to: sink) }
                return nil
            } catch {
                try Task.checkCancellation()
                if let reason = await missingCode(target, error) { return .blocked(reason) }
                let (trouble, mayPass) = judge(error)
                if (error as? FlareError)?.cause is BystanderLost, disturbances < Limits.transformDisturbancesMax {
                    disturbances += 1
                } else {
                    guard mayPass, attempt < attempts else { return trouble }
                    attempt += 1
                }
            }
            let delay = Limits.transformRetryFirstMilliseconds << (2 * max(0, attempt - 2))
            await time.sleep(until: time.now() + .milliseconds(delay))
            try Task.checkCancellation()
        }
    }

    /// Why the Worker cannot transform at all, when that is what an error comes from: it was deployed without the
    /// handler, which is no fault of the records.
    private func missingCode(_ target: TransformTarget, _ error: any Error) async -> (any Error)? {
        guard let failure = PipelineBatch.failure(of: error), failure.label == nil else { return nil }
        do {
            try await hooks.checkTransform(target.worker, target.entrypoint)
            return nil
        } catch {
            return error
        }
    }

    /// What an error means, and whether another attempt may pass.
    private func judge(_ error: any Error) -> (Trouble, mayPass: Bool) {
        if let failure = PipelineBatch.failure(of: error) {
            for label in failure.labels { count(label) }
            let text = failure.error.message
            let reason = text.isEmpty ? failure.error.name : "\(failure.error.name): \(text)"
            return (.split(reason: reason, label: failure.label), !failure.isTooLarge)
        }
        let known = error as? FlareError ?? FlareError(.internalError, "\(error)", cause: error)
        switch known.code {
        case .bodyTooLarge: return (.split(reason: known.message, label: nil), false)
        case .runFailed, .invalidArgument: return (.split(reason: known.message, label: nil), true)
        case .deadlineExceeded, .engineUnavailable: return (.rejected(reason: known.message), true)
        default: return (.blocked(error), false)
        }
    }

    private func reject(
        _ range: Range<Int>,
        _ lines: ByteBuffer,
        _ reason: String,
        _ label: String?,
        _ batch: Batcher.Batch,
        _ outcome: inout Outcome
    ) {
        let now = time.now()
        for (line, index) in zip(lines.readableBytesView.split(separator: 0x0A), range) {
            // Batches from before the pipeline had a transform know only where they begin.
            let origin =
                index < batch.origins.count
                ? batch.origins[index]
                : Batcher.Origin(offset: batch.firstOffset + Int64(index), time: batch.firstTime, source: .http)
            outcome.rejects.append(
                RejectRecord(record: Array(line), reason: reason, label: label, origin: origin, at: now)
            )
        }
        logger.warning(
            "records were rejected by a transform",
            metadata: ["records": "\(range.count)", "label": "\(label ?? "-")", "reason": "\(reason)"]
        )
    }

    private func count(_ report: PipelineLabelReport) {
        let (seconds, attoseconds) = report.duration.components
        metrics.transformed(report.label) { label in
            label.add(
                recordsIn: report.recordsIn,
                recordsOut: report.recordsOut,
                bytesIn: report.bytesIn,
                bytesOut: report.bytesOut,
                errors: report.errorCount,
                milliseconds: Double(seconds) * 1_000 + Double(attoseconds) / 1e15
            )
        }
    }

    /// Where each line ends, behind its line break, counted from the first byte.
    private static func lineEnds(_ lines: ByteBuffer) -> [Int] {
        lines.withUnsafeReadableBytes { bytes in
            bytes.indices.filter { bytes[$0] == 0x0A }.map { $0 + 1 }
        }
    }

    private static func slice(_ lines: ByteBuffer, _ ends: [Int], _ range: Range<Int>) -> ByteBuffer {
        guard !range.isEmpty else { return ByteBuffer() }
        let start = range.lowerBound == 0 ? 0 : ends[range.lowerBound - 1]
        let end = ends[range.upperBound - 1]
        return lines.getSlice(at: lines.readerIndex + start, length: end - start) ?? ByteBuffer()
    }
}

extension OutputSink {
    /// Throws `invalidArgument` for a size that is none.
    fileprivate init(_ sink: PipelineSink) throws {
        self.init(
            format: sink.format.flatMap { PipelineFormat(rawValue: $0.rawValue) },
            bucket: sink.bucket,
            prefix: sink.prefix,
            sizeBytesMax: try sink.batchSize.map { max(1, try parseSizeBytes($0)) }
        )
    }
}
