import FlareModel

/// What a request says of its signature, by its `Authorization` header or in its query, not yet checked.
struct S3Authorization: Sendable {
    /// Where it stands; decides how long it is good for.
    enum Form: Sendable {
        case header
        case query(expiresInSeconds: Int)
    }

    let form: Form
    let keyID: String
    let scope: SignatureScope
    /// The time of signing, in the compact form of ISO 8601.
    let timeText: String
    let time: Timestamp
    /// In lower case and sorted.
    let signedHeaders: [String]
    /// 64 hexadecimal digits.
    let signature: String
    let sessionToken: String?

    private static let algorithm = "AWS4-HMAC-SHA256"

    /// Nil for a request without any: an anonymous one.
    ///
    /// Throws the `S3Error` of one that cannot be understood.
    static func parse(_ head: S3RequestHead) throws -> S3Authorization? {
        let header = head.header("authorization")
        let isInQuery = head.query.contains {
            ["X-Amz-Algorithm", "X-Amz-Signature", "X-Amz-Credential"].contains($0.name)
        }
        if header != nil && isInQuery {
            throw S3Error.invalidRequest("the request is signed twice, by header and by query: leave one of them out")
        }
        if let header { return try parse(header: header, head) }
        if isInQuery { return try parse(query: head) }
        if head.parameter("AWSAccessKeyId") != nil { throw S3Error.oldSignature }
        return nil
    }

    private static func parse(header: String, _ head: S3RequestHead) throws -> S3Authorization {
        guard header.hasPrefix(algorithm) else {
            if header.hasPrefix("AWS ") { throw S3Error.oldSignature }
            let name = header.prefix { $0 != " " }.prefix(32)
            throw S3Error.invalidRequest("the authorization \"\(name)\" is not supported: sign with \(algorithm)")
        }
        var fields: [Substring: Substring] = [:]
        for part in header.dropFirst(algorithm.count).split(separator: ",") {
            let words = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard words.count == 2 else { throw S3Error.malformedHeader("\"\(part.prefix(64))\" is not NAME=VALUE") }
            fields[words[0].trimmingSpaces()] = words[1].trimmingSpaces()
        }
        func field(_ name: Substring) throws -> String {
            guard let value = fields[name], !value.isEmpty else { throw S3Error.malformedHeader("\(name) is missing") }
            return String(value)
        }
        let credential = try Credential(try field("Credential"), malformed: S3Error.malformedHeader)
        let timeText: String
        if let text = head.header("x-amz-date") {
            timeText = text
        } else if let text = head.header("date") {
            timeText = Timestamp(httpDate: text)?.compactText ?? text
        } else {
            throw S3Error(
                code: "AccessDenied",
                httpStatus: 403,
                message: "a signed request needs the header x-amz-date (or Date)"
            )
        }
        return try S3Authorization(
            form: .header,
            credential: credential,
            timeText: timeText,
            signedHeaders: try field("SignedHeaders"),
            signature: try field("Signature"),
            sessionToken: head.header("x-amz-security-token"),
            malformed: S3Error.malformedHeader
        )
    }

    private static func parse(query head: S3RequestHead) throws -> S3Authorization {
        func parameter(_ name: String) throws -> String {
            let values = head.query.filter { $0.name == name }
            guard values.count == 1, !values[0].value.isEmpty else {
                throw S3Error.malformedQuery(values.count > 1 ? "\(name) is given twice" : "\(name) is missing")
            }
            return values[0].value
        }
        guard try parameter("X-Amz-Algorithm") == algorithm else {
            throw S3Error.malformedQuery("X-Amz-Algorithm must be \(algorithm)")
        }
        guard let seconds = Int(try parameter("X-Amz-Expires")), (1...Limits.presignSecondsMax).contains(seconds) else {
            throw S3Error.malformedQuery("X-Amz-Expires must be 1 to \(Limits.presignSecondsMax) seconds (7 days)")
        }
        return try S3Authorization(
            form: .query(expiresInSeconds: seconds),
            credential: try Credential(try parameter("X-Amz-Credential"), malformed: S3Error.malformedQuery),
            timeText: try parameter("X-Amz-Date"),
            signedHeaders: try parameter("X-Amz-SignedHeaders"),
            signature: try parameter("X-Amz-Signature"),
            sessionToken: head.parameter("X-Amz-Security-Token"),
            malformed: S3Error.malformedQuery
        )
    }

    private init(
        form: Form,
        credential: Credential,
        timeText: String,
        signedHeaders: String,
        signature: String,
        sessionToken: String?,
        malformed: (String) -> S3Error
    ) throws {
        guard let time = Timestamp(compactText: timeText) else {
            throw malformed("the time \"\(timeText.prefix(40))\" is not of the form 20130524T000000Z")
        }
        guard timeText.hasPrefix(credential.scope.date) else {
            throw malformed("the day of the credential, \(credential.scope.date), is not that of \(timeText)")
        }
        let isDigest = signature.utf8.count == 64 && signature.utf8.allSatisfy(isHexadecimal)
        guard isDigest else { throw malformed("the signature is not 64 hexadecimal digits") }
        self.form = form
        keyID = credential.keyID
        scope = credential.scope
        self.timeText = timeText
        self.time = time
        self.signedHeaders = signedHeaders.lowercased().split(separator: ";").map(String.init).sorted()
        self.signature = signature.lowercased()
        self.sessionToken = sessionToken
    }

    /// `KEY/20130524/REGION/s3/aws4_request`.
    private struct Credential {
        let keyID: String
        let scope: SignatureScope

        init(_ text: String, malformed: (String) -> S3Error) throws {
            let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 5, !parts[0].isEmpty, parts[1].utf8.count == 8 else {
                throw malformed("the credential is not of the form KEY/20130524/REGION/s3/aws4_request")
            }
            guard parts[3] == SignatureScope.service, parts[4] == SignatureScope.terminator else {
                throw malformed("the credential must end with /s3/aws4_request, not /\(parts[3])/\(parts[4])")
            }
            keyID = parts[0]
            scope = SignatureScope(date: parts[1], region: parts[2])
        }
    }
}

private func isHexadecimal(_ byte: UInt8) -> Bool {
    (48...57).contains(byte) || (97...102).contains(byte) || (65...70).contains(byte)
}

extension Substring {
    fileprivate func trimmingSpaces() -> Substring {
        var text = drop { $0 == " " || $0 == "\t" }
        while text.last == " " || text.last == "\t" { text.removeLast() }
        return text
    }
}
