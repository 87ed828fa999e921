import ArgumentParser
import FlareClient
import FlareModel

struct QueuesSend: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "send",
        abstract: "Send a message to a queue.",
        discussion: """
            The body is the argument, or what comes on stdin. It is sent as it is: as JSON when it is valid JSON, \
            else as text, else as bytes, unless --content-type says which.
            """
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The queue.", completion: Complete.queues)
    var name: String

    @Argument(help: "The body; \"-\" or nothing reads stdin.")
    var body: String?

    @Option(help: "Wait so long before it is delivered, such as 30s; 0 overrides the queue's own delay.")
    var delay: String?

    @Option(help: "json, text or bytes.", completion: .list(["json", "text", "bytes"]))
    var contentType: String?

    func execute(_ shell: Shell) async throws {
        let bytes = try read(shell)
        var query = [("content_type", contentType ?? Self.contentType(of: bytes))]
        if let delay = try parseSeconds(delay) { query.append(("delay_seconds", "\(delay)")) }
        let response = try await shell.client()
            .send("POST", QueuePath.own(name, "send"), query: query, body: .bytes(bytes))
            .check()
        let envelope = try FlareJSON.decode(
            Envelope<QueueSentBody>.self,
            from: try await response.bytes(max: Limits.bodyBytesMax)
        )
        guard let metrics = envelope.result?.metadata.metrics else {
            throw FlareError(.internalError, "the engine did not say whether it took the message")
        }
        shell.emit(metrics) { "sent \(formatSizeBytes(bytes.count)) to \(name); \(metrics.backlogCount) waiting" }
    }

    private func read(_ shell: Shell) throws -> [UInt8] {
        if let body, body != "-" { return Array(body.utf8) }
        if body == nil, shell.inputIsTerminal {
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
                    hint: "put large data into a bucket and send its key"
                )
            }
        }
        return bytes
    }

    /// What the bytes are.
    static func contentType(of bytes: [UInt8]) -> String {
        guard String(validating: bytes, as: UTF8.self) != nil else { return "bytes" }
        return (try? JSONValue(json: bytes)) == nil ? "text" : "json"
    }
}
