package import FlareModel
package import FlareStore
import Synchronization

/// Makes, lists, finds and revokes the access keys of the S3 door.
///
/// Each request asks for a key, so all of them are in memory. They change there as their rows are committed, in the
/// same order, so that a revoked key opens nothing from the moment on when `revoke` returns.
package final class AccessKeyService: Sendable {
    private struct Cache {
        /// Nil until the first request.
        var keys: [String: AccessKeyRecord]?
        /// Grows with each change: what was read before one is not kept.
        var generation = 0
    }

    private let database: Database
    private let time: any TimeSource
    private let cache = Mutex(Cache())

    package init(database: Database, time: any TimeSource) {
        self.database = database
        self.time = time
    }

    /// Makes a key.
    ///
    /// This and its answer are the only time that its secret is shown. Throws `bucketNotFound`, `invalidArgument`, or
    /// `tooManyRequests` when there are `Limits.accessKeysMax` already.
    package func create(
        name: String = "",
        permission: AccessKeyPermission = .write,
        buckets: [String]? = nil,
        expiresInSeconds: Int? = nil
    ) async throws -> AccessKeyRecord {
        try Self.validate(name: name)
        if let expiresInSeconds, !(1...Limits.accessKeySecondsMax).contains(expiresInSeconds) {
            throw FlareError(
                .invalidArgument,
                "an access key lives between 1 second and a hundred years, not \(expiresInSeconds) seconds"
            )
        }
        let now = time.now()
        let scope = try Self.scope(buckets ?? [], of: "buckets")
        let record = AccessKeyRecord(
            name: name,
            permission: permission,
            buckets: scope.isEmpty ? nil : scope,
            createdAt: now,
            expiresAt: expiresInSeconds.map { now + .seconds($0) }
        )
        try await database.write { tx in
            for bucket in scope { _ = try BucketRecord.require(bucket, in: tx) }
            try self.insert(record, at: now, in: tx)
        }
        return record
    }

    /// Makes a key of another one that opens less, for a while, and only with its session token.
    ///
    /// Throws `accessKeyNotFound` or `bucketNotFound`, `permissionDenied` when the parent may not do as much, and
    /// `invalidArgument`.
    package func createTemporary(_ wanted: CreateTemporaryKeyBody) async throws -> AccessKeyRecord {
        let seconds = wanted.ttlSeconds
        guard seconds >= 1, seconds <= Double(Limits.temporaryKeySecondsMax) else {
            throw FlareError(
                .invalidArgument,
                "temporary credentials live between 1 and \(Limits.temporaryKeySecondsMax) seconds (ttlSeconds)"
            )
        }
        let now = time.now()
        var record = AccessKeyRecord(
            kind: .temporary,
            permission: wanted.permission.permission,
            buckets: [wanted.bucket],
            createdAt: now,
            expiresAt: now + .milliseconds(Int64(seconds * 1000))
        )
        record.isForObjectsOnly = wanted.permission.isForObjectsOnly
        record.prefixes = try Self.scope(wanted.prefixes ?? [], of: "prefixes")
        record.objects = try Self.scope(wanted.objects ?? [], of: "objects")
        record.sessionToken = Identifier.hexadecimal() + Identifier.hexadecimal() + Identifier.hexadecimal()
        let unlimited = record
        return try await database.write { tx in
            let parent = try Self.require(wanted.parentAccessKeyId, in: tx)
            _ = try BucketRecord.require(wanted.bucket, in: tx)
            let record = try Self.limit(unlimited, by: parent, at: now)
            try self.insert(record, at: now, in: tx)
            return record
        }
    }

    /// The one key whose secret can be shown again, made when there is none.
    package func environmentKey() async throws -> AccessKeyRecord {
        let now = time.now()
        return try await database.write { tx in
            if let existing = try AccessKeyRecord.findEnvironment(in: tx) { return existing }
            let record = AccessKeyRecord(name: "environment", kind: .environment, createdAt: now)
            try self.insert(record, at: now, in: tx)
            return record
        }
    }

    /// All keys, oldest first, without the temporary ones whose time is over.
    package func list() async throws -> [AccessKeyRecord] {
        let now = time.now()
        return try await database.read { tx in
            try AccessKeyRecord.all(in: tx).filter { $0.kind != .temporary || !$0.isExpired(at: now) }
        }
    }

    /// The key with this id, or nil.
    ///
    /// It may have expired, as the caller's clock tells. Reads the database the first time only.
    package func find(_ id: String) async throws -> AccessKeyRecord? {
        while true {
            let (keys, generation) = cache.withLock { ($0.keys, $0.generation) }
            if let keys { return keys[id] }
            let all = try await database.read { try AccessKeyRecord.all(in: $0) }
            let loaded = Dictionary(all.map { ($0.id, $0) }) { first, _ in first }
            cache.withLock { cache in
                if cache.generation == generation { cache.keys = loaded }
            }
        }
    }

    /// As `find`; throws `accessKeyNotFound` with the nearest id.
    package func require(_ id: String) async throws -> AccessKeyRecord {
        if let record = try await find(id) { return record }
        return try await database.read { try Self.require(id, in: $0) }
    }

    /// Ends a key, and the temporary ones made of it, at once.
    ///
    /// Throws `accessKeyNotFound`.
    package func revoke(_ id: String) async throws {
        try await database.write { tx in
            _ = try Self.require(id, in: tx)
            try AccessKeyRecord.delete(id, in: tx)
            tx.afterCommit { self.change { keys in keys = keys.filter { $0.key != id && $0.value.parent != id } } }
        }
    }

    /// Changes the keys in memory.
    ///
    /// Whoever reads the rows at this moment may read them as they were before, and does not keep them.
    private func change(_ apply: (inout [String: AccessKeyRecord]) -> Void) {
        cache.withLock { cache in
            cache.generation += 1
            guard var keys = cache.keys else { return }
            cache.keys = nil
            apply(&keys)
            cache.keys = keys
        }
    }

    private func insert(_ record: AccessKeyRecord, at now: Timestamp, in tx: Transaction) throws {
        try AccessKeyRecord.deleteExpired(at: now, in: tx)
        guard try AccessKeyRecord.count(in: tx) < Limits.accessKeysMax else {
            throw FlareError(
                .tooManyRequests,
                "there are \(Limits.accessKeysMax) access keys already, which is the limit",
                hint: "revoke some: flare buckets keys list"
            )
        }
        try record.insert(in: tx)
        tx.afterCommit {
            self.change { keys in
                if record.kind == .temporary {
                    keys = keys.filter { $0.value.kind != .temporary || !$0.value.isExpired(at: now) }
                }
                keys[record.id] = record
            }
        }
    }
}

