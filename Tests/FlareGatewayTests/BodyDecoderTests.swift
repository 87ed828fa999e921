import CFlareSystem
import FlareModel
import NIOCore
import Testing

@testable import FlareGateway

@Suite("compressed bodies")
struct BodyDecoderTests {
    static let text = Array(String(repeating: "{\"merchantId\":\"m-17\",\"amount\":4}\n", count: 1_000).utf8)

    /// A body in each form that clients send, with the encoding that they name.
    enum Sample: CaseIterable {
        case gzip, gzipMembers, zlib, raw, rawStored, zstd, zstdFrames, zstdSkippable

        var encoding: String {
            switch self {
            case .gzip, .gzipMembers: "gzip"
            case .zlib, .raw, .rawStored: "deflate"
            case .zstd, .zstdFrames, .zstdSkippable: "zstd"
            }
        }

        func bytes(of text: [UInt8]) -> [UInt8] {
            let half = text.count / 2
            return switch self {
            case .gzip: BodyDecoderTests.gzip(text)
            case .gzipMembers:
                BodyDecoderTests.gzip(text[..<half]) + BodyDecoderTests.gzip([]) + BodyDecoderTests.gzip(text[half...])
            case .raw: BodyDecoderTests.raw(text)
            case .rawStored: BodyDecoderTests.stored(text)
            case .zlib: [0x78, 0x9C] + BodyDecoderTests.raw(text) + BodyDecoderTests.adler(text)
            case .zstd: BodyDecoderTests.zstd(text)
            case .zstdFrames: BodyDecoderTests.zstd(text[..<half]) + BodyDecoderTests.zstd(text[half...])
            case .zstdSkippable:
                BodyDecoderTests.zstd(text) + [0x50, 0x2A, 0x4D, 0x18, 3, 0, 0, 0, 1, 2, 3]
            }
        }
    }

    @Test("a body comes out whole, however it is cut", arguments: Sample.allCases, [1, 2, 7, 4_096, 1 << 24])
    func whole(sample: Sample, pieceBytes: Int) throws {
        let bytes = sample.bytes(of: Self.text)
        #expect(try decode(bytes, as: sample.encoding, pieceBytes: pieceBytes) == Self.text)
        #expect(try decode(sample.bytes(of: []), as: sample.encoding, pieceBytes: pieceBytes) == [])
    }

    @Test("a body that is cut off is refused, at every length", arguments: [Sample.gzip, .zlib, .raw, .zstd])
    func cutOff(sample: Sample) throws {
        let bytes = sample.bytes(of: Array("{\"n\":1}".utf8))
        for count in 0..<bytes.count {
            let error = #expect(throws: FlareError.self) { try decode(bytes[..<count], as: sample.encoding) }
            #expect(error?.code == .invalidData)
            #expect(error?.message.hasSuffix(count == 0 ? "it is empty" : "it is cut off") == true)
        }
    }

    @Test("what is of another kind is refused with its reason", arguments: ["gzip", "deflate", "zstd"])
    func garbage(encoding: String) throws {
        let error = #expect(throws: FlareError.self) { try decode(Array("[{\"n\":1}]".utf8), as: encoding) }
        #expect(error?.code == .invalidData)
        #expect(error?.message.hasPrefix("the body is not valid \(encoding): ") == true)
        #expect(error?.message.hasSuffix(": ") == false)
    }

    @Test("a changed byte never comes out as another text", arguments: [Sample.gzip, .zlib])
    func damage(sample: Sample) throws {
        let bytes = sample.bytes(of: Array("{\"merchant\":\"m-17\"}".utf8))
        // gzip's header holds a time, flags and a system that no checksum covers.
        for index in (sample == .gzip ? 10 : 2)..<bytes.count {
            var damaged = bytes
            damaged[index] ^= 0x41
            #expect(throws: FlareError.self) { try decode(damaged, as: sample.encoding) }
        }
    }

