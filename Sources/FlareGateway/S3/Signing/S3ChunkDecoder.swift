import FlareModel
import Glibc
import NIOCore

/// Takes the chunks of an `aws-chunked` body apart, wherever the pieces that arrive are cut.
///
/// ```
/// 400;chunk-signature=<64 digits>\r\n <1024 bytes> \r\n 0;chunk-signature=<64 digits>\r\n
/// x-amz-checksum-crc32:<value>\r\n x-amz-trailer-signature:<64 digits>\r\n \r\n
/// ```
/// Unsigned ones have no signatures. Holds no bytes of the body, and never more than a line of what is around them.
/// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html
struct S3ChunkDecoder {
    private enum State {
        /// Before the line that says how long the next chunk is.
        case head
        /// This many bytes of the chunk are still to come.
        case data(Int)
        /// Before the end of line behind a chunk's bytes.
        case dataEnd
        /// Among the headers behind the last chunk.
        case trailer
        case done
    }

    /// The bytes that the head of the request declares.
    private let length: Int
    private let hasTrailer: Bool
    /// Names of the headers that must follow the last chunk, in lower case.
    private let announced: Set<String>
    /// Nil when the chunks are not signed.
    private var chain: SignatureChain?
    private let digest = SignatureDigest()
    private var state = State.head
    private var line: [UInt8] = []
    /// The signature of the chunk whose bytes are being read.
    private var signature = ""
    /// Bytes of all chunks whose length is known.
    private var total = 0
    private var trailerBytes = 0
    private var trailerSignature: String?
    /// The lines that the signature of the trailer is about.
    private var trailerLines: [UInt8] = []
    /// The headers behind the last chunk, in the order in which they came; names are in lower case.
    private(set) var trailers: [(name: String, value: String)] = []

    /// - Parameters:
    ///   - length: the bytes of all chunks together, as the head of the request declares.
    ///   - trailer: names of the headers that must follow; nil when none may.
    ///   - chain: what checks the signatures; nil when there are none.
    init(length: Int, trailer: Set<String>?, chain: SignatureChain?) {
        self.length = length
        hasTrailer = trailer != nil
        announced = trailer ?? []
        self.chain = chain
    }

    /// The next bytes of the body in a piece that has arrived; nil when all of the piece is read.
    ///
    /// What is returned shares the piece's memory. A chunk's signature is checked behind its bytes, so they must not
    /// be believed before `finish` has returned.
    mutating func next(from piece: inout ByteBuffer) throws -> ByteBuffer? {
        while piece.readableBytes > 0 {
            switch state {
            case .head:
                guard try readLine(&piece, max: Limits.chunkHeadBytesMax) else { return nil }
                try beginChunk()
            case .data(let rest):
                guard let bytes = piece.readSlice(length: min(rest, piece.readableBytes)) else { return nil }
                if chain != nil { digest.update(bytes) }
                state = bytes.readableBytes == rest ? .dataEnd : .data(rest - bytes.readableBytes)
                return bytes
            case .dataEnd:
                guard try readLine(&piece, max: 2) else { return nil }
                guard takeLine(needsReturn: true)?.isEmpty == true else {
                    throw Self.malformed("a chunk is longer than its head says")
                }
                if chain != nil { try check(signature, of: digest.finish()) }
                state = .head
            case .trailer:
                guard try readLine(&piece, max: Limits.chunkTrailerBytesMax - trailerBytes) else { return nil }
                try readTrailer()
            case .done:
                throw Self.malformed("bytes follow its last chunk")
            }
        }
        return nil
    }

    /// The end of what arrives.
    ///
    /// Throws `IncompleteBody` unless all of the body has.
    func finish() throws {
        guard case .done = state else {
            throw S3Error.incompleteBody("the body ends in the middle of a chunk or without its last one")
        }
    }

    /// Adds to `line` up to and with the next newline; false when the piece holds none.
    private mutating func readLine(_ piece: inout ByteBuffer, max: Int) throws -> Bool {
        let end = piece.withUnsafeReadableBytes { bytes -> Int? in
            guard let base = bytes.baseAddress, let found = memchr(base, 10, bytes.count) else { return nil }
            return UnsafeRawPointer(found) - base + 1
        }
        let count = end ?? piece.readableBytes
        guard line.count + count <= max, let bytes = piece.readSlice(length: count) else {
            throw Self.malformed("a line between chunks is longer than it may be")
        }
        line.append(contentsOf: bytes.readableBytesView)
        return end != nil
    }

