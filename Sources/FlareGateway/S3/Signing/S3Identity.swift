package import FlareBuckets
package import FlareModel

/// Who sent a request, and what that one may do.
package struct S3Identity: Sendable {
    /// Nil for nobody.
    package let key: AccessKeyRecord?
    /// How the body is sent, as the signature says.
    let payload: S3PayloadKind
    /// What the signatures of chunks begin with; nil when they have none.
    let chain: SignatureChain?

    /// Nobody in particular: may do what everybody may, which only a public bucket allows.
    package static let anonymous = S3Identity(key: nil, payload: .unsigned, chain: nil)

    package var isAnonymous: Bool { key == nil }

    init(key: AccessKeyRecord?, payload: S3PayloadKind, chain: SignatureChain?) {
        self.key = key
        self.payload = payload
        self.chain = chain
    }

    /// Lets a request go on.
    ///
    /// Throws `AccessDenied` unless the key opens this.
    /// - Parameters:
    ///   - bucket: nil for the service itself: the list of all buckets.
    ///   - key: the object; nil for the bucket itself. For a list of its objects, see `requiresList`.
    package func requires(_ permission: AccessKeyPermission, bucket: String?, key: String? = nil) throws {
        let record = try require(permission)
        guard let bucket else {
            guard record.buckets == nil else { throw denied(record, "does not open all buckets") }
            return
        }
        try require(bucket, of: record)
        guard let key else {
            if permission == .write && record.isForObjectsOnly { throw denied(record, "may change objects only") }
            guard !isLimitedToKeys(record) else { throw denied(record, "opens some objects only, not the bucket") }
            return
        }
        guard opens(key, record) else { throw denied(record, "does not open object \"\(key)\"") }
    }

    /// As above, for a list of the objects, uploads or versions whose keys begin with `prefix`.
    package func requiresList(bucket: String, prefix: String) throws {
        let record = try require(.read)
        try require(bucket, of: record)
        guard isLimitedToKeys(record) else { return }
        guard record.prefixes.contains(where: { prefix.utf8.starts(with: $0.utf8) }) else {
            throw denied(record, "lists only what begins with: \(record.prefixes.joined(separator: ", "))")
        }
    }

    /// Whether the key opens a bucket at all, for lists of buckets.
    package func opens(bucket: String) -> Bool {
        key.map { $0.buckets?.contains(bucket) ?? true } ?? false
    }

    private func require(_ permission: AccessKeyPermission) throws -> AccessKeyRecord {
        guard let record = key else {
            throw S3Error.accessDenied(
                "the request is not signed: sign it with an access key (flare buckets keys create)"
            )
        }
        guard record.permission.includes(permission) else { throw denied(record, "may only read") }
        return record
    }

    private func require(_ bucket: String, of record: AccessKeyRecord) throws {
        guard opens(bucket: bucket) else { throw denied(record, "does not open bucket \"\(bucket)\"") }
    }

    private func isLimitedToKeys(_ record: AccessKeyRecord) -> Bool {
        !record.prefixes.isEmpty || !record.objects.isEmpty
    }

    private func opens(_ key: String, _ record: AccessKeyRecord) -> Bool {
        !isLimitedToKeys(record) || record.prefixes.contains { key.utf8.starts(with: $0.utf8) }
            || record.objects.contains { key.utf8.elementsEqual($0.utf8) }
    }

    private func denied(_ record: AccessKeyRecord, _ reason: String) -> S3Error {
        S3Error.accessDenied("access key \"\(record.id)\" \(reason)")
    }
}
