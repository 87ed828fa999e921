import FlareBuckets
import FlareModel

/// Makes URLs of objects that need no other credentials until they expire.
///
/// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
struct S3Presigner {
    /// Scheme, host and port of the S3 door, without a final slash: `http://127.0.0.1:8702`.
    let endpoint: String
    let key: AccessKeyRecord

    static let methods = ["GET", "HEAD", "PUT", "DELETE"]

    /// - Parameters:
    ///   - method: the only one that the URL is good for.
    ///   - contentType: when given, whoever uses the URL must send it as `Content-Type`.
    func url(
        _ method: String,
        bucket: String,
        object: String,
        seconds: Int,
        contentType: String? = nil,
        at now: Timestamp
    ) -> String {
        let time = now.compactText
        let scope = SignatureScope(date: String(time.prefix(8)), region: "auto")
        var headers = [(name: "host", value: host)]
        if let contentType { headers.insert(("content-type", CanonicalRequest.canonicalValue(contentType)), at: 0) }
        var parameters = [
            ("X-Amz-Algorithm", "AWS4-HMAC-SHA256"), ("X-Amz-Credential", "\(key.id)/\(scope.text)"),
            ("X-Amz-Date", time), ("X-Amz-Expires", "\(seconds)"),
        ]
        if let token = key.sessionToken { parameters.append(("X-Amz-Security-Token", token)) }
        parameters.append(("X-Amz-SignedHeaders", headers.map(\.name).joined(separator: ";")))
        let query = parameters.map { "\($0)=\(PercentCoding.encode($1))" }.joined(separator: "&")
        let path = "/\(bucket)/\(PercentCoding.encode(object, allowing: "/"))"
        let request = CanonicalRequest(
            method: method,
            path: path,
            query: CanonicalRequest.canonicalQuery(query[...]),
            headers: headers,
            payload: "UNSIGNED-PAYLOAD"
        )
        let signature = SigningKey(secret: key.secret, scope: scope)
            .signature(of: request.stringToSign(time: time, scope: scope))
        return "\(endpoint)\(path)?\(query)&X-Amz-Signature=\(signature)"
    }

    /// What clients send as `Host`: without the port where that is the scheme's own.
    private var host: String {
        let place = endpoint.split(separator: "/").last.map(String.init) ?? ""
        for (scheme, port) in [("http://", ":80"), ("https://", ":443")]
        where endpoint.hasPrefix(scheme) && place.hasSuffix(port) {
            return String(place.dropLast(port.utf8.count))
        }
        return place
    }
}