extension AccessKeyService {
    private static func require(_ id: String, in tx: Transaction) throws -> AccessKeyRecord {
        if let record = try AccessKeyRecord.find(id, in: tx) { return record }
        throw FlareError.notFound(
            .accessKeyNotFound,
            kind: "access key",
            name: id,
            candidates: try AccessKeyRecord.all(in: tx).map(\.id),
            listing: "flare buckets keys list"
        )
    }

    /// What a key made of `parent` may do: never more than that, and no longer.
    private static func limit(
        _ record: AccessKeyRecord,
        by parent: AccessKeyRecord,
        at now: Timestamp
    ) throws -> AccessKeyRecord {
        func refuse(_ reason: String) -> FlareError {
            FlareError(.permissionDenied, "access key \"\(parent.id)\" \(reason)", hint: "flare buckets keys list")
        }
        if parent.kind == .temporary { throw refuse("is itself temporary") }
        if parent.isExpired(at: now) { throw refuse("has expired") }
        guard parent.permission.includes(record.permission) else { throw refuse("may only read") }
        for bucket in record.buckets ?? [] where parent.buckets?.contains(bucket) == false {
            throw refuse("does not open bucket \"\(bucket)\"")
        }
        var record = record
        record.parent = parent.id
        if let end = parent.expiresAt { record.expiresAt = min(end, record.expiresAt ?? end) }
        return record
    }

    private static func validate(name: String) throws {
        let isPlain = name.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F }
        guard name.count <= Limits.accessKeyNameMax, isPlain else {
            throw FlareError(
                .invalidArgument,
                "the name of an access key has at most \(Limits.accessKeyNameMax) characters, and no control characters"
            )
        }
    }

    /// A list of what a key is limited to, each once.
    private static func scope(_ names: [String], of kind: String) throws -> [String] {
        guard names.count <= Limits.accessKeyScopeMax else {
            throw FlareError(.invalidArgument, "an access key has at most \(Limits.accessKeyScopeMax) \(kind)")
        }
        for name in names where name.isEmpty || name.utf8.count > Limits.objectKeyBytesMax {
            throw FlareError(
                .invalidArgument,
                "each of the \(kind) of an access key has 1 to \(Limits.objectKeyBytesMax) bytes"
            )
        }
        var result: [String] = []
        for name in names where !result.contains(where: { $0.hasSameBytes(as: name) }) { result.append(name) }
        return result
    }
}
