import FlareModel
import NIOCore
import Testing

@testable import FlareBuckets
@testable import FlareGateway

/// A body as a client sends it, with the head that goes before.
struct SentBody: Sendable, CustomTestStringConvertible {
    let testDescription: String
    /// What `x-amz-content-sha256` says.
    let payload: String
    var headers: [(String, String)]
    let bytes: [UInt8]
    let meaning: String
    var trailers: [String] = []

    /// Bodies of every format, with the same meaning.
    static let all: [SentBody] = [
        plain("unsigned", payload: "UNSIGNED-PAYLOAD"),
        plain("with a digest", payload: hexadecimalText(SignatureDigest.of(Array(text.utf8)))),
        chunked("unsigned chunks and a trailer", isSigned: false, trailer: [("x-amz-checksum-crc32", "DUoRhQ==")]),
        chunked("unsigned chunks without a trailer", isSigned: false, trailer: []),
        chunked("signed chunks", isSigned: true, trailer: nil),
        chunked("signed chunks and a trailer", isSigned: true, trailer: [("x-amz-checksum-sha256", "abc=")]),
    ]

    private static let text = "hello world, in chunks"

    private static func plain(_ name: String, payload: String) -> SentBody {
        SentBody(
            testDescription: name,
            payload: payload,
            headers: [("content-length", "\(text.utf8.count)")],
            bytes: Array(text.utf8),
            meaning: text
        )
    }

    /// The text in chunks of 5, 16 and 1 bytes.
    private static func chunked(_ name: String, isSigned: Bool, trailer: [(String, String)]?) -> SentBody {
        let word = isSigned ? "STREAMING-AWS4-HMAC-SHA256-PAYLOAD" : "STREAMING-UNSIGNED-PAYLOAD"
        let bytes = Array(text.utf8)
        let chunks = [bytes[0..<5], bytes[5..<21], bytes[21..<22]].map { Array($0) }
        var headers = [("x-amz-decoded-content-length", "\(bytes.count)"), ("content-encoding", "aws-chunked")]
        if let name = trailer?.first?.0 { headers.append(("x-amz-trailer", name)) }
        var sent = SentBody(
            testDescription: name,
            payload: trailer == nil ? word : word + "-TRAILER",
            headers: headers,
            bytes: [],
            meaning: text,
            trailers: (trailer ?? []).map { "\($0.0):\($0.1)" }
        )
        let seed = isSigned ? sent.seed : nil
        sent = SentBody(
            testDescription: name,
            payload: sent.payload,
            headers: headers,
            bytes: ChunkWriter(signer: TestSigner(), previous: seed).body(chunks, trailer: trailer),
            meaning: text,
            trailers: sent.trailers
        )
        return sent
    }

    var head: S3RequestHead { TestSigner().head("PUT", "/data/a", payload: payload, headers: headers) }

    private var seed: String { String(head.header("authorization")?.suffix(64) ?? "") }
}

/// Writes `aws-chunked` bodies; the signatures are made as AWS's documentation says, beside what is tested.
struct ChunkWriter {
    let signer: TestSigner
    /// The signature before the next one; nil for bodies without.
    var previous: String?

    func body(_ chunks: [[UInt8]], trailer: [(String, String)]?) -> [UInt8] {
        var writer = self
        var result: [UInt8] = []
        for chunk in chunks { result += writer.chunk(chunk) + Array("\r\n".utf8) }
        result += writer.chunk([])
        let lines = (trailer ?? []).map { "\($0.0):\($0.1)" }
        for line in lines { result += Array("\(line)\r\n".utf8) }
        if trailer != nil, writer.previous != nil {
            let digest = hexadecimalText(SignatureDigest.of(Array(lines.map { $0 + "\n" }.joined().utf8)))
            let signature = writer.sign("AWS4-HMAC-SHA256-TRAILER", digest)
            result += Array("x-amz-trailer-signature:\(signature)\r\n".utf8)
        }
        return result + Array("\r\n".utf8)
    }

    private mutating func chunk(_ bytes: [UInt8]) -> [UInt8] {
        let size = String(bytes.count, radix: 16)
        guard previous != nil else { return Array("\(size)\r\n".utf8) + bytes }
        let empty = hexadecimalText(SignatureDigest.of([]))
        let digest = hexadecimalText(SignatureDigest.of(bytes))
        let signature = sign("AWS4-HMAC-SHA256-PAYLOAD", "\(empty)\n\(digest)")
        return Array("\(size);chunk-signature=\(signature)\r\n".utf8) + bytes
    }