    /// The line without its end; nil when that is not as it must be.
    private mutating func takeLine(needsReturn: Bool) -> [UInt8]? {
        defer { line.removeAll(keepingCapacity: true) }
        var text = line.dropLast()
        if text.last == UInt8(ascii: "\r") {
            text.removeLast()
        } else if needsReturn {
            return nil
        }
        return Array(text)
    }

    private mutating func beginChunk() throws {
        guard let head = takeLine(needsReturn: true) else { throw Self.malformed("a chunk's head has no end of line") }
        let digits = head.prefix { $0 != UInt8(ascii: ";") }
        guard (1...16).contains(digits.count),
            let size = Int(String(decoding: digits, as: UTF8.self), radix: 16), size >= 0,
            digits.first != UInt8(ascii: "+"), digits.first != UInt8(ascii: "-")
        else { throw Self.malformed("\"\(Self.excerpt(head))\" is no head of a chunk") }
        guard size <= length - total else {
            throw S3Error.incompleteBody("the body is longer than x-amz-decoded-content-length says, \(length) bytes")
        }
        total += size
        if chain != nil { signature = try Self.signature(head.dropFirst(digits.count)) }
        guard size == 0 else {
            state = .data(size)
            return
        }
        if chain != nil { try check(signature, of: digest.finish()) }
        guard total == length else {
            throw S3Error.incompleteBody(
                "the body has \(total) bytes where x-amz-decoded-content-length says \(length)"
            )
        }
        state = .trailer
    }

    private static func signature(_ rest: ArraySlice<UInt8>) throws -> String {
        let prefix = Array(";chunk-signature=".utf8)
        guard rest.starts(with: prefix), rest.count == prefix.count + 64 else {
            throw malformed("the head of a chunk has no \"chunk-signature\" of 64 digits")
        }
        return String(decoding: rest.dropFirst(prefix.count), as: UTF8.self)
    }

    private mutating func check(_ signature: String, of digest: [UInt8]) throws {
        guard chain?.accepts(signature, chunk: digest) == true else {
            throw S3Error.wrongChunkSignature("a chunk of the body")
        }
    }

    private mutating func readTrailer() throws {
        trailerBytes += line.count
        // Unlike the lines of chunks, those of the trailer end with a newline alone in what some clients send.
        guard let text = takeLine(needsReturn: false) else { return }
        guard !text.isEmpty else { return try endTrailer() }
        guard hasTrailer else {
            throw Self.malformed("headers follow its last chunk, which its head does not announce")
        }
        guard let colon = text.firstIndex(of: UInt8(ascii: ":")) else {
            throw S3Error.malformedTrailer("\"\(Self.excerpt(text))\" behind the body is no header")
        }
        let name = String(decoding: text[..<colon], as: UTF8.self).lowercased()
        let value = CanonicalRequest.canonicalValue(String(decoding: text[(colon + 1)...], as: UTF8.self))
        if name == "x-amz-trailer-signature" && chain != nil {
            guard trailerSignature == nil else { throw S3Error.malformedTrailer("\(name) is sent twice") }
            trailerSignature = value
            return
        }
        guard announced.contains(name), !trailers.contains(where: { $0.name == name }) else {
            throw S3Error.malformedTrailer(
                "the header \"\(name.prefix(64))\" behind the body is sent twice or not named in x-amz-trailer"
            )
        }
        trailers.append((name, value))
        trailerLines += Array("\(name):\(value)\n".utf8)
    }

    private mutating func endTrailer() throws {
        for name in announced.sorted() where !trailers.contains(where: { $0.name == name }) {
            throw S3Error.malformedTrailer("x-amz-trailer names \"\(name.prefix(64))\", which does not follow the body")
        }
        if hasTrailer && chain != nil {
            guard let trailerSignature else { throw S3Error.malformedTrailer("x-amz-trailer-signature is missing") }
            guard chain?.accepts(trailerSignature, trailer: SignatureDigest.of(trailerLines)) == true else {
                throw S3Error.wrongChunkSignature("the headers behind the body")
            }
        }
        state = .done
    }

    private static func malformed(_ reason: String) -> S3Error {
        S3Error.invalidRequest("the aws-chunked body is malformed: \(reason)")
    }

    private static func excerpt(_ bytes: [UInt8]) -> String { String(decoding: bytes.prefix(32), as: UTF8.self) }
}
