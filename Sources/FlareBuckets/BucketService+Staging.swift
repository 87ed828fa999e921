package import FlareModel
package import FlareStore
import Logging
package import NIOCore

extension BucketService {
    /// Makes bytes durable that shall become an object: in memory up to `Limits.inlineObjectBytesMax`, else in a file.
    ///
    /// The caller ends with `commit` in a transaction, or with `discard`. Throws `diskFull` and then leaves nothing.
    package func stage(_ bytes: ByteBuffer, leaving reserve: DiskReserve = .accepting) async throws -> StagedObject {
        try await stage(SingleBuffer(bytes: bytes), in: .rowOrFile, leaving: reserve)
    }

    /// As above, for bytes that arrive in pieces, of which a few at a time are in memory.
    ///
    /// `check` is run before a file is begun: for what should not cost an upload. Bytes that are announced to be many
    /// are not asked for before that. Throws what it throws, `bodyTooLarge`, `invalidData` or `digestMismatch` when
    /// other bytes came than were announced, `interrupted` when the body breaks off; nothing is left then.
    func stage<Body: AsyncSequence & Sendable>(
        _ body: Body,
        in place: StagingPlace,
        expecting expectation: ObjectExpectation = ObjectExpectation(),
        leaving reserve: DiskReserve = .accepting,
        check: @Sendable () async throws -> Void = {}
    ) async throws -> StagedObject where Body.Element == ByteBuffer {
        let version = Identifier.hexadecimal()
        let digests = BodyDigests(expectation.algorithms)
        var size = 0
        var head = ByteBuffer()
        var writer: (any ObjectWriter)?
        func openWriter() async throws -> any ObjectWriter {
            try objects.requireRoom(for: 0, leaving: reserve)
            try await check()
            sweeper.protect(version)
            return try await objects.writer(version)
        }
        do {
            // What is known to be large is looked at before the first of its bytes is asked for.
            let announced = expectation.sizeBytes ?? 0
            try place.require(announced)
            if place == .file || announced > Limits.inlineObjectBytesMax { writer = try await openWriter() }
            for try await piece in body {
                size += piece.readableBytes
                try place.require(size)
                if writer == nil, size > Limits.inlineObjectBytesMax {
                    writer = try await openWriter()
                    if head.readableBytes > 0 { try await writer?.append(head) }
                    head = ByteBuffer()
                }
                // The piece is on its way to the disk while its digests are computed.
                if let writer {
                    try objects.requireRoom(for: piece.readableBytes, leaving: reserve)
                    try await writer.append(piece)
                } else {
                    head.writeImmutableBuffer(piece)
                }
                digests.update(piece)
            }
            let (etag, checksums) = digests.finish()
            let checksum = try expectation.check(sizeBytes: size, etag: etag, checksums: checksums)
            try await writer?.finish()
            let contents: StagedObject.Contents = writer == nil ? .inline(Array(head.readableBytesView)) : .file
            return StagedObject(version: version, size: size, etag: etag, checksum: checksum, contents: contents)
        } catch {
            await writer?.discard()
            sweeper.release(version)
            if error is FlareError || error is CancellationError { throw error }
            // The store throws FlareErrors: this one comes from the body's source.
            throw FlareError(.interrupted, "the body broke off after \(size) bytes", cause: error)
        }
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
        leaving reserve: DiskReserve = .accepting,
        at now: Timestamp,
        in tx: Transaction
    ) throws -> ObjectRecord {
        try ObjectKey.validate(key)
        try metadata.validate()
        let settled = try metadata.settled(in: bucket, tx)
        let record = ObjectRecord(staged, bucket: bucket, key: key, metadata: settled, uploadedAt: now)
        try replace(with: record, inline: staged.inline, action: action, leaving: reserve, in: tx)
        return record
    }

    /// The one place where a version becomes visible: writes its row in place of the one with its key, counts it and
    /// tells queues.
    ///
    /// Rows of parts are written by the caller afterwards. Throws `bucketNotFound`, or `objectLocked` when a lock rule
    /// keeps the object that is there.
    func replace(
        with record: ObjectRecord,
        inline: [UInt8]? = nil,
        action: ObjectAction,
        copySource: ObjectSource? = nil,
        leaving reserve: DiskReserve = .accepting,
        in tx: Transaction
    ) throws {
        if let inline { try tx.requireRoom(for: inline.count, leaving: reserve) }
        let older = try ObjectRecord.find(record.key, in: record.bucket, tx)
        if let older {
            try requireUnlocked(older, at: record.uploadedAt, in: tx)
        } else {
            _ = try BucketRecord.require(record.bucket, in: tx)
        }
        let retired = try older.map { try files(of: $0, forgettingPartsIn: tx) } ?? []
        try record.upsert(inline: inline, in: tx)
        try BucketRecord.count(record.bucket, from: older, to: record, in: tx)
        try notify(action, of: record, copySource: copySource, at: record.uploadedAt, in: tx)
        tx.afterCommit { [sweeper] in
            if let file = record.file { sweeper.release(file) }
            for file in retired { sweeper.retire(file) }
        }
    }

    /// The one place where an object goes: deletes its row, counts that and tells queues.
    ///
    /// Throws `objectLocked` when a lock rule keeps it.
    func remove(_ record: ObjectRecord, action: ObjectAction, at now: Timestamp, in tx: Transaction) throws {
        try requireUnlocked(record, at: now, in: tx)
        let retired = try files(of: record, forgettingPartsIn: tx)
        try record.delete(in: tx)
        try BucketRecord.count(record.bucket, from: record, to: nil, in: tx)
        try notify(action, of: record, at: now, in: tx)
        retire(retired, after: tx)
    }

    /// Deletes files once their rows are gone for certain, unless other rows share them.
    func retire(_ files: [String], after tx: Transaction) {
        guard !files.isEmpty else { return }
        tx.afterCommit { [sweeper] in
            for file in files { sweeper.retire(file) }
        }
    }

    private func files(of record: ObjectRecord, forgettingPartsIn tx: Transaction) throws -> [String] {
        if record.partCount != nil { return try ObjectPartRecord.delete(version: record.version, in: tx) }
        return record.file.map { [$0] } ?? []
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

/// Where staged bytes are to lie.
enum StagingPlace: Sendable {
    /// In the row of an object while they are few.
    case rowOrFile
    /// In a file, however few: a part of an upload.
    case file

    var bytesMax: Int {
        switch self {
        case .rowOrFile: Limits.objectBytesMax
        case .file: Limits.uploadPartBytesMax
        }
    }

    /// Throws `bodyTooLarge` for more bytes than may be there.
    func require(_ sizeBytes: Int) throws {
        guard sizeBytes > bytesMax else { return }
        throw FlareError(.bodyTooLarge, "\(what) has at most \(formatSizeBytes(bytesMax))")
    }

    private var what: String {
        switch self {
        case .rowOrFile: "an object"
        case .file: "a part of an upload"
        }
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
