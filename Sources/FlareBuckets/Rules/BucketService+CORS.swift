package import FlareModel
import FlareStore

extension BucketService {
    /// The CORS rules of a bucket, in the order in which they are tried; empty when it has none.
    ///
    /// Throws `bucketNotFound`.
    package func cors(of bucket: String) async throws -> [CORSRule] {
        try await database.read { tx in
            _ = try BucketRecord.require(bucket, in: tx)
            let document = try BucketSettingsRecord.find(.cors, of: bucket, as: CORSConfigurationBody.self, in: tx)
            return document?.rules ?? []
        }
    }

    /// Sets the CORS rules of a bucket in place of those that it has; empty takes them away.
    ///
    /// Throws `bucketNotFound`, or `invalidArgument` naming the rule that is wrong, and then changes nothing.
    package func setCORS(_ rules: [CORSRule], of bucket: String) async throws {
        guard rules.count <= Limits.corsRulesMax else {
            throw FlareError(.invalidArgument, "a bucket has at most \(Limits.corsRulesMax) CORS rules")
        }
        for (index, rule) in rules.enumerated() { try rule.validate("CORS rule \(rule.id ?? "\(index + 1)")") }
        try await database.write { tx in
            _ = try BucketRecord.require(bucket, in: tx)
            if rules.isEmpty {
                try BucketSettingsRecord.delete(.cors, of: bucket, in: tx)
            } else {
                try BucketSettingsRecord.save(.cors, of: bucket, CORSConfigurationBody(rules: rules), in: tx)
            }
        }
    }
}

extension CORSRule {
    fileprivate func validate(_ name: String) throws {
        func wrong(_ what: String, hint: String? = nil) -> FlareError {
            FlareError(.invalidArgument, "\(name) \(what)", hint: hint)
        }
        guard !allowed.origins.isEmpty else {
            throw wrong("allows no origin", hint: "list origins such as https://example.com, or *")
        }
        guard !allowed.methods.isEmpty else {
            throw wrong("allows no method", hint: "list some of \(Self.methods.joined(separator: ", "))")
        }
        for method in allowed.methods where !Self.methods.contains(method) {
            let hint = "it may allow \(Self.methods.joined(separator: ", "))"
            throw wrong("allows the method \"\(method)\", which no rule can", hint: hint)
        }
        for origin in allowed.origins where !Self.isOrigin(origin) {
            throw wrong(
                "has the origin \"\(origin)\", which no browser sends",
                hint: "an origin is scheme://host[:port] without a path; * stands for any text, once"
            )
        }
        for header in (allowed.headers ?? []) + (exposeHeaders ?? []) where !Self.isHeader(header) {
            throw wrong("has the header \"\(header)\", which is no header's name")
        }
        if let maxAgeSeconds, !(0...Limits.corsAgeSecondsMax).contains(maxAgeSeconds) {
            throw wrong("has a maxAgeSeconds outside of 0 to \(Limits.corsAgeSecondsMax)")
        }
        if let id, id.isEmpty || id.utf8.count > Limits.ruleIDBytesMax {
            throw wrong("has an id of \(id.utf8.count) bytes; it may have 1 to \(Limits.ruleIDBytesMax)")
        }
    }

    private static func isOrigin(_ text: String) -> Bool {
        if text == "*" { return true }
        guard text.utf8.count(where: { $0 == UInt8(ascii: "*") }) <= 1, text.utf8.count <= 1_024 else { return false }
        if text == "null" { return true }
        guard let scheme = text.firstRange(of: "://"), scheme.lowerBound > text.startIndex else { return false }
        let host = text[scheme.upperBound...]
        return !host.isEmpty && host.utf8.allSatisfy { $0 > 32 && $0 < 127 && $0 != UInt8(ascii: "/") }
    }

    private static func isHeader(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= 256 && text.utf8.count(where: { $0 == UInt8(ascii: "*") }) <= 1
            && text.utf8.allSatisfy { $0 > 32 && $0 < 127 && !":,;\"".utf8.contains($0) }
    }
}
