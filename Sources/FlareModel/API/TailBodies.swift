/// What a tail is to tell of, as wrangler asks for it.
package struct CreateTailBody: Codable, Sendable {
    package struct Filter: Codable, Sendable {
        package struct Header: Codable, Sendable {
            package var key: String
            /// What the value contains; nil for any.
            package var query: String?
        }

        package var samplingRate: Double?
        package var outcome: [String]?
        package var method: [String]?
        package var header: Header?
        package var query: String?
        package var scriptVersion: String?
        package var clientIP: [String]?

        enum CodingKeys: String, CodingKey {
            case outcome, method, header, query, scriptVersion
            case samplingRate = "sampling_rate"
            case clientIP = "client_ip"
        }
    }

    package var filters: [Filter]?
}

/// A tail, and where it is followed.
package struct TailBody: Codable, Sendable {
    package var id: String
    package var url: String
    package var expiresAt: Timestamp

    package init(id: String, url: String, expiresAt: Timestamp) {
        self.id = id
        self.url = url
        self.expiresAt = expiresAt
    }

    enum CodingKeys: String, CodingKey {
        case id, url
        case expiresAt = "expires_at"
    }
}
