import FlareBuckets
import FlareModel

/// The CORS rules of a bucket, in S3's XML.
extension S3Service {
    func getCors(_ call: S3Call) async throws -> S3Response {
        let rules = try await buckets.cors(of: call.bucket)
        guard !rules.isEmpty else {
            throw S3Error(
                code: "NoSuchCORSConfiguration",
                httpStatus: 404,
                message: "bucket \"\(call.bucket)\" has no CORS rules"
            )
        }
        var document = S3XMLWriter("CORSConfiguration")
        for rule in rules {
            document.element("CORSRule") { document in
                if let id = rule.id { document.element("ID", id) }
                for header in rule.allowed.headers ?? [] { document.element("AllowedHeader", header) }
                for method in rule.allowed.methods { document.element("AllowedMethod", method) }
                for origin in rule.allowed.origins { document.element("AllowedOrigin", origin) }
                for header in rule.exposeHeaders ?? [] { document.element("ExposeHeader", header) }
                if let seconds = rule.maxAgeSeconds { document.element("MaxAgeSeconds", seconds) }
            }
        }
        return try .document(document)
    }

    func putCors(_ call: S3Call) async throws -> S3Response {
        let request = try await call.document(root: "CORSConfiguration")
        let rules = try request.all("CORSRule").map { element in
            let texts = { (name: String) in element.all(name).map(\.trimmed) }
            let headers = texts("AllowedHeader")
            let exposed = texts("ExposeHeader")
            return CORSRule(
                id: element["ID"]?.trimmed,
                allowed: CORSRule.Allowed(
                    origins: texts("AllowedOrigin"),
                    methods: texts("AllowedMethod"),
                    headers: headers.isEmpty ? nil : headers
                ),
                exposeHeaders: exposed.isEmpty ? nil : exposed,
                maxAgeSeconds: try element["MaxAgeSeconds"].map { try Self.number($0) }
            )
        }
        guard !rules.isEmpty else { throw S3XMLReader.malformed("it has no <CORSRule>") }
        try await buckets.setCORS(rules, of: call.bucket)
        return S3Response()
    }

    func deleteCors(_ call: S3Call) async throws -> S3Response {
        try await buckets.setCORS([], of: call.bucket)
        return S3Response(status: 204)
    }

    /// The number in an element.
    static func number(_ element: S3XMLElement) throws(S3Error) -> Int {
        guard let number = Int(element.trimmed), number >= 0 else {
            throw S3XMLReader.malformed("<\(element.name)> is not a number: \"\(element.trimmed.prefix(64))\"")
        }
        return number
    }
}
