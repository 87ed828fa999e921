import FlareModel
import FlareStore
import Testing

@testable import FlareBuckets
@testable import FlareGateway

@Suite("Signatures of S3 requests")
struct SignatureTests {
    @Test("what another implementation signed is let in", arguments: SignatureGoldens.all)
    func goldens(_ golden: SignatureGolden) async throws {
        try await SignatureFixture.with(sessionToken: golden.sessionToken) { f in
            let identity = try await f.authenticator.authenticate(golden.head)
            #expect(identity.key?.id == SignatureFixture.id)
            let kind = try golden.head.header("x-amz-content-sha256").map { try S3PayloadKind($0) } ?? .unsigned
            #expect(identity.payload == kind)
        }
    }

    @Test("AWS's published examples are let in", arguments: PublishedSignatures.all)
    func published(_ golden: SignatureGolden) async throws {
        try await SignatureFixture.with { f in
            let identity = try await f.authenticator.authenticate(golden.head)
            #expect(identity.key?.id == SignatureFixture.id)
        }
    }

    @Test("a signature is good for its own request only", arguments: SignatureGoldens.all)
    func otherRequests(_ golden: SignatureGolden) async throws {
        try await SignatureFixture.with(sessionToken: golden.sessionToken) { f in
            var changed: [S3RequestHead] = []
            func change(_ apply: (inout S3RequestHead) -> Void) {
                var head = golden.head
                apply(&head)
                changed.append(head)
            }
            change { $0.method = $0.method == "DELETE" ? "GET" : "DELETE" }
            change { $0.host = "localhost:8702" }
            change { $0.host = "127.0.0.1:8703" }
            let path = golden.head.rawPath
            changed.append(
                requestHead(
                    golden.method,
                    path + "x" + golden.target.dropFirst(path.count),
                    host: golden.host,
                    headers: golden.headers
                )
            )
            let mark = golden.target.contains("?") ? "&" : "?"
            changed.append(
                requestHead(
                    golden.method,
                    golden.target + mark + "versionId=1",
                    host: golden.host,
                    headers: golden.headers
                )
            )
            let signed = try #require(try S3Authorization.parse(golden.head)).signedHeaders
            for (index, header) in golden.headers.enumerated()
            where signed.contains(header.0) && header.0 != "x-amz-date" && header.0 != "x-amz-security-token" {
                change { head in
                    let value = header.0 == "x-amz-content-sha256" ? "UNSIGNED-PAYLOAD" : header.1 + "x"
                    head.headers[index + 1].value = value
                }
            }
            for head in changed {
                let error = try #require(await f.refusal(of: head), "\(head) was let in")
                #expect(error.code == "SignatureDoesNotMatch")
                #expect(error.httpStatus == 403)
                #expect(error.details.contains { $0.name == "StringToSign" && $0.value.hasPrefix("AWS4-HMAC") })
                #expect(error.details.contains { $0.name == "CanonicalRequest" && $0.value.hasPrefix(head.method) })
                #expect(!error.details.contains { $0.value.contains(SignatureFixture.secret) })
            }
        }
    }

    @Test("each digit of a signature counts")
    func digits() async throws {
        try await SignatureFixture.with { f in
            let head = TestSigner().head()
            _ = try await f.authenticator.authenticate(head)
            let value = try #require(head.header("authorization"))
            let start = try #require(value.firstRange(of: "Signature=")).upperBound
            for position in value[start...].indices {
                var changed = head
                var text = value
                text.replaceSubrange(position...position, with: value[position] == "0" ? "1" : "0")
                changed.headers[changed.headers.count - 1].value = text
                #expect(await f.refusal(of: changed)?.code == "SignatureDoesNotMatch")
            }
            #expect(await f.refusal(of: TestSigner(secret: "other").head())?.code == "SignatureDoesNotMatch")
        }
    }

    @Test("a path that is signed as it is sent is let in too")
    func rawPath() async throws {
        try await SignatureFixture.with { f in
            let signer = TestSigner()
            var head = requestHead(
                "GET",
                "/data/a(1)!.txt",
                headers: [("x-amz-date", signer.time), ("x-amz-content-sha256", "UNSIGNED-PAYLOAD")]
            )
            let names = ["host", "x-amz-content-sha256", "x-amz-date"]
            let request = CanonicalRequest(
                method: "GET",
                path: "/data/a(1)!.txt",
                query: "",
                headers: names.map { name in (name: name, value: head.header(name) ?? "") },
                payload: "UNSIGNED-PAYLOAD"
            )
            let signature = signer.key.signature(of: request.stringToSign(time: signer.time, scope: signer.scope))
            head.headers.append(
                (
                    "authorization",
                    "AWS4-HMAC-SHA256 Credential=\(signer.id)/\(signer.scope.text), "
                        + "SignedHeaders=\(names.joined(separator: ";")), Signature=\(signature)"
                )
            )
            let identity = try await f.authenticator.authenticate(head)
            #expect(identity.key?.id == SignatureFixture.id)
        }
    }

