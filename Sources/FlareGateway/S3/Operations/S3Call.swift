import FlareBuckets
import FlareModel
import NIOCore

/// The body of a request, checked as it passes.
typealias S3CallBody = S3Body<S3RequestBody>

/// A request that may do what it asks for.
struct S3Call: Sendable {
    let head: S3RequestHead
    /// The bucket, for operations of buckets and objects.
    let bucket: String
    /// The key, for operations of objects.
    let key: String
    let identity: S3Identity
    let body: S3CallBody

    /// The XML document in the body, its checksums verified.
    ///
    /// Throws `MalformedXML`, `EntityTooLarge`, `BadDigest`.
    /// - Parameter hasChecksums: false where the checksums in the headers are of something else than the document.
    func document(root: String, hasChecksums: Bool = true) async throws -> S3XMLElement {
        let expectation = try S3Checksums.expectation(head, body: body, hasValues: hasChecksums)
        let digests = BodyDigests(expectation.computes.union(expectation.checksums.keys))
        var bytes = ByteBuffer()
        for try await piece in body {
            digests.update(piece)
            bytes.writeImmutableBuffer(piece)
            guard bytes.readableBytes <= Limits.s3DocumentBytesMax else {
                throw S3Error(
                    code: "EntityTooLarge",
                    httpStatus: 400,
                    message: "the document is larger than \(formatSizeBytes(Limits.s3DocumentBytesMax))"
                )
            }
        }
        let (etag, checksums) = digests.finish()
        _ = try expectation.check(sizeBytes: bytes.readableBytes, etag: etag, checksums: checksums)
        return try S3XMLReader.read(bytes, root: root)
    }

    /// Throws `MissingContentLength` for a request whose head announces no body: what would be kept is empty.
    ///
    /// Whoever means that says so. Throws `NotImplemented` for a body that is compressed on its way.
    func requireBody() throws(S3Error) {
        if let coding = head.header("transfer-encoding") {
            guard coding.lowercased() == "chunked" else { throw S3Unsupported.error("Transfer-Encoding: \(coding)") }
            return
        }
        guard head.header("content-length") == nil else { return }
        throw S3Error(
            code: "MissingContentLength",
            httpStatus: 411,
            message: "the request has no body: send its Content-Length, which is 0 for an empty object"
        )
    }

    /// A number in the query, cut to a range.
    ///
    /// Throws `InvalidArgument` for anything else than a number that is not negative.
    func number(_ name: String, default standard: Int, max: Int) throws(S3Error) -> Int {
        try Self.number(head.parameter(name), name, default: standard, max: max)
    }

    /// As above, in a header.
    func number(inHeader name: String, default standard: Int, max: Int) throws(S3Error) -> Int {
        try Self.number(head.header(name), name, default: standard, max: max)
    }

    private static func number(
        _ text: String?,
        _ name: String,
        default standard: Int,
        max: Int
    ) throws(S3Error) -> Int {
        guard let text, !text.isEmpty else { return standard }
        guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
            throw S3Error.argument(name, text, "it is a number from 0 to \(max)")
        }
        return min(Int(text) ?? max, max)
    }
}

extension S3Error {
    /// `InvalidArgument` about a parameter or header.
    static func argument(_ name: String, _ value: String, _ reason: String) -> S3Error {
        S3Error(
            code: "InvalidArgument",
            httpStatus: 400,
            message: "\(name) cannot be \"\(value)\": \(reason)",
            details: [("ArgumentName", name), ("ArgumentValue", value)]
        )
    }
}
