/// The CORS rules of a bucket, as `/r2/buckets/{bucket}/cors` takes and answers them.
package struct CORSConfigurationBody: Codable, Sendable, Hashable {
    package var rules: [CORSRule]

    package init(rules: [CORSRule] = []) {
        self.rules = rules
    }
}

/// Which requests of web pages a bucket answers, in R2's shape.
package struct CORSRule: Codable, Sendable, Hashable {
    /// What a request must be for the rule to answer it.
    package struct Allowed: Codable, Sendable, Hashable {
        /// As a browser sends them, `https://example.com`; one `*` stands for any text.
        package var origins: [String]
        package var methods: [String]
        /// Names of request headers, in any case; one `*` stands for any text.
        package var headers: [String]?

        package init(origins: [String], methods: [String], headers: [String]? = nil) {
            self.origins = origins
            self.methods = methods
            self.headers = headers
        }
    }

    package var id: String?
    package var allowed: Allowed
    /// Headers of the answer that a page's script may read.
    package var exposeHeaders: [String]?
    /// How long a browser may keep the answer to its first question.
    package var maxAgeSeconds: Int?

    package init(id: String? = nil, allowed: Allowed, exposeHeaders: [String]? = nil, maxAgeSeconds: Int? = nil) {
        self.id = id
        self.allowed = allowed
        self.exposeHeaders = exposeHeaders
        self.maxAgeSeconds = maxAgeSeconds
    }
}

extension CORSRule {
    /// The methods that a rule may allow.
    package static let methods = ["GET", "PUT", "POST", "DELETE", "HEAD"]

    /// The headers of an answer to a web page, by one rule; nil when the rule does not allow the request.
    ///
    /// `requestHeaders` are the names that a preflight asks for, in any case; nil for a request that is no preflight,
    /// whose headers the browser has asked for before.
    package func match(origin: String, method: String, requestHeaders: [String]?) -> [(name: String, value: String)]? {
        guard allowed.methods.contains(method),
            let pattern = allowed.origins.first(where: { Self.fits(origin, $0) })
        else { return nil }
        let patterns = (allowed.headers ?? []).map { $0.lowercased() }
        let asked = requestHeaders ?? []
        guard asked.allSatisfy({ name in patterns.contains { Self.fits(name.lowercased(), $0) } }) else { return nil }
        var answer = [("Access-Control-Allow-Origin", pattern == "*" ? "*" : origin)]
        if requestHeaders != nil {
            answer.append(("Access-Control-Allow-Methods", allowed.methods.joined(separator: ", ")))
            if !asked.isEmpty { answer.append(("Access-Control-Allow-Headers", asked.joined(separator: ", "))) }
            if let maxAgeSeconds { answer.append(("Access-Control-Max-Age", "\(maxAgeSeconds)")) }
        }
        if let exposeHeaders, !exposeHeaders.isEmpty {
            answer.append(("Access-Control-Expose-Headers", exposeHeaders.joined(separator: ", ")))
        }
        // What a cache has kept for one page is not for another.
        answer.append(("Vary", "Origin, Access-Control-Request-Method, Access-Control-Request-Headers"))
        return answer
    }

    /// Whether a text is as a pattern says, whose first `*` stands for any text, the empty one too.
    private static func fits(_ text: String, _ pattern: String) -> Bool {
        guard let star = pattern.utf8.firstIndex(of: UInt8(ascii: "*")) else { return text == pattern }
        let (head, tail) = (pattern.utf8[..<star], pattern.utf8[pattern.utf8.index(after: star)...])
        return text.utf8.count >= head.count + tail.count && text.utf8.starts(with: head)
            && text.utf8.suffix(tail.count).elementsEqual(tail)
    }
}

extension [CORSRule] {
    /// The headers of an answer to a web page by the first rule that allows the request; nil when none does.
    package func match(origin: String, method: String, requestHeaders: [String]?) -> [(name: String, value: String)]? {
        lazy.compactMap { $0.match(origin: origin, method: method, requestHeaders: requestHeaders) }.first
    }
}