    @Test("the host and AWS's own headers must be signed")
    func coverage() async throws {
        try await SignatureFixture.with { f in
            let headers = [("x-amz-acl", "private"), ("range", "bytes=0-1")]
            for name in ["host", "x-amz-acl", "x-amz-date", "x-amz-content-sha256"] {
                let error = await f.refusal(of: TestSigner(unsigned: [name]).head(headers: headers))
                #expect(error?.code == "AccessDenied")
                #expect(error?.details.first?.value == name)
            }
            #expect(await f.refusal(of: TestSigner(unsigned: ["range"]).head(headers: headers)) == nil)
        }
    }

    @Test("a region of another place is refused with the one that is right")
    func regions() async throws {
        try await SignatureFixture.with { f in
            for region in ["auto", "us-east-1", ""] {
                #expect(await f.refusal(of: TestSigner(region: region).head()) == nil)
            }
            let error = try #require(await f.refusal(of: TestSigner(region: "eu-central-1").head()))
            #expect(error.code == "AuthorizationHeaderMalformed")
            #expect(error.message.contains("'eu-central-1'"))
            #expect(error.details.first?.value == "auto")
        }
    }

    @Test("a request may be a quarter of an hour old or early, and may then not be sent again")
    func skew() async throws {
        try await SignatureFixture.with { f in
            let head = TestSigner().head()
            f.time.advance(by: .seconds(-900))
            #expect(await f.refusal(of: head) == nil)
            f.time.advance(by: .seconds(-1))
            #expect(await f.refusal(of: head)?.code == "RequestTimeTooSkewed")
            f.time.advance(by: .seconds(1801))
            #expect(await f.refusal(of: head) == nil)
            f.time.advance(by: .seconds(1))
            let error = try #require(await f.refusal(of: head))
            #expect(error.code == "RequestTimeTooSkewed")
            #expect(error.httpStatus == 403)
            #expect(error.details.contains { $0 == ("MaxAllowedSkewMilliseconds", "900000") })
        }
    }

    @Test("a request without a signature is nobody's")
    func anonymous() async throws {
        try await SignatureFixture.with { f in
            let identity = try await f.authenticator.authenticate(requestHead("GET", "/data/a"))
            #expect(identity.isAnonymous)
            let error = #expect(throws: S3Error.self) { try identity.requires(.read, bucket: "data", key: "a") }
            #expect(error?.code == "AccessDenied")
            #expect(error?.httpStatus == 403)
            #expect(throws: S3Error.self) { try identity.requiresList(bucket: "data", prefix: "") }
            #expect(!identity.opens(bucket: "data"))
        }
    }
}

/// What AWS publishes for checking signers.
///
/// https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html and
/// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
enum PublishedSignatures {
    private static let host = "examplebucket.s3.amazonaws.com"
    private static let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

    private static func golden(
        _ name: String,
        method: String = "GET",
        _ target: String,
        _ headers: [(String, String)] = [],
        digest: String = empty,
        signed: String = "host;x-amz-content-sha256;x-amz-date",
        signature: String
    ) -> SignatureGolden {
        let credential = "\(SignatureFixture.id)/20130524/us-east-1/s3/aws4_request"
        let authorization = "AWS4-HMAC-SHA256 Credential=\(credential),SignedHeaders=\(signed),Signature=\(signature)"
        return SignatureGolden(
            name: name,
            method: method,
            host: host,
            target: target,
            headers: headers + [
                ("x-amz-content-sha256", digest), ("x-amz-date", "20130524T000000Z"), ("authorization", authorization),
            ]
        )
    }

    static let all = [
        golden(
            "GET Object",
            "/test.txt",
            [("range", "bytes=0-9")],
            signed: "host;range;x-amz-content-sha256;x-amz-date",
            signature: "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
        ),
        golden(
            "PUT Object",
            method: "PUT",
            "/test$file.text",
            [("date", "Fri, 24 May 2013 00:00:00 GMT"), ("x-amz-storage-class", "REDUCED_REDUNDANCY")],
            digest: "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072",
            signed: "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class",
            signature: "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"
        ),
        golden(
            "GET Bucket Lifecycle",
            "/?lifecycle",
            signature: "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"
        ),
        golden(
            "List Objects",
            "/?max-keys=2&prefix=J",
            signature: "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"
        ),
        SignatureGolden(
            name: "a presigned GET",
            method: "GET",
            host: host,
            target: """
                /test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1\
                %2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host\
                &X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404
                """,
            headers: []
        ),
    ]
}
