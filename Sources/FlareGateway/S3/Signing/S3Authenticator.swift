package import FlareBuckets
import FlareModel
package import FlareStore

/// Finds out who sent a request, by its signature of version 4: in a header or in the query of a presigned URL.
package struct S3Authenticator: Sendable {
    private let keys: AccessKeyService
    private let time: any TimeSource
    private let signingKeys = SigningKeyCache()

    /// The regions that R2 takes for its one.
    private static let regions: Set<String> = ["auto", "us-east-1", ""]

    package init(keys: AccessKeyService, time: any TimeSource) {
        self.keys = keys
        self.time = time
    }

    /// The sender of a request; `S3Identity.anonymous` when it is not signed at all.
    ///
    /// Throws an `S3Error` when a signature is malformed, too old, of no known key, or wrong. What the sender may do is
    /// for `S3Identity.requires` to say, and the body for `S3Payload` to check.
    package func authenticate(_ head: S3RequestHead) async throws -> S3Identity {
        guard let authorization = try S3Authorization.parse(head) else { return .anonymous }
        guard Self.regions.contains(authorization.scope.region) else {
            throw S3Error.wrongRegion(authorization.scope.region)
        }
        let now = time.now()
        try checkTime(authorization, now)
        guard let key = try await keys.find(authorization.keyID) else {
            throw S3Error.unknownKey(authorization.keyID, "does not exist")
        }
        try checkToken(authorization, key, now)
        try checkCoverage(authorization, head)
        let payload = try payload(authorization, head)
        let signingKey = signingKeys.key(secret: key.secret, scope: authorization.scope)
        try checkSignature(authorization, head, payload.text, signingKey)
        let chain = SignatureChain(
            key: signingKey,
            time: authorization.timeText,
            scope: authorization.scope,
            seed: authorization.signature
        )
        return S3Identity(key: key, payload: payload.kind, chain: chain)
    }

    private func checkTime(_ authorization: S3Authorization, _ now: Timestamp) throws {
        let skew = Duration.seconds(Limits.signatureSkewSecondsMax)
        switch authorization.form {
        case .header:
            guard now - authorization.time <= skew, authorization.time - now <= skew else {
                throw S3Error.skewed(authorization, now: now)
            }
        case .query(let seconds):
            let end = authorization.time + .seconds(seconds)
            let details = [
                (name: "X-Amz-Expires", value: "\(seconds)"), ("Expires", end.text), ("ServerTime", now.text),
            ]
            guard authorization.time - now <= skew else {
                throw S3Error.accessDenied("Request is not yet valid", details: details)
            }
            // In the words of S3, which clients look for.
            guard now <= end else { throw S3Error.accessDenied("Request has expired", details: details) }
        }
    }

    private func checkToken(_ authorization: S3Authorization, _ key: AccessKeyRecord, _ now: Timestamp) throws {
        switch (key.sessionToken, authorization.sessionToken) {
        case (let wanted?, let given?) where isEqualInConstantTime(wanted, given): break
        case (nil, nil): break
        case (nil, _?):
            throw S3Error.invalidToken(
                "access key \"\(key.id)\" has no session token, and one was sent: is AWS_SESSION_TOKEN set?"
            )
        case (_?, nil):
            throw S3Error.invalidToken("access key \"\(key.id)\" is temporary: send its session token as well")
        default:
            throw S3Error.invalidToken("the session token is not that of access key \"\(key.id)\"")
        }
        guard key.isExpired(at: now) else { return }
        if key.kind == .temporary {
            throw S3Error(
                code: "ExpiredToken",
                httpStatus: 400,
                message: "the temporary credentials have expired: make new ones"
            )
        }
        throw S3Error.unknownKey(key.id, "expired at \(key.expiresAt?.text ?? "")")
    }

    /// What decides what a request means must be signed: the host, and all of AWS's own headers.
    private func checkCoverage(_ authorization: S3Authorization, _ head: S3RequestHead) throws {
        let signed = Set(authorization.signedHeaders)
        let missing = head.headers.map(\.name).filter { $0.hasPrefix("x-amz-") && !signed.contains($0) }
        let all = (signed.contains("host") ? [] : ["host"]) + missing
        guard all.isEmpty else {
            throw S3Error.accessDenied(
                "There were headers present in the request which were not signed",
                details: [("HeadersNotSigned", all.joined(separator: ", "))]
            )
        }
    }

    private func payload(
        _ authorization: S3Authorization,
        _ head: S3RequestHead
    ) throws -> (kind: S3PayloadKind, text: String) {
        if let text = head.header("x-amz-content-sha256") { return (try S3PayloadKind(text), text) }
        switch authorization.form {
        case .query:
            guard let text = head.parameter("X-Amz-Content-Sha256") else { return (.unsigned, "UNSIGNED-PAYLOAD") }
            return (try S3PayloadKind(text), text)
        case .header:
            throw S3Error.invalidRequest("a signed request needs the header x-amz-content-sha256")
        }
    }

    private func checkSignature(
        _ authorization: S3Authorization,
        _ head: S3RequestHead,
        _ payload: String,
        _ signingKey: SigningKey
    ) throws {
        let headers = authorization.signedHeaders.map { name in
            let values = head.headers.filter { $0.name == name }.map { CanonicalRequest.canonicalValue($0.value) }
            // The host of HTTP/2 stands in no header.
            return (name: name, value: name == "host" ? head.host : values.joined(separator: ","))
        }
        let query = CanonicalRequest.canonicalQuery(head.rawQuery, without: "X-Amz-Signature")
        func check(path: String) -> S3Error? {
            let request = CanonicalRequest(
                method: head.method,
                path: path,
                query: query,
                headers: headers,
                payload: payload
            )
            let text = request.stringToSign(time: authorization.timeText, scope: authorization.scope)
            if isEqualInConstantTime(signingKey.signature(of: text), authorization.signature) { return nil }
            return S3Error.wrongSignature(authorization, stringToSign: text, canonicalRequest: request.text)
        }
        let path = CanonicalRequest.canonicalPath(head.rawPath)
        guard let error = check(path: path) else { return }
        // Some clients sign the path as they send it, though that encodes less or more than S3's rule does.
        guard path != head.rawPath, check(path: String(head.rawPath)) == nil else { throw error }
    }
}
