import FlareModel
import FlareStore
import Testing

@testable import FlareBuckets
@testable import FlareGateway

@Suite("Presigned URLs and what keys open")
struct PresignedURLTests {
    private func url(_ object: String, method: String = "GET", seconds: Int = 3600, key: AccessKeyRecord? = nil)
        -> String
    {
        let start = SignatureFixture.start ?? Timestamp(milliseconds: 0)
        let key = key ?? AccessKeyRecord(id: SignatureFixture.id, secret: SignatureFixture.secret, createdAt: start)
        return S3Presigner(endpoint: "http://127.0.0.1:8702", key: key)
            .url(method, bucket: "data", object: object, seconds: seconds, at: start)
    }

    private func head(_ url: String, _ method: String = "GET") -> S3RequestHead {
        requestHead(method, String(url.dropFirst("http://127.0.0.1:8702".count)))
    }

    @Test("a URL is the one that another implementation makes")
    func golden() throws {
        let golden = try #require(SignatureGoldens.all.first { $0.name == "a presigned read of the region auto" })
        #expect(url("a b/ü+.txt") == "http://127.0.0.1:8702" + golden.target)
    }

    @Test("a URL is good for its method and object, until it expires")
    func use() async throws {
        try await SignatureFixture.with { f in
            for key in ["a", "a b/ü+(1)!'*%25&=?#.txt", "a//b/../c", "\u{1}", "e\u{301}"] {
                #expect(await f.refusal(of: head(url(key))) == nil)
                #expect(await f.refusal(of: head(url(key), "PUT"))?.code == "SignatureDoesNotMatch")
            }
            let good = head(url("a", seconds: 60))
            f.time.advance(by: .seconds(60))
            #expect(await f.refusal(of: good) == nil)
            f.time.advance(by: .seconds(1))
            let expired = await f.refusal(of: good)
            #expect(expired?.code == "AccessDenied")
            #expect(expired?.message == "Request has expired")
            f.time.advance(by: .seconds(-61 - 901))
            #expect(await f.refusal(of: good)?.message == "Request is not yet valid")
        }
    }

    @Test(
        "a URL that was tampered with is refused",
        arguments: [
            ("X-Amz-Expires=3600", "X-Amz-Expires=7200", "SignatureDoesNotMatch"),
            ("X-Amz-Expires=3600", "X-Amz-Expires=604801", "AuthorizationQueryParametersError"),
            ("X-Amz-Expires=3600", "X-Amz-Expires=x", "AuthorizationQueryParametersError"),
            ("X-Amz-Expires=3600", "X-Amz-Expires=60&X-Amz-Expires=3600", "AuthorizationQueryParametersError"),
            ("X-Amz-SignedHeaders=host", "X-Amz-SignedHeaders=range", "AccessDenied"),
            ("X-Amz-Algorithm=AWS4-HMAC-SHA256", "X-Amz-Algorithm=AWS4", "AuthorizationQueryParametersError"),
            ("%2Fs3%2F", "%2Fsqs%2F", "AuthorizationQueryParametersError"),
            ("X-Amz-Date=20130524T", "X-Amz-Date=20130525T", "AuthorizationQueryParametersError"),
            ("%2Fauto%2F", "%2Feu-west-1%2F", "AuthorizationHeaderMalformed"),
            ("/data/a?", "/data/b?", "SignatureDoesNotMatch"),
        ]
    )
    func tampered(_ old: String, _ new: String, _ code: String) async throws {
        try await SignatureFixture.with { f in
            let changed = url("a").replacing(old, with: new)
            #expect(changed != url("a"))
            #expect(await f.refusal(of: head(changed))?.code == code)
        }
    }

