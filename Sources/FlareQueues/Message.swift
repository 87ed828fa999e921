package import FlareModel

/// How the body of a message is to be read.
package enum MessageContentType: String, Sendable, CaseIterable {
    case json
    case text
    case bytes
    /// A JavaScript value serialised by its producer; opaque to everything but a Worker.
    case v8
}

/// A message to be sent.
package struct NewMessage: Sendable {
    package var body: [UInt8]
    package var contentType: MessageContentType
    /// Seconds before its first delivery; nil takes the queue's own delay, 0 none.
    package var delaySeconds: Int?

    package init(body: [UInt8], contentType: MessageContentType, delaySeconds: Int? = nil) {
        self.body = body
        self.contentType = contentType
        self.delaySeconds = delaySeconds
    }

    /// Throws `recordTooLarge` or `invalidArgument` for a message that no queue takes.
    package func validate() throws {
        guard body.count <= Limits.messageBytesMax else {
            throw FlareError(
                .recordTooLarge,
                "a message of \(body.count) bytes is larger than \(Limits.messageBytesMax)",
                hint: "put large data into a bucket and send its key"
            ).numbered(10204)
        }
        try Self.validate(delaySeconds: delaySeconds)
        if contentType == .text || contentType == .json, !isValidUTF8(body) {
            throw FlareError(
                .invalidData,
                "the body of a \(contentType.rawValue) message is not valid UTF-8",
                hint: "send it with content type bytes"
            )
        }
    }

    private func isValidUTF8(_ bytes: [UInt8]) -> Bool {
        // Nearly all bodies are plain ASCII, which needs no decoder.
        bytes.allSatisfy { $0 < 0x80 } || String(validating: bytes, as: UTF8.self) != nil
    }

    static func validate(delaySeconds: Int?) throws {
        guard let delaySeconds, !(0...Limits.messageDelaySecondsMax).contains(delaySeconds) else { return }
        throw FlareError(
            .invalidArgument,
            "a delay of \(delaySeconds) s is out of range",
            hint: "give 0 to \(Limits.messageDelaySecondsMax) seconds"
        ).numbered(10202)
    }
}

/// Where a dead letter came from, and why it died.
package struct MessageOrigin: Sendable, Hashable {
    /// The name of the queue whose consumer failed on the message; nil when it still lies in that queue.
    package var queue: String?
    package var reason: String

    package init(queue: String?, reason: String) {
        self.queue = queue
        self.reason = reason
    }

    /// A reason cut to what is kept of it: it may be the text of any exception.
    static func kept(_ reason: String) -> String {
        let (limit, scalars) = (Limits.messageReasonMax, reason.unicodeScalars)
        // Not by characters: one of them may be of any length.
        return scalars.count > limit ? String(scalars.prefix(limit - 1)) + "…" : reason
    }
}

/// A message as it lies in its queue.
package struct StoredMessage: Sendable {
    /// Its place in the order of arrival, over all queues; never used twice.
    ///
    /// The cursor of `tail`.
    package let sequence: Int64
    /// 32 hexadecimal digits; kept when the message moves to a dead letter queue.
    package let id: String
    package let body: [UInt8]
    package let contentType: MessageContentType
    /// How often it has been delivered.
    package let attempts: Int
    /// When it was sent, or moved here.
    package let timestamp: Timestamp
    package let visibleAt: Timestamp
    package let isLeased: Bool
    package let diedAt: Timestamp?
    package let origin: MessageOrigin?
}

/// A message that its holder must acknowledge, retry or release before the lease runs out.
package struct LeasedMessage: Sendable {
    package let id: String
    package let body: [UInt8]
    package let contentType: MessageContentType
    /// This delivery's number, from 1.
    package let attempts: Int
    package let timestamp: Timestamp
    package let leaseID: String
    package let origin: MessageOrigin?
}

/// The messages of one delivery.
package struct LeasedBatch: Sendable {
    package let queueName: String
    package let queueID: String
    package let messages: [LeasedMessage]
    /// The queue's, right after the lease.
    package let metrics: QueueMetrics
}

/// The right to settle one delivery of one message: where the message lies, and a secret that every new lease of it
/// replaces, so that a late acknowledgement of an old lease does nothing.
///
/// Written as the sequence, a hyphen and 16 digits, all hexadecimal.
struct LeaseID: Hashable {
    let sequence: Int64
    let token: Int64

    init(sequence: Int64, token: Int64) {
        self.sequence = sequence
        self.token = token
    }

    init?(_ text: String) {
        var text = text
        guard let id = text.withUTF8(Self.read) else { return nil }
        self = id
    }

    private static func read(_ text: UnsafeBufferPointer<UInt8>) -> LeaseID? {
        let hyphen = text.count - 17
        // Below the highest number, so that there is always a place behind it.
        guard (1...16).contains(hyphen), text[hyphen] == UInt8(ascii: "-"), let sequence = number(text[..<hyphen]),
            sequence < Int64.max, let token = number(text[(hyphen + 1)...]), token > 0
        else { return nil }
        return LeaseID(sequence: sequence, token: token)
    }

    /// Reads up to 16 hexadecimal digits; nil for anything else, and for what needs all 64 bits.
    private static func number(_ digits: Slice<UnsafeBufferPointer<UInt8>>) -> Int64? {
        var result: UInt64 = 0
        for digit in digits {
            guard let value = MessageID.value(of: digit) else { return nil }
            result = result << 4 | UInt64(value)
        }
        return Int64(exactly: result)
    }

    var text: String {
        String(unsafeUninitializedCapacity: 33) { buffer in
            var index = MessageID.write(UInt64(bitPattern: sequence), to: buffer, at: 0)
            buffer[index] = UInt8(ascii: "-")
            index += 1
            return index + MessageID.write(UInt64(bitPattern: token), to: buffer, at: index)
        }
    }

    /// The secret of a new lease; above 0, which no lease of an earlier schema can be settled by.
    static func newToken() -> Int64 { Int64.random(in: 1 ... .max) }
}
