import FlareModel
import FlareStore
import NIOCore

extension BucketService {
    /// How often a read looks again when the object it has found is replaced before its bytes are held.
    private static let readAttempts = 10

    /// An object as a read finds it, with the places of the bytes that are wanted.
    private enum Found: Sendable {
        case refused(ObjectRead)
        case inline(ObjectRecord, Range<Int>, [UInt8])
        case file(ObjectRecord, Range<Int>, String)
        case parts(ObjectRecord, Range<Int>, [ObjectPartRecord])
    }

    /// Reads an object or a part of it; nil when there is none.
    ///
    /// `partNumber` asks for the bytes of one part, as it was uploaded; an object written at once is its own part 1.
    /// The bytes stay readable when the object is replaced or deleted meanwhile.
    ///
    /// Throws `bucketNotFound`, or `invalidArgument` for a range beside a part number.
    package func get(
        _ key: String,
        in bucket: String,
        onlyIf conditions: ObjectConditions? = nil,
        range: ObjectRange? = nil,
        partNumber: Int? = nil
    ) async throws -> ObjectRead? {
        try ObjectKey.validate(key)
        guard range == nil || partNumber == nil else {
            throw FlareError(.invalidArgument, "either a range or a part of an object is read, not both")
        }
        for _ in 0..<Self.readAttempts {
            let found = try await database.read { tx -> Found? in
                guard let record = try ObjectRecord.find(key, in: bucket, tx) else {
                    _ = try BucketRecord.require(bucket, in: tx)
                    return nil
                }
                return try Self.find(record, onlyIf: conditions, range: range, partNumber: partNumber, in: tx)
            }
            guard let found else { return nil }
            if let read = try await open(found) { return read }
        }
        throw FlareError(
            .corruptStore,
            "the bytes of object \"\(key)\" in bucket \"\(bucket)\" are missing",
            hint: "restore the directory \"objects\" of the state from a backup"
        )
    }

    private static func find(
        _ record: ObjectRecord,
        onlyIf conditions: ObjectConditions?,
        range: ObjectRange?,
        partNumber: Int?,
        in tx: Transaction
    ) throws -> Found {
        switch conditions?.evaluate(etag: record.etag, uploaded: record.uploadedAt) ?? .holds {
        case .holds: break
        case .notModified: return .refused(.notModified(record))
        case .failed: return .refused(.conditionFailed(record))
        }
        var bytes = 0..<record.size
        if let partNumber {
            guard let part = try Self.range(ofPart: partNumber, of: record, in: tx) else {
                return .refused(.rangeNotSatisfiable(record))
            }
            bytes = part
        } else if let range {
            guard let part = range.resolve(size: record.size) else { return .refused(.rangeNotSatisfiable(record)) }
            bytes = part
        }
        if let file = record.file { return .file(record, bytes, file) }
        guard record.partCount != nil else {
            return .inline(record, bytes, try ObjectRecord.inlineBytes(record.key, in: record.bucket, tx))
        }
        return .parts(record, bytes, try ObjectPartRecord.parts(of: record.version, within: bytes, in: tx))
    }

    private static func range(ofPart number: Int, of record: ObjectRecord, in tx: Transaction) throws -> Range<Int>? {
        guard record.partCount != nil else { return number == 1 ? 0..<record.size : nil }
        return try ObjectPartRecord.find(number, of: record.version, in: tx)?.range
    }

    /// Nil when the object was replaced and its files are gone: the caller looks again.
    private func open(_ found: Found) async throws -> ObjectRead? {
        switch found {
        case .refused(let read):
            return read
        case .inline(let record, let range, let bytes):
            let buffer = ByteBuffer(bytes: bytes)
            let contents = ObjectBytes(range: range) { position, count in
                guard let slice = buffer.getSlice(at: position, length: count) else {
                    throw FlareError(.corruptStore, "the row of object \"\(record.key)\" lacks bytes")
                }
                return slice
            }
            return .contents(ObjectContents(record: record, range: range, bytes: contents))
        case .file(let record, let range, let file):
            do {
                let bytes = try await objects.read(file, range: range)
                return .contents(ObjectContents(record: record, range: range, bytes: bytes))
            } catch let error as FlareError where error.code == .objectNotFound {
                return nil
            }
        case .parts(let record, let range, let parts):
            let hold = sweeper.hold(parts.map(\.file))
            // A file that had no row any more before it was held may be gone.
            let isCurrent = try await database.read { tx in
                try ObjectRecord.find(record.key, in: record.bucket, tx)?.version == record.version
            }
            guard isCurrent else { return nil }
            let reader = PartsReader(parts: parts, objects: objects, hold: hold)
            let bytes = ObjectBytes(range: range) { try await reader.read(at: $0, count: $1) }
            return .contents(ObjectContents(record: record, range: range, bytes: bytes))
        }
    }
}
