import FlareClient
import FlareModel

/// Sends messages in order, many in one transaction, and knows how many the engine has taken.
struct MessageSender {
    private let queue: String
    private let client: EngineClient
    private let shell: Shell
    private var frames = MessageFrames()
    private var progress: ProgressLine
    /// What the last messages of the frames are called in errors: `line 7`.
    private var pendingPlace: Place?
    private var firstPendingPlace: Place?
    /// What the engine has taken.
    private(set) var sent = 0
    private(set) var sentBytes = 0
    private(set) var metrics: QueueMetricsBody?
    private(set) var sentPlace: Place?

    /// Where a message comes from: a line of the input, or a body on the command line.
    struct Place {
        let kind: String
        let number: Int

        var text: String { "\(kind) \(number)" }
    }

    init(queue: String, client: EngineClient, shell: Shell) {
        self.queue = queue
        self.client = client
        self.shell = shell
        progress = ProgressLine(shell)
    }

    /// Adds a message; sends those that wait when they are many.
    mutating func add(
        _ body: some Collection<UInt8>,
        _ contentType: ContentType,
        delaySeconds: Int?,
        at place: Place
    ) async throws {
        guard body.count <= Limits.messageBytesMax else {
            throw FlareError(
                .recordTooLarge,
                "\(place.text) has \(body.count) bytes; a message has at most \(Limits.messageBytesMax)",
                hint: "put large data into a bucket and send its key"
            )
        }
        if frames.count == Limits.messageBulkMax || frames.bytes.count + body.count > Self.bytesMax {
            try await flush()
        }
        frames.append(body, contentType: contentType.rawValue, delaySeconds: delaySeconds)
        pendingPlace = place
        if firstPendingPlace == nil { firstPendingPlace = place }
    }

    private static let bytesMax = 1_000_000

    /// Sends what waits.
    ///
    /// Its outcome is awaited even when the task is cancelled meanwhile, so that what was sent is known.
    mutating func flush() async throws {
        guard !frames.isEmpty else { return }
        try Task.checkCancellation()
        let (body, path, client) = (frames.bytes, try QueuePath.own(queue, "bulk"), client)
        let headers = [("Content-Type", MessageFrames.mediaType)]
        let call = Task {
            let response = try await client.send("POST", path, headers: headers, body: .bytes(body)).check()
            return try FlareJSON.decode(
                Envelope<QueueSentBody>.self,
                from: try await response.bytes(max: Limits.bodyBytesMax)
            )
        }
        let answer: Envelope<QueueSentBody>
        do {
            answer = try await call.value
        } catch var error as FlareError {
            progress.clear()
            if error.code == .engineUnavailable, let first = firstPendingPlace, let last = pendingPlace {
                let which =
                    first.number == last.number ? first.text : "\(first.kind)s \(first.number) to \(last.number)"
                error.message += "; whether it took \(which) is not known"
            }
            throw error
        }
        guard let metrics = answer.result?.metadata.metrics else {
            throw FlareError(.internalError, "the engine did not say whether it took the messages")
        }
        self.metrics = metrics
        sent += frames.count
        sentBytes += frames.bodyBytes
        sentPlace = pendingPlace
        firstPendingPlace = nil
        frames = MessageFrames()
        progress.show("sent \(counted(sent, "message")), \(formatSizeBytes(sentBytes))")
    }

    mutating func clearProgress() { progress.clear() }
}
