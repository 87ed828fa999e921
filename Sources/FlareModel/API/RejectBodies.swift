/// A record that was accepted and could not go on, as the API shows it.
package struct RejectBody: Codable, Sendable {
    package var id: String
    /// The record's text as it was accepted, every digit of its numbers kept.
    package var record: String
    package var reason: String
    /// The label of the transform that could not take it.
    package var label: String?
    /// The door that it came through.
    package var source: String
    package var offset: Int64
    package var ingestedAt: Timestamp
    package var rejectedAt: Timestamp

    package init(
        id: String,
        record: String,
        reason: String,
        label: String?,
        source: String,
        offset: Int64,
        ingestedAt: Timestamp,
        rejectedAt: Timestamp
    ) {
        self.id = id
        self.record = record
        self.reason = reason
        self.label = label
        self.source = source
        self.offset = offset
        self.ingestedAt = ingestedAt
        self.rejectedAt = rejectedAt
    }

    enum CodingKeys: String, CodingKey {
        case id, record, reason, label, source, offset
        case ingestedAt = "ingested_at"
        case rejectedAt = "rejected_at"
    }

    /// The same as one line of JSON in which the record is an object: for tools that look into it.
    package var line: [UInt8] {
        let head = RejectHead(
            id: id,
            reason: reason,
            label: label,
            source: source,
            offset: offset,
            ingestedAt: ingestedAt,
            rejectedAt: rejectedAt
        )
        return FlareJSON.encode(head).dropLast() + Array(#","record":"#.utf8) + Array(record.utf8) + [UInt8(ascii: "}")]
    }

    private struct RejectHead: Encodable {
        let id: String
        let reason: String
        let label: String?
        let source: String
        let offset: Int64
        let ingestedAt: Timestamp
        let rejectedAt: Timestamp

        typealias CodingKeys = RejectBody.CodingKeys

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(id, forKey: .id)
            try container.encode(reason, forKey: .reason)
            try container.encode(label, forKey: .label)
            try container.encode(source, forKey: .source)
            try container.encode(offset, forKey: .offset)
            try container.encode(ingestedAt, forKey: .ingestedAt)
            try container.encode(rejectedAt, forKey: .rejectedAt)
        }
    }
}

/// The body of `POST /flare/v1/pipelines/:name/rejects/replay`.
package struct RejectReplayRequest: Codable, Sendable {
    package struct Reject: Codable, Sendable {
        package var id: String
        /// What is sent instead of the record: its text, or the object itself.
        package var record: JSONValue?

        package init(id: String, record: String? = nil) {
            self.id = id
            self.record = record.map { .string($0) }
        }

        /// The bytes to send instead.
        package var replacement: [UInt8]? { record.map { $0.stringValue.map { Array($0.utf8) } ?? $0.jsonBytes } }
    }

    package var rejects: [Reject]

    package init(rejects: [Reject]) {
        self.rejects = rejects
    }
}

/// What became of a reject that was to be sent again: it has an offset, or there is an error and it stays.
package struct RejectReplayBody: Codable, Sendable {
    package struct Failure: Codable, Sendable {
        package var code: String
        package var message: String
        package var hint: String?

        package init(_ error: FlareError) {
            code = error.code.spelling
            message = error.message
            hint = error.hint
        }
    }

    package var id: String
    package var offset: Int64?
    package var error: Failure?

    package init(id: String, offset: Int64) {
        self.id = id
        self.offset = offset
    }

    package init(id: String, error: FlareError) {
        self.id = id
        self.error = Failure(error)
    }
}

/// How many rejects were given up.
package struct RejectPurgeBody: Codable, Sendable {
    package var count: Int

    package init(count: Int) {
        self.count = count
    }
}
