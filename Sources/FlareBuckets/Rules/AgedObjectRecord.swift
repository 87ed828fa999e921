import FlareModel
import FlareStore

/// An object as lifecycle rules find it: by its age.
struct AgedObject: Sendable, Hashable {
    let key: String
    let uploadedAt: Timestamp
}

/// A place among the objects of a bucket, the oldest first.
struct AgePlace: Sendable, Hashable {
    var uploadedAt = Timestamp(milliseconds: .min)
    var key = ""
}

/// What lifecycle rules read and write of `objects`.
///
/// They walk along the index `objects_by_age`, which holds all they look at: neither the rows, with the bytes of small
/// objects in them, nor objects that are not old enough are read.
enum AgedObjectRecord {
    /// The next objects behind a place that were written at `bound` or before.
    static func page(
        of bucket: String,
        after place: AgePlace,
        upTo bound: Timestamp,
        limit: Int,
        in tx: Transaction
    ) throws -> [AgedObject] {
        try tx.rows(
            """
            SELECT key, uploaded_at FROM objects
            WHERE bucket = ? AND (uploaded_at, key) > (?, ?) AND uploaded_at <= ?
            ORDER BY uploaded_at, key LIMIT ?
            """,
            .text(bucket),
            .integer(place.uploadedAt.milliseconds),
            .text(place.key),
            .integer(bound.milliseconds),
            .integer(Int64(limit))
        ) { AgedObject(key: $0.text(0), uploadedAt: $0.time(1)) }
    }

    /// The time of the oldest object that was written after `bound`; nil when there is none.
    static func next(of bucket: String, after bound: Timestamp, in tx: Transaction) throws -> Timestamp? {
        try tx.row(
            "SELECT uploaded_at FROM objects WHERE bucket = ? AND uploaded_at > ? ORDER BY uploaded_at LIMIT 1",
            .text(bucket),
            .integer(bound.milliseconds)
        ) { $0.time(0) }
    }
}

extension ObjectRecord {
    func setStorageClass(_ storageClass: StorageClass, in tx: Transaction) throws {
        try tx.execute(
            "UPDATE objects SET storage_class = ? WHERE bucket = ? AND key = ?",
            .text(storageClass.rawValue),
            .text(bucket),
            .text(key)
        )
    }
}