    @Test("anything after the end is refused", arguments: Sample.allCases.filter { $0 != .gzipMembers })
    func trailing(sample: Sample) throws {
        let bytes = sample.bytes(of: Self.text) + [0, 0, 0, 0]
        for pieceBytes in [1, bytes.count - 4, bytes.count] {
            let error = #expect(throws: FlareError.self) {
                try decode(bytes, as: sample.encoding, pieceBytes: pieceBytes)
            }
            #expect(error?.code == .invalidData)
        }
    }

    @Test("a bomb is stopped at the limit", arguments: Sample.allCases)
    func bomb(sample: Sample) throws {
        let bytes = sample.bytes(of: [UInt8](repeating: 0x20, count: 3_000_000))
        var output = ByteBuffer()
        let decoder = try #require(try BodyDecoder(contentEncoding: sample.encoding))
        let error = #expect(throws: FlareError.self) {
            try decoder.decode(ByteBuffer(bytes: bytes), into: &output, bytesMax: 1_000_000)
        }
        #expect(error?.code == .bodyTooLarge)
        #expect(output.readableBytes <= 1_000_001)
        #expect(output.capacity <= 4_194_304)
    }

    @Test("a body of exactly the limit is taken", arguments: Sample.allCases)
    func limit(sample: Sample) throws {
        let bytes = sample.bytes(of: Self.text)
        #expect(try decode(bytes, as: sample.encoding, bytesMax: Self.text.count) == Self.text)
        #expect(throws: FlareError.self) {
            try decode(bytes, as: sample.encoding, bytesMax: Self.text.count - 1)
        }
    }

    @Test("a zstd frame that asks for a larger window than can be given is refused")
    func window() throws {
        // A frame header with a window descriptor of 2^30 bytes (RFC 8878, 3.1.1.1.2).
        let error = #expect(throws: FlareError.self) {
            try decode([0x28, 0xB5, 0x2F, 0xFD, 0x00, 20 << 3, 1, 0, 0], as: "zstd")
        }
        #expect(error?.code == .invalidData)
        #expect(error?.message.contains("too much memory") == true)
    }

    @Test("names of encodings", arguments: ["GZIP", "x-gzip", " gzip ", "identity, gzip", "gzip,identity"])
    func names(name: String) throws {
        #expect(try decode(Self.gzip(Self.text), as: name) == Self.text)
    }

    @Test("nothing is to be undone for identity", arguments: ["", "identity", " Identity ", ",", "identity,identity"])
    func identity(name: String) throws {
        #expect(try BodyDecoder(contentEncoding: name) == nil)
    }

    @Test(
        "other encodings, and several at once, are refused by name",
        arguments: ["br", "compress", "gzip, zstd", "gz"]
    )
    func unknown(name: String) throws {
        let error = #expect(throws: FlareError.self) { try BodyDecoder(contentEncoding: name) }
        #expect(error?.code == .unsupportedMediaType)
        #expect(error?.message == "the content encoding \"\(name)\" is not supported")
        #expect(error?.hint == "send one of gzip, deflate, zstd or identity")
    }

    // MARK: Making bodies

    private func decode(
        _ bytes: some Collection<UInt8>,
        as encoding: String,
        pieceBytes: Int = 1 << 24,
        bytesMax: Int = 100_000_000
    ) throws -> [UInt8] {
        let decoder = try #require(try BodyDecoder(contentEncoding: encoding))
        var output = ByteBuffer()
        var rest = ByteBuffer(bytes: bytes)
        while let piece = rest.readSlice(length: min(pieceBytes, rest.readableBytes)), piece.readableBytes > 0 {
            try decoder.decode(piece, into: &output, bytesMax: bytesMax)
        }
        try decoder.finish()
        return Array(buffer: output)
    }

    static func gzip(_ text: some Collection<UInt8>) -> [UInt8] {
        let source = Array(text)
        return [UInt8](unsafeUninitializedCapacity: flare_gzip_bound(source.count)) { target, count in
            guard let base = target.baseAddress else { return }
            count = flare_gzip_compress(source, source.count, base, target.count, 6)
        }
    }

    static func zstd(_ text: some Collection<UInt8>) -> [UInt8] {
        let source = Array(text)
        return [UInt8](unsafeUninitializedCapacity: flare_zstd_bound(source.count)) { target, count in
            guard let base = target.baseAddress else { return }
            count = flare_zstd_compress(source, source.count, base, target.count, 3)
        }
    }

    /// The raw stream of a gzip member: without its ten bytes of header, its checksum and its length.
    static func raw(_ text: [UInt8]) -> [UInt8] {
        Array(gzip(text).dropFirst(10).dropLast(8))
    }

    /// Raw deflate in stored blocks (RFC 1951, 3.2.4).
    static func stored(_ text: [UInt8]) -> [UInt8] {
        var bytes: [UInt8] = []
        for start in stride(from: 0, to: text.count, by: 65_535) {
            let part = text[start..<min(start + 65_535, text.count)]
            let low = UInt8(part.count & 0xFF)
            let high = UInt8(part.count >> 8)
            bytes += [0, low, high, ~low, ~high] + part
        }
        return bytes + [1, 0, 0, 0xFF, 0xFF]
    }

    /// Adler-32, as zlib's wrapping ends with (RFC 1950, 2.2).
    static func adler(_ text: [UInt8]) -> [UInt8] {
        var (low, high): (UInt32, UInt32) = (1, 0)
        for byte in text {
            low = (low + UInt32(byte)) % 65_521
            high = (high + low) % 65_521
        }
        return [UInt8(high >> 8), UInt8(high & 0xFF), UInt8(low >> 8), UInt8(low & 0xFF)]
    }
}
