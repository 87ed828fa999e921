import ArgumentParser
import FlareClient
import FlareModel
import FoundationEssentials

struct QueuesImport: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Put messages from lines of JSON, as flare queues export writes them, into a queue.",
        discussion: """
            A line is an object with a "body", and perhaps content_type, encoding and id, as for send --envelope. \
            Messages keep their ids, and one whose id is in the queue already is left out: an import that was \
            interrupted is simply run again and doubles nothing. Lines without an id get one.

            A bad line is reported with its number. By default the import ends there, with all lines before it \
            imported; --on-error skip goes on with the next line. Both end with status 65.
            """
    )

    /// What a bad line does.
    enum OnError: String, ExpressibleByArgument, CaseIterable, Sendable {
        case stop, skip
    }

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The queue.", completion: Complete.queues)
    var name: String

    @Argument(help: "The file; \"-\" or nothing reads stdin.", completion: .file())
    var file: String?

    @Option(help: "stop or skip: what to do at a bad line.")
    var onError = OnError.stop

    func execute(_ shell: Shell) async throws {
        let path = file == "-" ? nil : file
        if path == nil, shell.inputIsTerminal { shell.note("one message a line; Ctrl-D ends") }
        var lines = try InputLines(path: path)
        let engine = SteadyEngine(shell, try await shell.client(), patience: .seconds(30))
        // A name that does not exist is said before anything is read.
        _ = try await engine.client.call("GET", QueuePath.queue(name), as: QueueBody.self)
        var run = ImportRun(queue: name, engine: engine, shell: shell, skipsBadLines: onError == .skip)
        do {
            while let group = try await lines.next() { try await run.add(group) }
            try await run.flush()
        } catch {
            run.clearProgress()
            throw told(error, run, shell)
        }
        run.clearProgress()
        let report = run.report
        shell.emit(report) {
            let skipped = report.skipped > 0 ? ", \(report.skipped) were there already" : ""
            let bad = report.bad > 0 ? ", \(counted(report.bad, "bad line")) left out" : ""
            return "imported \(counted(report.imported, "message")) into \(name)\(skipped)\(bad)"
        }
        if report.bad > 0 { throw ExitCode(FlareError.Code.invalidData.exitStatus) }
    }

    private func told(_ error: any Error, _ run: ImportRun, _ shell: Shell) -> any Error {
        guard run.lastLine > 0 else { return error }
        let done = "lines up to \(run.lastLine) are imported"
        guard var error = error as? FlareError else {
            shell.tell("interrupted: \(done); run it again to go on")
            return error
        }
        error.message += "; \(done)"
        return error
    }
}

/// What an import did.
struct ImportReport: Encodable, Sendable {
    var imported = 0
    /// Messages that were in the queue already.
    var skipped = 0
    /// Lines that are no messages.
    var bad = 0
}

/// Imports lines in pages, each in one transaction.
struct ImportRun {
    private let queue: String
    private let engine: SteadyEngine
    private let shell: Shell
    private let skipsBadLines: Bool
    private var page: [(number: Int, line: [UInt8])] = []
    private var pageBytes = 0
    private var progress: ProgressLine
    private(set) var report = ImportReport()
    /// The last line that is dealt with.
    private(set) var lastLine = 0

    private static let pageBytesMax = 1_000_000

    init(queue: String, engine: SteadyEngine, shell: Shell, skipsBadLines: Bool) {
        self.queue = queue
        self.engine = engine
        self.shell = shell
        self.skipsBadLines = skipsBadLines
        progress = ProgressLine(shell)
    }

    mutating func add(_ lines: [InputLines.Line]) async throws {
        for line in lines {
            do {
                let bytes = try Self.identified(Array(line.bytes))
                if page.count == Limits.messageBulkMax || pageBytes + bytes.count > Self.pageBytesMax {
                    try await flush()
                }
                page.append((line.number, bytes))
                pageBytes += bytes.count
            } catch let error as FlareError where error.code == .invalidData || error.code == .invalidArgument {
                // What stands before it is dealt with first, so that the order of what is told is that of the lines.
                try await flush()
                try bad(line.number, error)
            }
        }
    }

