import NIOCore
import NIOHTTP1
import Testing

@testable import FlareGateway

/// A request as the decoder hands it over.
private func incoming(
    _ method: HTTPMethod,
    _ target: String,
    host: String = "127.0.0.1:8702",
    _ headers: [(String, String)] = []
) -> S3IncomingRequest {
    let head = HTTPRequestHead(
        version: .http1_1,
        method: method,
        uri: target,
        headers: HTTPHeaders([("Host", host)] + headers)
    )
    return S3IncomingRequest(head, isTLS: false, body: S3RequestBody(ByteBuffer()), requestID: "1")
}

@Suite("where a request of the S3 door goes")
struct S3AddressingTests {
    private struct Place: Equatable {
        var bucket: String?
        var key: String?
    }

    private func place(_ target: String, host: String = "127.0.0.1:8702") throws -> Place {
        let head = try S3Addressing.head(of: incoming(.GET, target, host: host))
        return Place(bucket: head.bucket, key: head.key)
    }

    @Test("a path is taken apart as it was sent, and then decoded")
    func paths() throws {
        #expect(try place("/") == Place())
        #expect(try place("/one") == Place(bucket: "one"))
        #expect(try place("/one/") == Place(bucket: "one"))
        #expect(try place("/one/a/b") == Place(bucket: "one", key: "a/b"))
        #expect(try place("/one//a//b/") == Place(bucket: "one", key: "/a//b/"))
        #expect(try place("/one/../a/./b") == Place(bucket: "one", key: "../a/./b"))
        #expect(try place("/one/a%2Fb%2E%2e%252F") == Place(bucket: "one", key: "a/b..%2F"))
        #expect(try place("/one/a+b%20c") == Place(bucket: "one", key: "a+b c"))
        #expect(try place("/one/%00%0A%7F") == Place(bucket: "one", key: "\u{0}\n\u{7F}"))
        #expect(try place("http://elsewhere/one/a") == Place(bucket: "one", key: "a"))
        // Precomposed and composed are two keys, though Swift takes them for the same text.
        let composed = try #require(try place("/one/e%CC%81").key)
        #expect(Array(composed.utf8) == [0x65, 0xCC, 0x81])
    }

    @Test("a host below localhost names the bucket")
    func hosts() throws {
        for host in ["one.localhost", "one.localhost:8702", "ONE.LOCALHOST", "one.s3.localhost:8702"] {
            #expect(try place("/a//b", host: host) == Place(bucket: "one", key: "a//b"), "\(host)")
            #expect(try place("/", host: host) == Place(bucket: "one"), "\(host)")
        }
        for host in ["localhost", "localhost:8702", "s3.localhost", "[::1]:8702", "example.com", ""] {
            #expect(try place("/one/a", host: host) == Place(bucket: "one", key: "a"), "\(host)")
        }
    }

    @Test(
        "an address that is no text is refused",
        arguments: ["/one/%FF", "/one/%2", "/one/%zz", "/?a=%FF", "//a", "*"]
    )
    func refused(_ target: String) {
        #expect { try place(target) } throws: { ($0 as? S3Error)?.code == "InvalidURI" }
    }

    @Test("the query is decoded pair by pair")
    func query() throws {
        let head = try S3Addressing.head(of: incoming(.GET, "/one?prefix=a%2Fb+c&uploads&marker=x=y&empty="))
        #expect(head.query.map(\.name) == ["prefix", "uploads", "marker", "empty"])
        #expect(head.query.map(\.value) == ["a/b c", "", "x=y", ""])
        #expect(head.rawPath == "/one" && head.rawQuery == "prefix=a%2Fb+c&uploads&marker=x=y&empty=")
    }
}

@Suite("what a request of the S3 door asks for")
struct S3OperationTests {
    private func operation(_ method: HTTPMethod, _ target: String, _ headers: [(String, String)] = []) throws
        -> S3Operation
    {
        try S3Operation(S3Addressing.head(of: incoming(method, target, headers)))
    }

    @Test(
        "a write under a condition or with a wish that is not offered is refused, not done without it",
        arguments: [
            (HTTPMethod.DELETE, "x-amz-if-match-size"), (.DELETE, "x-amz-if-match-last-modified-time"),
            (.PUT, "x-amz-tagging"), (.PUT, "x-amz-write-offset-bytes"),
        ]
    )
    func notOffered(method: HTTPMethod, header: String) throws {
        let head = try S3Addressing.head(of: incoming(method, "/one/a", [(header, "5")]))
        #expect { try S3Unsupported.check(head) } throws: { ($0 as? S3Error)?.code == "NotImplemented" }
    }