    @Test(
        "what cannot be understood is told apart",
        arguments: [
            ("AWS AKID:signature", "InvalidRequest"), ("Bearer x", "InvalidRequest"), ("", "InvalidRequest"),
            ("AWS4-HMAC-SHA256", "AuthorizationHeaderMalformed"),
            ("AWS4-HMAC-SHA256 x", "AuthorizationHeaderMalformed"),
            ("AWS4-HMAC-SHA256 Credential=a/b,SignedHeaders=host,Signature=c", "AuthorizationHeaderMalformed"),
        ]
    )
    func malformed(_ authorization: String, _ code: String) async throws {
        try await SignatureFixture.with { f in
            let headers = [("authorization", authorization), ("x-amz-date", "20130524T000000Z")]
            #expect(await f.refusal(of: requestHead("GET", "/data/a", headers: headers))?.code == code)
            let old = requestHead("GET", "/data/a?AWSAccessKeyId=a&Signature=b&Expires=1")
            #expect(await f.refusal(of: old)?.code == "InvalidRequest")
        }
    }

    @Test("keys that are unknown, revoked or expired open nothing, from that moment on")
    func ends() async throws {
        let end = try #require(SignatureFixture.start) + .seconds(10)
        try await SignatureFixture.with(expiresAt: end) { f in
            let head = TestSigner().head()
            #expect(await f.refusal(of: TestSigner(id: "nobody").head())?.code == "InvalidAccessKeyId")
            #expect(await f.refusal(of: head) == nil)
            f.time.advance(by: .seconds(10))
            #expect(await f.refusal(of: head)?.code == "InvalidAccessKeyId")
            f.time.advance(by: .seconds(-10))
            #expect(await f.refusal(of: head) == nil)
            try await f.keys.revoke(SignatureFixture.id)
            #expect(await f.refusal(of: head)?.code == "InvalidAccessKeyId")
        }
    }

    @Test("a temporary key needs its own session token")
    func tokens() async throws {
        try await SignatureFixture.with(sessionToken: "token") { f in
            let right = TestSigner().head(headers: [("x-amz-security-token", "token")])
            #expect(await f.refusal(of: right) == nil)
            #expect(await f.refusal(of: TestSigner().head())?.code == "InvalidToken")
            let wrong = TestSigner().head(headers: [("x-amz-security-token", "tokem")])
            #expect(await f.refusal(of: wrong)?.code == "InvalidToken")
        }
        try await SignatureFixture.with { f in
            let needless = TestSigner().head(headers: [("x-amz-security-token", "token")])
            #expect(await f.refusal(of: needless)?.code == "InvalidToken")
        }
    }

    @Test("a key opens its buckets and objects for what it permits, and nothing else")
    func scopes() {
        var key = AccessKeyRecord(permission: .read, buckets: ["data"], createdAt: Timestamp(milliseconds: 0))
        func opens(_ permission: AccessKeyPermission, _ bucket: String?, _ object: String? = nil) -> Bool {
            let identity = S3Identity(key: key, payload: .unsigned, chain: nil)
            return (try? identity.requires(permission, bucket: bucket, key: object)) != nil
        }
        func lists(_ prefix: String) -> Bool {
            let identity = S3Identity(key: key, payload: .unsigned, chain: nil)
            return (try? identity.requiresList(bucket: "data", prefix: prefix)) != nil
        }
        #expect(opens(.read, "data") && opens(.read, "data", "a") && lists(""))
        #expect(!opens(.write, "data", "a") && !opens(.read, "other", "a") && !opens(.read, nil))
        key.permission = .write
        #expect(opens(.write, "data", "a") && opens(.write, "data"))
        key.isForObjectsOnly = true
        #expect(opens(.write, "data", "a") && !opens(.write, "data") && opens(.read, "data"))
        key.prefixes = ["in/"]
        key.objects = ["one"]
        #expect(opens(.write, "data", "in/a") && opens(.write, "data", "one"))
        #expect(!opens(.read, "data", "in") && !opens(.read, "data", "one/two") && !opens(.read, "data"))
        #expect(lists("in/") && lists("in/a") && !lists("") && !lists("in") && !lists("one"))
    }
}
