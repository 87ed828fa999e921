/// The answer of every call of Cloudflare's REST v4 and of `/flare/v1`.
///
/// Status and `success` always agree.
package struct Envelope<Result: Codable & Sendable>: Codable, Sendable {
    package var success: Bool
    package var errors: [EnvelopeError]
    package var messages: [String]
    package var result: Result?
    package var resultInfo: ResultInfo?

    package init(result: Result?, resultInfo: ResultInfo? = nil, errors: [EnvelopeError] = []) {
        success = errors.isEmpty
        self.errors = errors
        messages = []
        self.result = result
        self.resultInfo = resultInfo
    }

    enum CodingKeys: String, CodingKey {
        case success, errors, messages, result
        case resultInfo = "result_info"
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(success, forKey: .success)
        try container.encode(errors, forKey: .errors)
        try container.encode(messages, forKey: .messages)
        try container.encode(result, forKey: .result)
        try container.encodeIfPresent(resultInfo, forKey: .resultInfo)
    }
}

/// One entry of `errors`: Cloudflare's number, and in `meta` flare's own stable code and hint.
package struct EnvelopeError: Codable, Sendable {
    package struct Meta: Codable, Sendable {
        package var code: String
        package var hint: String?
    }

    package var code: Int
    package var message: String
    package var meta: Meta?

    package init(_ error: FlareError) {
        code = error.apiNumber ?? error.code.apiCode
        message = error.message
        meta = Meta(code: error.code.spelling, hint: error.hint)
    }

    /// The error as the command line shows it.
    package var flareError: FlareError {
        FlareError(meta.map { .init(spelling: $0.code) } ?? .unknown("api_\(code)"), message, hint: meta?.hint)
    }
}

/// Paging facts.
///
/// Each list fills those of its own style.
package struct ResultInfo: Codable, Sendable {
    package var page: Int?
    package var perPage: Int?
    package var count: Int?
    package var totalCount: Int?
    package var totalPages: Int?
    package var cursor: String?
    package var isTruncated: Bool?
    package var delimited: [String]?

    package init(
        page: Int? = nil,
        perPage: Int? = nil,
        count: Int? = nil,
        totalCount: Int? = nil,
        totalPages: Int? = nil,
        cursor: String? = nil,
        isTruncated: Bool? = nil,
        delimited: [String]? = nil
    ) {
        self.page = page
        self.perPage = perPage
        self.count = count
        self.totalCount = totalCount
        self.totalPages = totalPages
        self.cursor = cursor
        self.isTruncated = isTruncated
        self.delimited = delimited
    }

    enum CodingKeys: String, CodingKey {
        case page, count, cursor, delimited
        case perPage = "per_page"
        case totalCount = "total_count"
        case totalPages = "total_pages"
        case isTruncated = "is_truncated"
    }
}

/// The result of calls that answer nothing but success: encodes as `{}`.
package struct EmptyResult: Codable, Sendable {
    package init() {}
}
