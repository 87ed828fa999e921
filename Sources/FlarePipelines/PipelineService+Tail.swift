package import FlareModel
import FlareStore
package import NIOCore

/// Where records are looked at on their way through a pipeline.
package enum TailStage: String, Sendable, CaseIterable {
    /// As they were accepted.
    case before
    /// As they were written, behind the transforms.
    case after
}

/// What a tail shows.
package enum TailEvent: Sendable {
    /// A record with what is known of it; place and door only before the transforms.
    case record(ByteBuffer, origin: Origin?)
    /// So many records could not be shown: they came faster than they were read.
    case missed(Int)

    package struct Origin: Sendable {
        package let offset: Int64
        package let time: Timestamp
        package let source: IngestSource
    }
}

/// Looking at records as they pass; nothing changes for them.
extension PipelineService {
    /// Passes the records from now on to `emit`, several at once, until `emit` returns false or throws, the task is
    /// cancelled, or the pipeline is deleted.
    ///
    /// Throws `pipelineNotFound` with the nearest name.
    package func tail(
        _ nameOrID: String,
        stage: TailStage,
        where filter: RecordFilter,
        emit: @Sendable ([TailEvent]) async throws -> Bool
    ) async throws {
        switch stage {
        case .before: try await tailStream(try stream(named: nameOrID), filter, emit)
        case .after: try await tailOutput(nameOrID, filter, emit)
        }
    }

    private func tailStream(
        _ stream: StreamLog,
        _ filter: RecordFilter,
        _ emit: @Sendable ([TailEvent]) async throws -> Bool
    ) async throws {
        let wake = Wake()
        stream.growth.add(wake)
        defer { stream.growth.remove(wake) }
        var position = stream.log.endOffset
        while !Task.isCancelled {
            let start = stream.log.startOffset
            if position < start {
                guard try await emit([.missed(Int(start - position))]) else { return }
                position = start
            }
            let frames: [LogFrame]
            do {
                frames = try stream.log.frames(from: position, bytesMax: Limits.recordTailReadBytes)
            } catch {
                guard isCurrent(stream) else { return }
                // Recycled while it was being read.
                if stream.log.startOffset > position { continue }
                throw error
            }
            if frames.isEmpty {
                guard isCurrent(stream) else { return }
                // A pipeline that is deleted tells nobody: look now and then.
                await wake.wait(until: time.now() + .seconds(1), time: time)
                continue
            }
            for frame in frames {
                let events = try Self.events(of: frame, from: position, filter)
                if !events.isEmpty, !(try await emit(events)) { return }
                position = frame.endOffset
            }
        }
    }

    private static func events(of frame: LogFrame, from position: Int64, _ filter: RecordFilter) throws -> [TailEvent] {
        let content = try IngestFrameReader.read(frame.payload, recordCount: frame.recordCount)
        return zip(frame.firstOffset..., content.records).compactMap { offset, range in
            guard offset >= position, filter.accepts(frame.payload, at: range),
                let record = frame.payload.getSlice(at: range.lowerBound, length: range.count)
            else { return nil }
            let origin = TailEvent.Origin(offset: offset, time: content.time, source: content.source)
            return .record(record, origin: origin)
        }
    }

    private func isCurrent(_ stream: StreamLog) -> Bool {
        runners().contains { $0.stream === stream }
    }

    private func tailOutput(
        _ nameOrID: String,
        _ filter: RecordFilter,
        _ emit: @Sendable ([TailEvent]) async throws -> Bool
    ) async throws {
        let tail = try runner(named: nameOrID).tail
        let inbox = tail.follow()
        defer { tail.unfollow(inbox) }
        while let contents = await inbox.next() {
            if contents.missed > 0, !(try await emit([.missed(contents.missed)])) { return }
            for piece in contents.pieces {
                let events = Self.events(of: piece, filter)
                if !events.isEmpty, !(try await emit(events)) { return }
            }
            if contents.isOver { return }
        }
    }

    private static func events(of lines: ByteBuffer, _ filter: RecordFilter) -> [TailEvent] {
        var events: [TailEvent] = []
        var start = lines.readerIndex
        for end in lines.readableBytesView.indices where lines.readableBytesView[end] == 0x0A {
            if end > start, filter.accepts(lines, at: start..<end),
                let record = lines.getSlice(at: start, length: end - start)
            {
                events.append(.record(record, origin: nil))
            }
            start = end + 1
        }
        return events
    }
}
