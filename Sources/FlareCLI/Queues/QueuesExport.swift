import ArgumentParser
import FlareClient
import FlareModel

struct QueuesExport: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Write the messages of a queue as lines of JSON, without touching them.",
        discussion: """
            In the order of arrival, living and dead, up to the last message that was there at the beginning; bodies \
            that are not text are base64. flare queues import reads the same lines. A file gets its name when it is \
            complete; until then it is FILE.part, from whose last line --resume goes on. A pipe, a device or an \
            open file, such as /dev/stdout, is written to as it is.
            """
    )

    @OptionGroup var global: GlobalOptions
    @OptionGroup var filter: MessageFilterOption

    @Argument(help: "The queue.", completion: Complete.queues)
    var name: String

    @Option(name: .shortAndLong, help: "The file; stdout by default.", completion: .file())
    var output: String?

    @Option(help: "Go on after the message with this cursor.")
    var after: Int64?

    @Flag(help: "Go on with the file of an export that was interrupted.")
    var resume = false

    func validate() throws {
        if resume, output == nil { throw ValidationError("--resume goes on with the file of --output") }
        if resume, after != nil { throw ValidationError("give --resume or --after, not both") }
    }

    /// What was written.
    private struct Report: Encodable, Sendable {
        var count: Int
        /// Of the last message; an export with --after goes on there.
        var cursor: Int64?
        var file: String
    }

    func execute(_ shell: Shell) async throws {
        let engine = SteadyEngine(shell, try await shell.client(), patience: .seconds(30))
        guard let output else {
            var last = after
            _ = try await export(engine, shell, &last) { shell.writeBytes($0) }
            return
        }
        let file = try ExportFile(path: output, resumes: resume)
        var last = after ?? file.lastCursor
        let count: Int
        do {
            count = try await export(engine, shell, &last) { try file.write($0) }
        } catch {
            if let part = file.partPath {
                let again = "flare queues export \(name) --output \(output) --resume"
                shell.tell("interrupted: \(part) holds what came until then; go on with: \(again)")
            }
            throw error
        }
        try file.finish()
        let told = "wrote \(counted(count, "message")) of \(name) to \(output)"
        if file.isStdout { return shell.tell(told) }
        let report = Report(count: count, cursor: last, file: output)
        shell.emit(report) { told }
    }

    /// Goes on by itself when the engine is restarted on the way.
    private func export(
        _ engine: SteadyEngine,
        _ shell: Shell,
        _ last: inout Int64?,
        _ write: ([UInt8]) throws -> Void
    ) async throws -> Int {
        let path = try QueuePath.own(name, "export")
        var progress = ProgressLine(shell)
        defer { progress.clear() }
        var count = 0
        while true {
            do {
                let query = (last.map { [("cursor", "\($0)")] } ?? []) + filter.query
                let response = try await engine.client.send("GET", path, query: query).check()
                for try await line in response.lines() {
                    try write(line + [UInt8(ascii: "\n")])
                    last = ExportFile.cursor(of: line) ?? last
                    count += 1
                    progress.show("\(counted(count, "message"))")
                }
                try Task.checkCancellation()
                return count
            } catch let error as FlareError where error.code == .engineUnavailable {
                try Task.checkCancellation()
                try await engine.reconnect(after: error)
            }
        }
    }
}