    mutating func flush() async throws {
        let lines = page
        page = []
        pageBytes = 0
        try await send(lines[...])
        progress.show("\(counted(report.imported, "message"))")
    }

    mutating func clearProgress() { progress.clear() }

    private mutating func send(_ lines: ArraySlice<(number: Int, line: [UInt8])>) async throws {
        guard let last = lines.last else { return }
        try Task.checkCancellation()
        let body = lines.reduce(into: [UInt8]()) { $0 += $1.line + [UInt8(ascii: "\n")] }
        let path = try QueuePath.own(queue, "import")
        let engine = engine
        // Its outcome is awaited even when this task is cancelled meanwhile. To make it twice doubles nothing, as each
        // line has an id.
        let call = Task {
            try await engine.call { client in
                let headers = [("Content-Type", "application/x-ndjson")]
                let response = try await client.send("POST", path, headers: headers, body: .bytes(body)).check()
                return try FlareJSON.decode(
                    Envelope<QueueImportBody>.self,
                    from: try await response.bytes(max: Limits.bodyBytesMax)
                )
            }
        }
        do {
            let answer = try await call.value
            guard let result = answer.value.result else {
                throw FlareError(.internalError, "the engine did not say what it imported")
            }
            report.imported += result.imported
            report.skipped += result.skipped
            lastLine = last.number
        } catch let error as FlareError where [.invalidData, .invalidArgument, .recordTooLarge].contains(error.code) {
            // The engine refuses a page for one line: it is found by halves.
            guard lines.count > 1 else { return try bad(last.number, error) }
            let middle = lines.startIndex + lines.count / 2
            try await send(lines[..<middle])
            try await send(lines[middle...])
        }
    }

    private mutating func bad(_ number: Int, _ error: FlareError) throws {
        guard skipsBadLines else {
            throw FlareError(.invalidData, "line \(number): \(error.message)", hint: error.hint)
        }
        progress.clear()
        report.bad += 1
        lastLine = number
        shell.tell("line \(number): \(error.message)")
    }

    /// The line with an id, a new one where it has none, and with its body in a string.
    ///
    /// Throws `invalidData` when it is no message.
    static func identified(_ line: [UInt8]) throws -> [UInt8] {
        let message = try OutgoingMessage(envelope: line, delaySeconds: nil)
        guard message.body.count <= Limits.messageBytesMax else {
            throw FlareError(
                .invalidData,
                "has a body of \(message.body.count) bytes; a message has at most \(Limits.messageBytesMax)"
            )
        }
        let members = JSONBytes.members(of: line) ?? []
        let id = members.first { $0.name == "id" && !line[$0.value].elementsEqual("null".utf8) }
        if let id {
            guard let text = JSONBytes.string(line[id.value]), text.utf8.count == 32,
                text.utf8.allSatisfy({ (48...57).contains($0) || (97...102).contains($0) })
            else { throw FlareError(.invalidData, "has an \"id\" that is not 32 hexadecimal digits") }
        }
        let hasEncoding = members.contains { $0.name == "encoding" && !line[$0.value].elementsEqual("null".utf8) }
        // As an export writes it.
        if id != nil, hasEncoding { return line }
        var replaced: Set = ["id", "body", "encoding"]
        var head = Array("{\"id\":".utf8)
        head += id.map { line[$0.value] } ?? Array("\"\(Identifier.hexadecimal())\"".utf8)[...]
        if hasEncoding {
            replaced = ["id"]
        } else if message.contentType != .bytes, message.contentType != .v8,
            let text = String(validating: message.body, as: UTF8.self)
        {
            head += Array(",\"encoding\":\"utf8\",\"body\":".utf8) + FlareJSON.encode(text)
        } else {
            head += Array(",\"encoding\":\"base64\",\"body\":\"\(Data(message.body).base64EncodedString())\"".utf8)
        }
        for member in members where !replaced.contains(member.name) {
            head += [UInt8(ascii: ",")] + FlareJSON.encode(member.name) + [UInt8(ascii: ":")] + line[member.value]
        }
        return head + [UInt8(ascii: "}")]
    }
}
