import FlareModel
package import NIOCore
import Synchronization

/// The bodies of requests, checked against what their heads say of them.
package enum S3Payload {
    /// The body of a request as it was meant: taken out of its chunks, and vouched for.
    ///
    /// Throws an `S3Error` at once for a head that does not fit together; what is wrong with the bytes, signatures or
    /// their number is thrown by the sequence, at the latest where it would have ended. So nothing may be kept of a
    /// body before its sequence has ended.
    package static func verified<Base: AsyncSequence & Sendable>(
        _ raw: Base,
        head: S3RequestHead,
        identity: S3Identity
    ) throws -> S3Body<Base> where Base.Element == ByteBuffer {
        let kind =
            if identity.isAnonymous, let text = head.header("x-amz-content-sha256") {
                try S3PayloadKind(text)
            } else {
                identity.payload
            }
        let contentLength = try length("content-length", head)
        guard case .chunked(let isSigned, let hasTrailer) = kind else {
            let digest: String? = if case .digest(let digest) = kind { digest } else { nil }
            return S3Body(raw, length: contentLength, format: .plain(digest: digest))
        }
        guard let length = try length("x-amz-decoded-content-length", head) else {
            throw S3Error(
                code: "MissingContentLength",
                httpStatus: 411,
                message: "an aws-chunked body needs the header x-amz-decoded-content-length"
            )
        }
        if isSigned && identity.chain == nil {
            throw S3Error.accessDenied("the chunks of the body are signed, and the request is not")
        }
        let trailer = hasTrailer ? try announcedTrailer(head) : nil
        return S3Body(raw, length: length, format: .chunked(trailer: trailer, chain: isSigned ? identity.chain : nil))
    }

    private static func length(_ name: String, _ head: S3RequestHead) throws -> Int? {
        guard let text = head.header(name) else { return nil }
        let isNumber = !text.isEmpty && text.utf8.allSatisfy { (48...57).contains($0) }
        guard isNumber, let value = Int(text) else {
            throw S3Error.invalidRequest("the header \(name) is not a number of bytes")
        }
        return value
    }

    /// The names in `x-amz-trailer`, in lower case.
    private static func announcedTrailer(_ head: S3RequestHead) throws -> Set<String> {
        let names = head.headers.filter { $0.name == "x-amz-trailer" }.flatMap { $0.value.split(separator: ",") }
        let trailer = Set(names.map { CanonicalRequest.canonicalValue($0.lowercased()) })
        for name in trailer where !name.hasPrefix("x-amz-checksum-") {
            throw S3Error.malformedTrailer("\"\(name.prefix(64))\" cannot follow a body: only x-amz-checksum-… can")
        }
        return trailer
    }
}

/// The bytes of a request's body, as they are meant, in the pieces in which they arrive.
///
/// Can be read once.
package struct S3Body<Base: AsyncSequence & Sendable>: AsyncSequence, Sendable where Base.Element == ByteBuffer {
    package typealias Element = ByteBuffer

    enum Format: Sendable {
        /// - Parameter digest: the SHA-256 that they must have, in hexadecimal digits.
        case plain(digest: String?)
        case chunked(trailer: Set<String>?, chain: SignatureChain?)
    }

    /// How many bytes there are, as the head says; nil when it does not.
    package let length: Int?
    private let base: Base
    private let format: Format
    private let received = ReceivedTrailers()

    init(_ base: Base, length: Int?, format: Format) {
        self.base = base
        self.length = length
        self.format = format
    }

    /// The headers that came behind the bytes, such as `("x-amz-checksum-crc32", "…")`, once the sequence has ended.
    package var trailers: [(name: String, value: String)] { received.value }

    package func makeAsyncIterator() -> AsyncIterator {
        var iterator = AsyncIterator(base: base.makeAsyncIterator(), received: received)
        switch format {
        case .plain(let digest): iterator.plain = PlainPayload(length: length, digest: digest)
        case .chunked(let trailer, let chain):
            iterator.chunked = S3ChunkDecoder(length: length ?? 0, trailer: trailer, chain: chain)
        }
        return iterator
    }

    package struct AsyncIterator: AsyncIteratorProtocol {
        fileprivate var base: Base.AsyncIterator
        fileprivate let received: ReceivedTrailers
        /// One of these two takes the pieces.
        fileprivate var plain: PlainPayload?
        fileprivate var chunked: S3ChunkDecoder?
        fileprivate var piece = ByteBuffer()
        fileprivate var hasEnded = false

        package mutating func next() async throws -> ByteBuffer? {
            while !hasEnded {
                if let bytes = try plain?.next(from: &piece) ?? chunked?.next(from: &piece) { return bytes }
                if let more = try await base.next() {
                    piece = more
                } else {
                    try plain?.finish()
                    try chunked?.finish()
                    received.value = chunked?.trailers ?? []
                    hasEnded = true
                }
            }
            return nil
        }
    }
}

/// What came behind the bytes, for whoever reads them elsewhere.
private final class ReceivedTrailers: Sendable {
    private let state = Mutex<[(name: String, value: String)]>([])

    var value: [(name: String, value: String)] {
        get { state.withLock { $0 } }
        set { state.withLock { $0 = newValue } }
    }
}

/// A body that is sent as it is.
struct PlainPayload {
    private let length: Int?
    private let wanted: String?
    private let digest: SignatureDigest?
    private var count = 0

    /// - Parameters:
    ///   - length: the bytes that the head declares.
    ///   - digest: the SHA-256 that the head declares, in hexadecimal digits.
    init(length: Int?, digest: String?) {
        self.length = length
        wanted = digest
        self.digest = digest == nil ? nil : SignatureDigest()
    }

    mutating func next(from piece: inout ByteBuffer) throws -> ByteBuffer? {
        guard piece.readableBytes > 0 else { return nil }
        let bytes = piece
        piece = ByteBuffer()
        count += bytes.readableBytes
        if let length, count > length {
            throw S3Error.incompleteBody("the body is longer than its Content-Length, \(length) bytes")
        }
        digest?.update(bytes)
        return bytes
    }

    func finish() throws {
        if let length, count != length {
            throw S3Error.incompleteBody("the body has \(count) bytes where its Content-Length says \(length)")
        }
        guard let wanted, let digest else { return }
        let computed = hexadecimalText(digest.finish())
        guard computed != wanted else { return }
        throw S3Error(
            code: "XAmzContentSHA256Mismatch",
            httpStatus: 400,
            message: "the body does not have the SHA-256 that x-amz-content-sha256 says",
            details: [
                ("ClientComputedContentSHA256", wanted), ("S3ComputedContentSHA256", computed),
            ]
        )
    }
}
