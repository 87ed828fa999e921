package import FlareModel
package import FlareStore
import Logging
package import NIOCore

extension BucketService {
    /// Makes bytes durable that shall become an object: in memory up to `Limits.inlineObjectBytesMax`, else in a file.
    ///
    /// The caller ends with `commit` in a transaction, or with `discard`. Throws `diskFull` and then leaves nothing.
    package func stage(_ bytes: ByteBuffer) async throws -> StagedObject {
        try await stage(SingleBuffer(bytes: bytes))
    }

    /// As above, for bytes that arrive in pieces; at most one piece and 16 KiB are in memory.
    package func stage<Body: AsyncSequence & Sendable>(
        _ body: Body
    ) async throws -> StagedObject where Body.Element == ByteBuffer {
        let version = Identifier.hexadecimal()
        let digest = MD5Digest()
        var size = 0
        var head = ByteBuffer()
        var writer: (any ObjectWriter)?
        do {
            for try await var piece in body {
                digest.update(piece.readableBytesView)
                size += piece.readableBytes
                guard size <= Limits.objectBytesMax else {
                    throw FlareError(.bodyTooLarge, "an object has at most \(formatSizeBytes(Limits.objectBytesMax))")
                }
                if let writer {
                    try await writer.append(piece)
                } else if size <= Limits.inlineObjectBytesMax {
                    head.writeBuffer(&piece)
                } else {
                    sweeper.protect(version)
                    let opened = try await objects.writer(version)
                    writer = opened
                    if head.readableBytes > 0 { try await opened.append(head) }
                    head = ByteBuffer()
                    try await opened.append(piece)
                }
            }
            try await writer?.finish()
        } catch {
            await writer?.discard()
            sweeper.release(version)
            if error is FlareError || error is CancellationError { throw error }
            // The store throws FlareErrors: this one comes from the body's source.
            throw FlareError(.interrupted, "the body broke off after \(size) bytes", cause: error)
        }
        let contents: StagedObject.Contents = writer == nil ? .inline(Array(head.readableBytesView)) : .file
        return StagedObject(version: version, size: size, etag: digest.finish(), contents: contents)
    }

    /// Makes a staged object visible under its key in place of an older one, with the messages about it.
    ///
    /// Nothing else may end the staged object once the transaction has committed; when it has not, call `discard`.
    /// Throws `bucketNotFound`, or `invalidArgument` for a key or metadata that break the rules.
    @discardableResult
    package func commit(
        _ staged: StagedObject,
        bucket: String,
        key: String,
        metadata: ObjectMetadata = ObjectMetadata(),
        action: ObjectAction = .putObject,
        at now: Timestamp,
        in tx: Transaction
    ) throws -> ObjectRecord {
        try ObjectKey.validate(key)
        try metadata.validate()
        let older = try ObjectRecord.find(key, in: bucket, tx)
        if older == nil { _ = try BucketRecord.require(bucket, in: tx) }
        let record = ObjectRecord(staged, bucket: bucket, key: key, metadata: metadata, uploadedAt: now)
        try record.upsert(inline: staged.inline, in: tx)
        try BucketRecord.count(bucket, from: older, to: record, in: tx)
        try notify(action, of: record, at: now, in: tx)
        tx.afterCommit { [sweeper] in
            if let file = record.file { sweeper.release(file) }
            if let file = older?.file { sweeper.retire(file) }
        }
        return record
    }

    /// Forgets a staged object that was not committed.
    package func discard(_ staged: StagedObject) async {
        guard let file = staged.file else { return }
        do {
            // A commit whose error left its outcome open may have made the object visible: the sweeper looks.
            try await sweeper.delete([file])
        } catch {
            logger.warning("a discarded file is left behind", metadata: ["file": "\(file)", "error": "\(error)"])
        }
        sweeper.release(file)
    }
}

/// A buffer as a sequence of one piece.
struct SingleBuffer: AsyncSequence, Sendable {
    let bytes: ByteBuffer

    struct AsyncIterator: AsyncIteratorProtocol {
        var bytes: ByteBuffer?

        mutating func next() async -> ByteBuffer? {
            defer { bytes = nil }
            return bytes
        }
    }

    func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(bytes: bytes)
    }
}
