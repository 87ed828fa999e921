/// Messages one behind the other, as the command line sends many at once: no JSON around their bytes.
///
/// ```
/// u8 content type (0 json, 1 text, 2 bytes, 3 v8) · u32 1 + delay in seconds, 0: the queue's own · u32 length · body
/// ```
/// Numbers are big-endian.
package struct MessageFrames: Sendable {
    /// The media type of such a body.
    package static let mediaType = "application/vnd.flare.messages"

    /// The content types by their numbers.
    package static let contentTypes = ["json", "text", "bytes", "v8"]

    package private(set) var bytes: [UInt8] = []
    package private(set) var count = 0
    /// The bytes of the bodies alone.
    package private(set) var bodyBytes = 0

    package init() {}

    package var isEmpty: Bool { count == 0 }

    /// Adds a message; `contentType` is its number.
    package mutating func append(_ body: some Collection<UInt8>, contentType: UInt8, delaySeconds: Int?) {
        bytes.append(contentType)
        append(UInt32(clamping: delaySeconds.map { $0 + 1 } ?? 0))
        append(UInt32(clamping: body.count))
        bytes.append(contentsOf: body)
        count += 1
        bodyBytes += body.count
    }

    private mutating func append(_ number: UInt32) {
        for shift in [24, 16, 8, 0] as [UInt32] { bytes.append(UInt8(truncatingIfNeeded: number >> shift)) }
    }

    /// Reads messages back.
    ///
    /// Throws `invalidData` where the bytes are not of this form.
    package static func read(
        _ bytes: [UInt8],
        _ receive: (_ contentType: String, _ delaySeconds: Int?, _ body: [UInt8]) throws -> Void
    ) throws {
        var position = 0
        func number() -> Int {
            defer { position += 4 }
            return bytes[position..<position + 4].reduce(0) { $0 << 8 | Int($1) }
        }
        while position < bytes.count {
            guard position + 9 <= bytes.count, Int(bytes[position]) < contentTypes.count else {
                throw FlareError(.invalidData, "the messages are not framed as they should be at byte \(position)")
            }
            let contentType = contentTypes[Int(bytes[position])]
            position += 1
            let delay = number()
            let length = number()
            guard length <= bytes.count - position else {
                throw FlareError(.invalidData, "the last message is cut off after \(bytes.count - position) bytes")
            }
            try receive(contentType, delay == 0 ? nil : delay - 1, Array(bytes[position..<position + length]))
            position += length
        }
    }
}

/// A request for more time on leases.
package struct QueueExtendRequest: Codable, Sendable {
    package var leaseIDs: [String]
    /// From now.
    package var visibilityTimeoutMs: Int

    package init(leaseIDs: [String], visibilityTimeoutMs: Int) {
        self.leaseIDs = leaseIDs
        self.visibilityTimeoutMs = visibilityTimeoutMs
    }

    enum CodingKeys: String, CodingKey {
        case leaseIDs = "lease_ids"
        case visibilityTimeoutMs = "visibility_timeout_ms"
    }
}

/// The answer: how many leases run on, and why others do not.
package struct QueueExtendBody: Codable, Sendable {
    package var count: Int
    package var warnings: [String: String]

    package init(count: Int, warnings: [String: String]) {
        self.count = count
        self.warnings = warnings
    }
}

/// Whether a queue has a visible message.
package struct QueueWaitBody: Codable, Sendable {
    package var isReady: Bool

    package init(isReady: Bool) {
        self.isReady = isReady
    }

    enum CodingKeys: String, CodingKey {
        case isReady = "ready"
    }
}
