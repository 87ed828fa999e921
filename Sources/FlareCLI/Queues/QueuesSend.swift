import ArgumentParser
import FlareClient
import FlareModel

struct QueuesSend: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "send",
        abstract: "Send messages to a queue.",
        discussion: """
            Each BODY is a message; "-", or no BODY, is what comes on stdin. A body is sent as it is: as JSON when it \
            is exactly one JSON value, else as text when it is UTF-8, else as bytes, unless --content-type says which.

            --jsonl sends each line of stdin as a message of its own, in order and many in one transaction, as they \
            come; blank lines are left out. A line that is not JSON ends the command with status 65: the lines before \
            it are sent, it and those behind it are not. With --content-type text or bytes any line will do. \
            With --envelope a line is an object: {"body": …, "content_type": "json", "delay_seconds": 30}; bodies of \
            bytes and v8 are base64. Lines of peek, tail and export have this form too.

            --count sends the bodies again and again, with {n} in them replaced by the number of the round, from 1.
            """
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The queue.", completion: Complete.queues)
    var name: String

    @Argument(help: "The bodies; \"-\" or nothing reads stdin.")
    var body: [String] = []

    @Option(help: "Wait so long before they are delivered, such as 30s; 0 overrides the queue's own delay.")
    var delay: String?

    @Option(help: "json, text, bytes or v8.", completion: .list(MessageFrames.contentTypes))
    var contentType: String?

    @Flag(help: "Send each line of stdin as a message.")
    var jsonl = false

    @Flag(help: "With --jsonl: lines are objects with body, content_type and delay_seconds.")
    var envelope = false

    @Option(help: "Send the bodies so many times; {n} in them is the round.")
    var count: Int?

    func validate() throws {
        if jsonl, !body.isEmpty, body != ["-"] {
            throw ValidationError("--jsonl reads the messages from stdin; leave the body out")
        }
        if jsonl, count != nil { throw ValidationError("give --jsonl or --count, not both") }
        if envelope, !jsonl { throw ValidationError("--envelope goes with --jsonl") }
        if envelope, contentType != nil {
            throw ValidationError("with --envelope each line names its content_type; leave --content-type out")
        }
        if let count, count < 1 { throw ValidationError("--count takes a whole number from 1") }
        if body.filter({ $0 == "-" }).count > 1 { throw ValidationError("stdin can be one body only") }
    }

    /// What was sent.
    private struct Report: Encodable, Sendable {
        var sent: Int
        var bytes: Int
        var backlogCount: Int
        var backlogBytes: Int
        var oldestMessageTimestampMs: Int64

        enum CodingKeys: String, CodingKey {
            case sent, bytes
            case backlogCount = "backlog_count"
            case backlogBytes = "backlog_bytes"
            case oldestMessageTimestampMs = "oldest_message_timestamp_ms"
        }
    }

    func execute(_ shell: Shell) async throws {
        let type = try contentType.map { try ContentType(named: $0) }
        let seconds = try parseSeconds(delay)
        let client = try await shell.client()
        var sender = MessageSender(queue: name, client: client, shell: shell)
        do {
            if jsonl {
                try await sendLines(type, seconds, shell, &sender)
            } else {
                try await sendBodies(type, seconds, shell, &sender)
            }
        } catch {
            sender.clearProgress()
            throw told(error, sender, shell)
        }
        sender.clearProgress()
        try await report(sender, client, shell)
    }

    private func sendBodies(
        _ type: ContentType?,
        _ seconds: Int?,
        _ shell: Shell,
        _ sender: inout MessageSender
    ) async throws {
        let bodies =
            try body.isEmpty
            ? [standardInput(shell)]
            : zip(body, WordBytes.of(body)).map { text, bytes in text == "-" ? try standardInput(shell) : bytes }
        let hasNumber = count != nil && bodies.contains { $0.contains(Self.placeholder) }
        for round in 1...(count ?? 1) {
            for (index, body) in bodies.enumerated() {
                let body = hasNumber ? body.replacing(Self.placeholder, with: Array("\(round)".utf8)) : body
                let number = (round - 1) * bodies.count + index + 1
                if type == .json, !JSONBytes.isValid(body) {
                    try await sender.flush()
                    throw FlareError(
                        .invalidData,
                        "\(bodies.count == 1 ? "the body" : "body \(index + 1)") is not valid JSON",
                        hint: "leave --content-type out to send it as text"
                    )
                }
                let place = MessageSender.Place(kind: "message", number: number)
                try await sender.add(body, type ?? ContentType(of: body), delaySeconds: seconds, at: place)
            }
        }
        try await sender.flush()
    }

    private static let placeholder = Array("{n}".utf8)

    private func sendLines(
        _ type: ContentType?,
        _ seconds: Int?,
        _ shell: Shell,
        _ sender: inout MessageSender
    ) async throws {
        if shell.inputIsTerminal { shell.note("one message a line; Ctrl-D ends") }
        var lines = try InputLines(path: nil)
        while let group = try await lines.next() {
            for line in group {
                let place = MessageSender.Place(kind: "line", number: line.number)
                do {
                    if envelope {
                        let message = try OutgoingMessage(envelope: Array(line.bytes), delaySeconds: seconds)
                        try await sender.add(
                            message.body,
                            message.contentType,
                            delaySeconds: message.delaySeconds,
                            at: place
                        )
                        continue
                    }
                    if type ?? .json == .json, !JSONBytes.isValid(line.bytes) {
                        throw FlareError(.invalidData, "is not valid JSON")
                    }
                } catch let error as FlareError where error.code == .invalidData || error.code == .invalidArgument {
                    try await sender.flush()
                    throw FlareError(.invalidData, "\(place.text) \(error.message)", hint: error.hint)
                }
                try await sender.add(line.bytes, type ?? .json, delaySeconds: seconds, at: place)
            }
            try await sender.flush()
        }
    }

    /// The error, with how far the sending went.
    private func told(_ error: any Error, _ sender: MessageSender, _ shell: Shell) -> any Error {
        guard sender.sent > 0, let last = sender.sentPlace else { return error }
        let done = "\(counted(sender.sent, "message")) sent, up to \(last.text)"
        guard var error = error as? FlareError else {
            shell.tell("interrupted: \(done)")
            return error
        }
        error.message += "; \(done)"
        return error
    }

    private func report(_ sender: MessageSender, _ client: EngineClient, _ shell: Shell) async throws {
        var metrics = sender.metrics
        if metrics == nil {
            // Nothing to send; a name that does not exist is an error all the same.
            metrics = try await client.call("GET", QueuePath.queue(name) + "/metrics", as: QueueMetricsBody.self)
        }
        let report = Report(
            sent: sender.sent,
            bytes: sender.sentBytes,
            backlogCount: metrics?.backlogCount ?? 0,
            backlogBytes: metrics?.backlogBytes ?? 0,
            oldestMessageTimestampMs: metrics?.oldestMessageTimestampMs ?? 0
        )
        shell.emit(report) {
            let what = report.sent == 1 ? "" : "\(counted(report.sent, "message")), "
            return "sent \(what)\(formatSizeBytes(report.bytes)) to \(name); \(report.backlogCount) waiting"
        }
    }

    private func standardInput(_ shell: Shell) throws -> [UInt8] {
        if body.isEmpty, shell.inputIsTerminal {
            throw FlareError(
                .invalidArgument,
                "there is no body to send",
                hint: "flare queues send \(name) BODY, or pipe it in"
            )
        }
        let input = try FileInput(path: nil)
        var bytes: [UInt8] = []
        while let piece = try input.next() {
            bytes += piece
            guard bytes.count <= Limits.messageBytesMax else {
                throw FlareError(
                    .recordTooLarge,
                    "the body is larger than \(Limits.messageBytesMax) bytes",
                    hint: "put large data into a bucket and send its key; to send its lines, add --jsonl"
                )
            }
        }
        return bytes
    }
}