    @Test("method, place and query choose the operation")
    func chosen() throws {
        let all: [(HTTPMethod, String, S3Operation)] = [
            (.GET, "/", .listBuckets), (.PUT, "/one", .createBucket), (.HEAD, "/one", .headBucket),
            (.DELETE, "/one/", .deleteBucket), (.GET, "/one", .listObjects), (.GET, "/one?list-type=2", .listObjectsV2),
            (.GET, "/one?location", .getBucketLocation), (.GET, "/one?acl", .getBucketAcl),
            (.PUT, "/one?cors", .putBucketCors), (.DELETE, "/one?lifecycle", .deleteBucketLifecycle),
            (.PUT, "/one?notification", .putBucketNotification), (.GET, "/one?uploads", .listMultipartUploads),
            (.POST, "/one?delete", .deleteObjects), (.PUT, "/one/a?x-id=PutObject", .putObject),
            (.GET, "/one/a", .getObject), (.HEAD, "/one/a", .headObject), (.DELETE, "/one/a", .deleteObject),
            (.POST, "/one/a?uploads", .createMultipartUpload), (.PUT, "/one/a?partNumber=1&uploadId=u", .uploadPart),
            (.GET, "/one/a?uploadId=u", .listParts), (.POST, "/one/a?uploadId=u", .completeMultipartUpload),
            (.DELETE, "/one/a?uploadId=u", .abortMultipartUpload), (.OPTIONS, "/one/a", .preflight),
            (.GET, "/one?versions", .listObjectVersions), (.GET, "/one?tagging", .getAbsent(.tagging)),
            (.GET, "/one?object-lock", .getAbsent(.objectLock)), (.GET, "/one/a?tagging", .getObjectTagging),
            (.GET, "/one/a?attributes", .getObjectAttributes),
        ]
        for (method, target, expected) in all {
            #expect(try operation(method, target) == expected, "\(method) \(target)")
        }
        let source = [("x-amz-copy-source", "/one/b")]
        #expect(try operation(.PUT, "/one/a", source) == .copyObject)
        #expect(try operation(.PUT, "/one/a?partNumber=1&uploadId=u", source) == .uploadPartCopy)
    }

    @Test("what is not offered is refused by name, and never taken for something else")
    func refused() {
        let all: [(HTTPMethod, String)] = [
            (.GET, "/one?inventory"), (.PUT, "/one?tagging"), (.DELETE, "/one?website"), (.PUT, "/one/a?acl"),
            (.POST, "/one/a?select&select-type=2"), (.GET, "/one/a?torrent"), (.GET, "/one/a?policy"),
            (.PUT, "/one/a?tagging"), (.DELETE, "/one/a?tagging"), (.GET, "/one/a?annotation"), (.PUT, "/one/a?cors"),
            // What S3 may yet invent: without the parameter these would delete a bucket and write an object.
            (.DELETE, "/one?invented"), (.PUT, "/one/a?invented"),
        ]
        for (method, target) in all {
            #expect("\(method) \(target)") { try operation(method, target) } throws: { error in
                guard let error = error as? S3Error, let mark = target.firstIndex(of: "?") else { return false }
                let name = target[target.index(after: mark)...].prefix { $0 != "&" }
                return error.code == "NotImplemented" && error.httpStatus == 501 && error.message.contains(name)
            }
        }
        #expect { try operation(.PATCH, "/one/a") } throws: { ($0 as? S3Error)?.httpStatus == 405 }
    }

    @Test("a part that has lost its upload is no object, and the parameters of an upload delete none")
    func partsAlone() {
        let all: [(HTTPMethod, String)] = [
            (.PUT, "/one/a?partNumber=1"), (.PUT, "/one/a?uploads"), (.DELETE, "/one/a?partNumber=1"),
            (.DELETE, "/one/a?uploads"), (.POST, "/one/a?uploads&partNumber=1"), (.PUT, "/one?uploadId=u"),
        ]
        for (method, target) in all {
            #expect("\(method) \(target)") { try operation(method, target) } throws: {
                ($0 as? S3Error)?.code == "InvalidArgument"
            }
        }
    }

    @Test("a request with several hosts is for none of them")
    func severalHosts() {
        #expect { try S3Addressing.head(of: incoming(.GET, "/one/a", [("host", "other")])) } throws: {
            ($0 as? S3Error)?.httpStatus == 400
        }
    }

    @Test("the source of a copy is decoded once")
    func copySource() throws {
        let source = try #require(S3CopySource("/one/a%2Fb%2520c+d?versionId=null"))
        #expect((source.bucket, source.key, source.version) == ("one", "a/b%20c+d", "null"))
        #expect(S3CopySource("one/a//b")?.key == "a//b")
        for text in ["", "/", "one", "one/", "/one/%FF"] { #expect(S3CopySource(text) == nil, "\(text)") }
    }

    @Test("metadata that is not ASCII goes through headers and comes back")
    func metadata() throws {
        for text in ["plain", "grün €", "=?x", "a\u{1F600}"] {
            #expect(S3Metadata.decoded(S3Metadata.encoded(text)) == text)
        }
        #expect(S3Metadata.decoded("=?utf-8?Q?gr=C3=BCn_x?= =?UTF-8?B?4oKs?= end") == "grün x€ end")
        #expect(S3Metadata.decoded("=?latin?B?4oKs?=") == "=?latin?B?4oKs?=")
        #expect(S3Metadata.encoded("grün").utf8.allSatisfy { (0x20...0x7E).contains($0) })
    }
}
