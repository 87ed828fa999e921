import ArgumentParser
import FlareClient
import FlareModel

struct PipelinesWait: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "wait",
        abstract: "Wait until records of a pipeline are in its bucket.",
        discussion: """
            The offsets of records are in the answer to those who send them; see: flare pipelines send NAME --json. \
            Exit status: 0 the records are in objects, 124 not in time.
            """
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The pipeline.", completion: Complete.pipelines)
    var name: String

    @Option(help: "The offset of the last record to wait for. Default: that of the last one accepted.")
    var offset: Int64?

    @Option(help: "Wait at most this long, as 30s or 5m. Default: without end.")
    var timeout: String?

    @Flag(help: "Write what is open now, instead of waiting for its batch to be complete.")
    var flush = false

    func validate() throws {
        if let offset, offset < 0 { throw ValidationError("--offset takes a whole number from 0") }
    }

    func execute(_ shell: Shell) async throws {
        let deadline = try timeout.map { ContinuousClock.now + (try parseDuration($0)) }
        let client = try await shell.client()
        var offset = offset
        var isFlushing = flush
        while true {
            var left = Int64(Limits.pipelineWaitMillisecondsMax)
            if let deadline { left = max(0, min(left, (deadline - .now).milliseconds)) }
            var query = [("timeout_ms", "\(left)"), ("flush", "\(isFlushing)")]
            if let offset { query.append(("offset", "\(offset)")) }
            let wait = try await client.call(
                "GET",
                PipelinePath.own(name, "wait"),
                query: query,
                as: PipelineWaitBody.self
            )
            if wait.isFlushed {
                return shell.emit(wait) {
                    wait.offset < 0 ? "pipeline \(name) has taken no records" : "offset \(wait.offset) is in an object"
                }
            }
            // What comes in meanwhile is not waited for, nor flushed.
            (offset, isFlushing) = (wait.offset, false)
            if let deadline, deadline - .now < .milliseconds(1) {
                let flushed = wait.progress.flushedOffset
                let reason =
                    wait.progress.lastError ?? (flushed == 0 ? "none is" : "the last one that is: \(flushed - 1)")
                throw FlareError(
                    .deadlineExceeded,
                    "offset \(wait.offset) of pipeline \"\(name)\" is not in an object yet; \(reason)",
                    hint: flush
                        ? "see: flare pipelines get \(name)" : "write it now: flare pipelines wait \(name) --flush"
                )
            }
        }
    }
}
