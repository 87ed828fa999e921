import FlareModel
import FlareStore
import Logging

/// The streams of all pipelines on disk: one directory each, named by the pipeline's id.
struct PipelineStreams: Sendable {
    let directory: String
    let disk: any Disk
    let logger: Logger

    /// Opens or creates the stream of a pipeline whose records below `watermark` are in objects.
    ///
    /// Throws `corruptStore` when the stream is damaged or ends before the watermark.
    func open(_ record: PipelineRecord, watermark: Int64) throws -> StreamLog {
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
        return StreamLog(pipelineName: record.name, log: log)
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