    private mutating func sign(_ algorithm: String, _ rest: String) -> String {
        let text = [algorithm, signer.time, signer.scope.text, previous ?? "", rest].joined(separator: "\n")
        let signature = signer.key.signature(of: text)
        previous = signature
        return signature
    }
}

/// Pieces as a socket delivers them.
struct BodyPieces: AsyncSequence, Sendable {
    let pieces: [ByteBuffer]

    init(_ pieces: [some Sequence<UInt8>]) { self.pieces = pieces.map { ByteBuffer(bytes: $0) } }

    struct AsyncIterator: AsyncIteratorProtocol {
        var rest: ArraySlice<ByteBuffer>

        mutating func next() async -> ByteBuffer? { rest.popFirst() }
    }

    func makeAsyncIterator() -> AsyncIterator { AsyncIterator(rest: pieces[...]) }
}

/// What came of a body.
enum Received: Equatable {
    case whole(String, trailers: [String])
    case refused(String)

    /// - Parameter identity: who sent it; by default, whoever signed the head.
    static func of(_ pieces: [some Sequence<UInt8>], _ head: S3RequestHead, _ identity: S3Identity) async -> Received {
        do {
            let body = try S3Payload.verified(BodyPieces(pieces), head: head, identity: identity)
            var bytes = ByteBuffer()
            for try await piece in body { bytes.writeImmutableBuffer(piece) }
            return .whole(String(buffer: bytes), trailers: body.trailers.map { "\($0.name):\($0.value)" })
        } catch {
            return .refused((error as? S3Error)?.code ?? "\(error)")
        }
    }
}

@Suite("Bodies of S3 requests")
struct ChunkedBodyTests {
    private func identity(of head: S3RequestHead) async throws -> S3Identity {
        var result = S3Identity.anonymous
        try await SignatureFixture.with { result = try await $0.authenticator.authenticate(head) }
        return result
    }

    @Test("a body is read wherever it is cut", arguments: SentBody.all)
    func cuts(_ sent: SentBody) async throws {
        let head = sent.head
        let identity = try await identity(of: head)
        let whole = Received.whole(sent.meaning, trailers: sent.trailers)
        #expect(await Received.of([sent.bytes], head, identity) == whole)
        #expect(await Received.of(sent.bytes.map { [$0] }, head, identity) == whole)
        for cut in 1..<sent.bytes.count {
            let received = await Received.of([sent.bytes[..<cut], sent.bytes[cut...]], head, identity)
            #expect(received == whole, "cut at \(cut)")
        }
    }

    @Test("a body that ends early is never taken for whole", arguments: SentBody.all)
    func truncated(_ sent: SentBody) async throws {
        let head = sent.head
        let identity = try await identity(of: head)
        for count in 0..<sent.bytes.count {
            let received = await Received.of([sent.bytes[..<count]], head, identity)
            #expect(received == .refused("IncompleteBody"), "\(count) bytes")
        }
    }

    @Test("a body that goes on behind its end is refused", arguments: SentBody.all)
    func longer(_ sent: SentBody) async throws {
        let head = sent.head
        let identity = try await identity(of: head)
        for more in ["x", "\r\n", "0\r\n\r\n"] {
            guard case .refused = await Received.of([sent.bytes, Array(more.utf8)], head, identity) else {
                Issue.record("\(more.debugDescription) behind the body was taken")
                continue
            }
        }
    }

    @Test(
        "no byte of a vouched body can be changed",
        arguments: SentBody.all.filter { $0.payload != "UNSIGNED-PAYLOAD" }
    )
    func tampered(_ sent: SentBody) async throws {
        let head = sent.head
        let identity = try await identity(of: head)
        let isVouched = !sent.payload.hasPrefix("STREAMING-UNSIGNED")
        for index in sent.bytes.indices {
            for mask: UInt8 in [0x01, 0x20, 0x80] {
                var bytes = sent.bytes
                bytes[index] ^= mask
                let received = await Received.of([bytes], head, identity)
                guard isVouched, case .whole = received else { continue }
                // Letters of a header's name and of a chunk's size may change between small and capital.
                #expect(received == .whole(sent.meaning, trailers: sent.trailers), "\(index) ^ \(mask)")
            }
        }
    }

