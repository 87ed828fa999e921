import FlareBuckets
import FlareModel

/// What web pages and everybody may do: CORS, and buckets that are open under a host of their own.
extension S3Service {
    /// The answer to a page that asks whether it may send a request.
    ///
    /// Throws `AccessForbidden` when no rule of the bucket allows it.
    func preflight(_ head: S3RequestHead) async throws -> S3Response {
        guard let origin = head.header("origin") else {
            throw S3Error(
                code: "BadRequest",
                httpStatus: 400,
                message: "Insufficient information. Origin request header needed."
            )
        }
        guard let method = head.header("access-control-request-method"), let bucket = head.bucket else {
            throw S3Error(
                code: "BadRequest",
                httpStatus: 400,
                message: "Invalid Access-Control-Request-Method: it names the method of a request to a bucket"
            )
        }
        let asked = (head.header("access-control-request-headers") ?? "").split(separator: ",")
            .map { $0.filter { $0 != " " } }.filter { !$0.isEmpty }
        let rules = try await buckets.cors(of: bucket)
        guard let headers = rules.match(origin: origin, method: method, requestHeaders: asked) else {
            throw S3Error(
                code: "AccessForbidden",
                httpStatus: 403,
                message: "CORSResponse: no CORS rule of bucket \"\(bucket)\" allows \(method) for \(origin)"
                    + " (flare buckets cors list \(bucket))",
                details: [("Method", method), ("ResourceType", head.key == nil ? "BUCKET" : "OBJECT")]
            )
        }
        return S3Response(headers: headers.map { ($0.name.lowercased(), $0.value) })
    }

    /// What an answer tells a page that has sent the request; nothing for other clients.
    func pageHeaders(_ head: S3RequestHead) async -> [(name: String, value: String)] {
        guard let origin = head.header("origin"), head.method != "OPTIONS" else { return [] }
        // A bucket that is not there allows nothing; that it is not there is for the answer itself to say.
        guard let bucket = try? await publicBucket(head) ?? head.bucket,
            let rules = try? await buckets.cors(of: bucket)
        else { return [] }
        let headers = rules.match(origin: origin, method: head.method, requestHeaders: nil) ?? []
        return headers.map { ($0.name.lowercased(), $0.value) }
    }

    // MARK: Public buckets

    /// The bucket that everybody may read under the request's host; nil for the door's own names.
    func publicBucket(_ head: S3RequestHead) async throws -> String? {
        let host = S3Addressing.hostname(head.host)
        let isOwn =
            host == "localhost" || host.isEmpty || host.utf8.allSatisfy { (0x30...0x39).contains($0) || $0 == 0x2E }
            || host.hasPrefix("[")
            || (host.hasSuffix(".localhost") && !host.hasSuffix(BucketService.managedDomainSuffix))
        return isOwn ? nil : try await buckets.publicBucket(forHost: String(host))
    }

    /// Answers anybody who reads an object of a public bucket; the whole path is its key.
    func readPublic(_ head: S3RequestHead, bucket: String) async throws -> S3Response {
        if head.method == "OPTIONS" {
            var ofBucket = head
            ofBucket.bucket = bucket
            return try await preflight(ofBucket)
        }
        guard head.method == "GET" || head.method == "HEAD" else {
            throw S3Error(
                code: "MethodNotAllowed",
                httpStatus: 405,
                message: "bucket \"\(bucket)\" can only be read under this host",
                headers: [("allow", "GET, HEAD, OPTIONS")]
            )
        }
        let path = head.rawPath.dropFirst()
        guard !path.isEmpty, let key = PercentCoding.decode(path) else {
            throw S3Error(
                code: "NoSuchKey",
                httpStatus: 404,
                message: "the path names no object: the objects of bucket \"\(bucket)\" are not listed to everybody"
            )
        }
        // Nobody has signed for what parameters would change of the answer.
        var plain = head
        plain.query = []
        return head.method == "GET"
            ? try await read(plain, key, in: bucket) : try await lookAt(plain, key, in: bucket)
    }
}
