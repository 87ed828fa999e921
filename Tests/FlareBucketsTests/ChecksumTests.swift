import FlareBuckets
import FlareModel
import NIOCore
import Testing

@Suite("Checksums of objects")
struct ChecksumTests {
    /// Of "123456789": the check values of the catalogues of CRCs, and the output of `sha1sum` and `sha256sum`.
    private static let known: [ChecksumAlgorithm: [UInt8]] = [
        .crc32: [0xCB, 0xF4, 0x39, 0x26],
        .crc32c: [0xE3, 0x06, 0x92, 0x83],
        .crc64nvme: [0xAE, 0x8B, 0x14, 0x86, 0x0A, 0x79, 0x98, 0x88],
        .sha1: bytes("f7c3bc1d808e04732adf679965ccc34ca7ae3441"),
        .sha256: bytes("15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225"),
    ]

    private static func bytes(_ digits: String) -> [UInt8] {
        stride(from: 0, to: digits.utf8.count, by: 2).compactMap { UInt8(digits.dropFirst($0).prefix(2), radix: 16) }
    }

    @Test("what the client announces is compared and kept", arguments: ChecksumAlgorithm.allCases)
    func announced(algorithm: ChecksumAlgorithm) async throws {
        try await BucketsFixture.with { f in
            let value = try #require(Self.known[algorithm])
            let body = ByteBuffer(string: "123456789")
            let record = try await f.service.put(
                "k",
                in: "data",
                bytes: body,
                expecting: ObjectExpectation(checksums: [algorithm: value])
            )
            #expect(record?.checksum == ObjectChecksum(algorithm, value: value))
            #expect(try await f.service.head("k", in: "data") == record)
            let wrong = ObjectExpectation(checksums: [algorithm: value.reversed()])
            #expect(
                await code { try await f.service.put("k", in: "data", bytes: ByteBuffer(), expecting: wrong) }
                    == .digestMismatch
            )
            #expect(try await f.text("k") == "123456789")
        }
    }

    @Test("a checksum that follows the body is compared and kept")
    func trailing() async throws {
        try await BucketsFixture.with { f in
            let right = try #require(Self.known[.crc32])
            func put(_ trailer: @escaping @Sendable () throws -> [ChecksumAlgorithm: [UInt8]]) async throws {
                let body = SinglePiece("123456789")
                let expectation = ObjectExpectation(computes: [.crc32], trailing: trailer)
                _ = try await f.service.put("k", in: "data", body, expecting: expectation)
            }
            #expect(await code { try await put { [.crc32: [0, 0, 0, 0]] } } == .digestMismatch)
            #expect(await code { try await put { [.sha1: [0]] } } == .digestMismatch)
            #expect(await code { try await put { throw FlareError(.invalidData, "no trailer") } } == .invalidData)
            #expect(try await f.service.head("k", in: "data") == nil)
            try await put { [.crc32: right] }
            #expect(try await f.service.head("k", in: "data")?.checksum?.value == right)
            try await put { [:] }
            #expect(try await f.service.head("k", in: "data")?.checksum?.value == right)
        }
    }

    @Test(
        "the CRC of a whole comes of those of its parts",
        arguments: [ChecksumAlgorithm.crc32, .crc32c, .crc64nvme]
    )
    func fullObject(algorithm: ChecksumAlgorithm) async throws {
        try await BucketsFixture.with(uploadPartBytesMin: 0) { f in
            let value = try #require(Self.known[algorithm])
            let upload = try await f.service.createUpload("k", in: "data", checksum: (algorithm, .fullObject))
            var parts: [CompletedPart] = []
            for (index, text) in ["1234", "", "5", "6789"].enumerated() {
                let part = try await f.part(index + 1, text, upload)
                parts.append(CompletedPart(number: part.number, etag: part.etag, checksum: part.checksum))
            }
            let wrong = ObjectExpectation(checksums: [algorithm: value.reversed()])
            #expect(
                await code {
                    try await f.service.completeUpload(upload.id, in: "data", parts: parts, expecting: wrong)
                } == .digestMismatch
            )
            let right = ObjectExpectation(sizeBytes: 9, checksums: [algorithm: value])
            let record = try await f.service.completeUpload(upload.id, in: "data", parts: parts, expecting: right)
            #expect(record.checksum == ObjectChecksum(algorithm, value: value))
            #expect(try await f.service.head("k", in: "data") == record)
            #expect(try await f.text("k") == "123456789")
        }
    }

    @Test("a composite checksum is that of the parts' checksums, and says of how many")
    func composite() async throws {
        try await BucketsFixture.with(uploadPartBytesMin: 1) { f in
            let upload = try await f.service.createUpload("k", in: "data", checksum: (.sha256, .composite))
            var parts: [CompletedPart] = []
            for (index, text) in ["aaaa", "bb"].enumerated() {
                let part = try await f.part(index + 1, text, upload)
                parts.append(CompletedPart(number: part.number, etag: part.etag, checksum: part.checksum))
            }
            let record = try await f.service.completeUpload(upload.id, in: "data", parts: parts)
            // (printf aaaa | sha256sum; printf bb | sha256sum) | cut -c1-64 | xxd -r -p | sha256sum, as base64
            #expect(record.checksum?.text == "12rLg1pJIosE8khymqa9z1lW06GfWisRBeYzhdB8x3Q=-2")
            #expect(record.checksum?.type == .composite)
            #expect(try await f.service.head("k", in: "data") == record)
            #expect(try await f.service.completeUpload(upload.id, in: "data", parts: parts) == record)
        }
    }

    @Test("the checksum of a whole is made although its parts are sent with another one")
    func otherAlgorithm() async throws {
        try await BucketsFixture.with(uploadPartBytesMin: 1) { f in
            let upload = try await f.service.createUpload("k", in: "data", checksum: (.sha256, .composite))
            let crc = try #require(Self.known[.crc32])
            let part = try await f.service.uploadPart(
                1,
                of: upload.id,
                in: "data",
                SinglePiece("123456789"),
                expecting: ObjectExpectation(checksums: [.crc32: crc])
            )
            #expect(part.checksum?.algorithm == .sha256)
            // The client knows the part by the checksum that it has sent.
            let sent = CompletedPart(number: 1, etag: part.etag, checksum: ObjectChecksum(.crc32, value: crc))
            let record = try await f.service.completeUpload(upload.id, in: "data", parts: [sent])
            #expect(record.checksum?.algorithm == .sha256)
            let wrong = ObjectChecksum(.sha256, value: [UInt8](repeating: 0, count: 32))
            let other = try await f.service.createUpload("k", in: "data", checksum: (.sha256, .composite))
            let again = try await f.part(1, "1", other)
            let named = CompletedPart(number: 1, etag: again.etag, checksum: wrong)
            #expect(
                await code { try await f.service.completeUpload(other.id, in: "data", parts: [named]) } == .invalidPart
            )
        }
    }

    @Test("checksums that cannot be made of parts are refused")
    func impossible() async throws {
        try await BucketsFixture.with { f in
            let pairs: [(ChecksumAlgorithm, ChecksumType)] = [
                (.sha1, .fullObject), (.sha256, .fullObject), (.crc64nvme, .composite),
            ]
            for pair in pairs {
                #expect(
                    await code { try await f.service.createUpload("k", in: "data", checksum: pair) }
                        == .invalidArgument
                )
            }
        }
    }
}