    @Test("chunks cannot change places, or come of another request")
    func reordered() async throws {
        let sent = try #require(SentBody.all.first { $0.testDescription == "signed chunks" })
        let head = sent.head
        let identity = try await identity(of: head)
        let text = String(decoding: sent.bytes, as: UTF8.self)
        let starts =
            [0]
            + text.utf8.indices.enumerated().filter { text.utf8[$0.element...].starts(with: ";chunk".utf8) }
            .map { text.utf8.distance(from: text.utf8.startIndex, to: $0.element) }
        #expect(starts.count == 5)
        let first = sent.bytes[..<92]
        #expect(String(decoding: first, as: UTF8.self).hasSuffix("hello\r\n"))
        let wrong: Received = .refused("SignatureDoesNotMatch")
        #expect(await Received.of([sent.bytes[92...], first], head, identity) == wrong)
        let other = TestSigner(time: "20130524T000001Z")
            .head("PUT", "/data/a", payload: sent.payload, headers: sent.headers)
        let otherIdentity = try await self.identity(of: other)
        #expect(await Received.of([sent.bytes], other, otherIdentity) == wrong)
    }

    @Test("the body must have the digest that its head says")
    func digest() async throws {
        let sent = SentBody.all[1]
        let head = sent.head
        let identity = try await identity(of: head)
        var bytes = sent.bytes
        bytes[0] ^= 1
        #expect(await Received.of([bytes], head, identity) == .refused("XAmzContentSHA256Mismatch"))
    }

    @Test(
        "trailing headers are those that the head announces",
        arguments: [
            ("x-amz-checksum-crc32", "5\r\nhello\r\n0\r\n\r\n"),
            ("x-amz-checksum-crc32", "5\r\nhello\r\n0\r\nx-amz-checksum-crc32c:AAAAAA==\r\n\r\n"),
            (
                "x-amz-checksum-crc32",
                "5\r\nhello\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n"
            ),
            ("x-amz-checksum-crc32", "5\r\nhello\r\n0\r\nnonsense\r\n\r\n"),
            ("x-amz-meta-a", "5\r\nhello\r\n0\r\n\r\n"),
            ("", "5\r\nhello\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n"),
        ]
    )
    func trailers(_ announced: String, _ body: String) async throws {
        var headers = [("x-amz-decoded-content-length", "5")]
        if !announced.isEmpty { headers.append(("x-amz-trailer", announced)) }
        let head = TestSigner().head("PUT", payload: "STREAMING-UNSIGNED-PAYLOAD-TRAILER", headers: headers)
        let identity = try await identity(of: head)
        #expect(await Received.of([Array(body.utf8)], head, identity) == .refused("MalformedTrailerError"))
    }

    @Test("a signed trailer cannot be left out")
    func missingTrailerSignature() async throws {
        let sent = try #require(SentBody.all.last)
        let head = sent.head
        let identity = try await identity(of: head)
        let text = String(decoding: sent.bytes, as: UTF8.self)
        let start = try #require(text.firstRange(of: "x-amz-trailer-signature")).lowerBound
        let cut = Array((text[..<start] + "\r\n").utf8)
        #expect(await Received.of([cut], head, identity) == .refused("MalformedTrailerError"))
    }

    @Test(
        "what is no chunk is refused, however it is wrong",
        arguments: [
            ("5\nhello\r\n0\r\n\r\n", "InvalidRequest"), ("5\r\nhelloX0\r\n\r\n", "InvalidRequest"),
            ("5\r\nhello\n0\r\n\r\n", "InvalidRequest"), ("\r\nhello\r\n0\r\n\r\n", "InvalidRequest"),
            ("x\r\nhello\r\n0\r\n\r\n", "InvalidRequest"), ("-5\r\nhello\r\n0\r\n\r\n", "InvalidRequest"),
            ("+5\r\nhello\r\n0\r\n\r\n", "InvalidRequest"), ("6\r\nhello!\r\n0\r\n\r\n", "IncompleteBody"),
            ("4\r\nhell\r\n0\r\n\r\n", "IncompleteBody"), ("7fffffffffffffff\r\nhello", "IncompleteBody"),
            ("ffffffffffffffff\r\nhello", "InvalidRequest"), ("00000000000000005\r\nhello", "InvalidRequest"),
            (String(repeating: "0", count: 600), "InvalidRequest"),
            ("5;" + String(repeating: "x", count: 600) + "\r\nhello\r\n0\r\n\r\n", "InvalidRequest"),
            ("5\r\nhello\r\n0\r\nx-amz-checksum-crc32:" + String(repeating: "A", count: 5000), "InvalidRequest"),
        ]
    )
    func malformed(_ body: String, _ code: String) async throws {
        let head = TestSigner().head(
            "PUT",
            payload: "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
            headers: [("x-amz-decoded-content-length", "5")]
        )
        let identity = try await identity(of: head)
        #expect(await Received.of([Array(body.utf8)], head, identity) == .refused(code))
        #expect(await Received.of(body.utf8.map { [$0] }, head, identity) == .refused(code))
    }

