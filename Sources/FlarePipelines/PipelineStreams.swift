import FlareModel
import FlareStore
import Logging

/// The streams of all pipelines on disk: one directory each, named by the pipeline's id.
struct PipelineStreams: Sendable {
    let directory: String
    let disk: any Disk
    let logger: Logger
    private let room: DiskRoom

    init(directory: String, disk: any Disk, logger: Logger) {
        self.directory = directory
        self.disk = disk
        self.logger = logger
        room = DiskRoom(directory: directory, disk: disk)
    }

    /// Opens or creates the stream of a pipeline.
    ///
    /// Throws `corruptStore` when the stream is damaged or ends before the watermark.
    func open(_ record: PipelineRecord, _ stored: StoredStream) throws -> StreamLog {
        let watermark = stored.watermark
        let log = try SegmentLog(directory: path(record.id), disk: disk)
        guard log.endOffset >= watermark else {
            log.close()
            throw FlareError(
                .corruptStore,
                "the stream of pipeline \"\(record.name)\" has lost records: it ends at \(log.endOffset), "
                    + "although records below \(watermark) are in objects",
                hint: "restore \(path(record.id)) from a backup"
            )
        }
        do {
            let producers = try recover(stored, from: log)
            let stream = StreamLog(
                pipelineName: record.name,
                log: log,
                rules: record.settings.ingestRules,
                producers: producers,
                room: room
            )
            stream.setTokens(stored.tokens)
            return stream
        } catch {
            log.close()
            throw error
        }
    }

    /// The producers as the last checkpoint stored them, and what the log holds of them behind it.
    private func recover(_ stored: StoredStream, from log: SegmentLog) throws -> ProducerTable {
        var producers = ProducerTable(stored.producers)
        var offset = stored.watermark
        while offset < log.endOffset {
            let frames = try log.frames(from: offset, bytesMax: Limits.pipelineReadBytes)
            guard let last = frames.last else { break }
            for frame in frames {
                let (stamp, time) = try IngestFrameReader.stamp(of: frame.payload)
                guard let stamp else { continue }
                producers.commit(stamp, offset: frame.firstOffset, recordCount: frame.recordCount, at: time)
            }
            offset = last.endOffset
        }
        return producers
    }

    /// Removes the files of a stream that is closed.
    func remove(_ id: String) {
        do {
            try SegmentLog.remove(directory: path(id), disk: disk)
        } catch {
            // The next start finds it without a row and tries again.
            logger.warning("the files of a deleted pipeline remain", metadata: ["error": "\(error)"])
        }
    }

    /// Removes streams whose pipeline was never committed or has been deleted.
    func removeOrphans(keeping ids: Set<String>) {
        do {
            for name in try disk.list(directory) where !ids.contains(name) { remove(name) }
        } catch {
            logger.warning("the streams cannot be listed", metadata: ["error": "\(error)"])
        }
    }

    private func path(_ id: String) -> String { "\(directory)/\(id)" }
}

/// What the database knows of a stream.
struct StoredStream: Sendable {
    /// All records below it are in objects.
    var watermark: Int64 = 0
    var producers: [ProducerKey: ProducerState] = [:]
    /// Digests of the tokens that let records in.
    var tokens: Set<[UInt8]> = []

    static func load(pipeline id: String, in tx: Transaction) throws -> StoredStream {
        StoredStream(
            watermark: try Checkpoint.load(pipeline: id, in: tx).watermark,
            producers: try ProducerRecord.load(pipeline: id, in: tx),
            tokens: try PipelineTokenRecord.digests(pipeline: id, in: tx)
        )
    }
}