    @Test("a head that does not fit together is refused before the body")
    func heads() async throws {
        let chunked = TestSigner().head("PUT", payload: "STREAMING-AWS4-HMAC-SHA256-PAYLOAD")
        let identity = try await identity(of: chunked)
        let error = #expect(throws: S3Error.self) {
            _ = try S3Payload.verified(BodyPieces([[UInt8]]()), head: chunked, identity: identity)
        }
        #expect(error?.code == "MissingContentLength")
        for text in ["", "-1", "1x", "99999999999999999999", "+1"] {
            let head = requestHead("PUT", "/data/a", headers: [("content-length", text)])
            #expect(await Received.of([[UInt8]](), head, .anonymous) == .refused("InvalidRequest"), "\(text)")
        }
        let streaming = requestHead(
            "PUT",
            "/data/a",
            headers: [
                ("x-amz-content-sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"), ("x-amz-decoded-content-length", "0"),
            ]
        )
        #expect(await Received.of([[UInt8]](), streaming, .anonymous) == .refused("AccessDenied"))
    }

    @Test("AWS's published examples of signed chunks are read", arguments: [true, false])
    func published(hasTrailer: Bool) async throws {
        let scope = SignatureScope(date: "20130524", region: "us-east-1")
        let signatures =
            hasTrailer
            ? [
                "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e",
                "b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2",
                "1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7",
                "2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992",
            ]
            : [
                "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9",
                "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648",
                "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497",
                "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9",
            ]
        let chain = SignatureChain(
            key: SigningKey(secret: SignatureFixture.secret, scope: scope),
            time: "20130524T000000Z",
            scope: scope,
            seed: signatures[0]
        )
        let identity = S3Identity(
            key: nil,
            payload: .chunked(isSigned: true, hasTrailer: hasTrailer),
            chain: chain
        )
        var body = "10000;chunk-signature=\(signatures[1])\r\n" + String(repeating: "a", count: 65_536) + "\r\n"
        body += "400;chunk-signature=\(signatures[2])\r\n" + String(repeating: "a", count: 1024) + "\r\n"
        body += "0;chunk-signature=\(signatures[3])\r\n"
        var headers = [("x-amz-decoded-content-length", "66560")]
        if hasTrailer {
            body += "x-amz-checksum-crc32c:sOO8/Q==\n\r\n".replacing("\n\r\n", with: "\n")
            body += "x-amz-trailer-signature:d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n"
            headers.append(("x-amz-trailer", "x-amz-checksum-crc32c"))
        }
        let word = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD" + (hasTrailer ? "-TRAILER" : "")
        headers.append(("x-amz-content-sha256", word))
        let received = await Received.of(
            [Array((body + "\r\n").utf8)],
            requestHead("PUT", "/chunkObject.txt", headers: headers),
            identity
        )
        let trailers = hasTrailer ? ["x-amz-checksum-crc32c:sOO8/Q=="] : []
        #expect(received == .whole(String(repeating: "a", count: 66_560), trailers: trailers))
    }

    @Test("random bytes never end well, and never go on for long")
    func fuzz() async throws {
        var random = SeededGenerator(seed: 7)
        let head = TestSigner().head(
            "PUT",
            payload: "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
            headers: [("x-amz-decoded-content-length", "64"), ("x-amz-trailer", "x-amz-checksum-crc32")]
        )
        let identity = try await identity(of: head)
        let alphabet = Array("0123456789abcdef;:\r\n\r\nx-amz-checksum-crc32\0\u{7F}".utf8)
        for _ in 0..<2_000 {
            let bytes = (0..<Int.random(in: 1...700, using: &random)).map { _ in
                alphabet[Int.random(in: 0..<alphabet.count, using: &random)]
            }
            let cut = Int.random(in: 0...bytes.count, using: &random)
            guard case .refused = await Received.of([bytes[..<cut], bytes[cut...]], head, identity) else {
                Issue.record("taken: \(String(decoding: bytes, as: UTF8.self).debugDescription)")
                continue
            }
        }
    }
}

/// The same numbers in each run. https://prng.di.unimi.it/splitmix64.c
private struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
