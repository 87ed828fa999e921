import FlareModel
import FlareStore

/// A domain of the user's own under which a bucket can be read by everybody.
package struct CustomDomain: Sendable, Hashable {
    package var domain: String
    package var bucket: String
    package var isEnabled: Bool
    /// `1.0` to `1.3`; kept for whoever asks, since flare's port decides it.
    package var minimumTLS: String
    package var ciphers: [String]?
    package var zoneID: String
}

/// What changes a custom domain; nil keeps its value.
package struct CustomDomainChange: Sendable {
    package var isEnabled: Bool?
    package var minimumTLS: String?
    package var ciphers: [String]?

    package init(isEnabled: Bool? = nil, minimumTLS: String? = nil, ciphers: [String]? = nil) {
        self.isEnabled = isEnabled
        self.minimumTLS = minimumTLS
        self.ciphers = ciphers
    }
}

/// Host names under which buckets can be read without a key.
extension BucketService {
    /// What follows the bucket's name in its managed domain; every name below `localhost` is this machine.
    package static let managedDomainSuffix = ".public.localhost"

    /// The bucket that everybody may read under a host name, without its port and in any case; nil when there is none.
    package func publicBucket(forHost host: String) async throws -> String? {
        let host = host.lowercased()
        return try await database.read { tx in
            if host.hasSuffix(Self.managedDomainSuffix) {
                let bucket = String(host.dropLast(Self.managedDomainSuffix.count))
                return try Self.isManagedDomainOpen(bucket, in: tx) ? bucket : nil
            }
            let domain = try CustomDomainRecord.find(host, in: tx)
            return domain?.isEnabled == true ? domain?.bucket : nil
        }
    }

    /// Whether the managed domain of a bucket is open; throws `bucketNotFound`.
    package func isManagedDomainOpen(_ bucket: String) async throws -> Bool {
        try await database.read { tx in
            _ = try BucketRecord.require(bucket, in: tx)
            return try Self.isManagedDomainOpen(bucket, in: tx)
        }
    }

    /// Opens or closes the managed domain of a bucket; throws `bucketNotFound`.
    package func setManagedDomain(_ bucket: String, isOpen: Bool) async throws {
        try await database.write { tx in
            _ = try BucketRecord.require(bucket, in: tx)
            let document = ManagedDomainUpdateBody(enabled: isOpen)
            try BucketSettingsRecord.save(.managed, of: bucket, document, in: tx)
        }
    }

    private static func isManagedDomainOpen(_ bucket: String, in tx: Transaction) throws -> Bool {
        try BucketSettingsRecord.find(.managed, of: bucket, as: ManagedDomainUpdateBody.self, in: tx)?.enabled ?? false
    }

    /// The custom domains of a bucket by name; throws `bucketNotFound`.
    package func customDomains(of bucket: String) async throws -> [CustomDomain] {
        try await database.read { tx in
            _ = try BucketRecord.require(bucket, in: tx)
            return try CustomDomainRecord.all(of: bucket, in: tx)
        }
    }

    /// A custom domain of a bucket; throws `bucketNotFound`, or `domainNotFound` with the nearest name.
    package func customDomain(_ domain: String, of bucket: String) async throws -> CustomDomain {
        try await database.read { try Self.require(domain, of: bucket, in: $0) }
    }

    /// Adds a custom domain to a bucket.
    ///
    /// Throws `bucketNotFound`, `invalidArgument`, or `alreadyExists` naming the bucket that has the domain.
    package func addCustomDomain(
        _ domain: String,
        to bucket: String,
        zoneID: String,
        _ change: CustomDomainChange
    ) async throws -> CustomDomain {
        let name = domain.lowercased()
        try Self.validate(domain: name)
        var added = CustomDomain(
            domain: name,
            bucket: bucket,
            isEnabled: true,
            minimumTLS: "1.0",
            ciphers: nil,
            zoneID: zoneID
        )
        try added.apply(change)
        return try await database.write { [added] tx in
            _ = try BucketRecord.require(bucket, in: tx)
            if let other = try CustomDomainRecord.find(name, in: tx) {
                throw FlareError(
                    .alreadyExists,
                    "the domain \"\(name)\" already leads to bucket \"\(other.bucket)\"",
                    hint: "remove it there first: flare buckets domain remove \(other.bucket) \(name)"
                )
            }
            guard try CustomDomainRecord.all(of: bucket, in: tx).count < Limits.customDomainsMax else {
                throw FlareError(.invalidArgument, "a bucket has at most \(Limits.customDomainsMax) custom domains")
            }
            try CustomDomainRecord.save(added, in: tx)
            return added
        }
    }

    /// Changes a custom domain of a bucket; throws as `customDomain`, or `invalidArgument`.
    package func updateCustomDomain(
        _ domain: String,
        of bucket: String,
        _ change: CustomDomainChange
    ) async throws -> CustomDomain {
        try await database.write { tx in
            var record = try Self.require(domain, of: bucket, in: tx)
            try record.apply(change)
            try CustomDomainRecord.save(record, in: tx)
            return record
        }
    }

    /// Takes a custom domain from a bucket; throws as `customDomain`.
    package func removeCustomDomain(_ domain: String, of bucket: String) async throws {
        try await database.write { tx in
            try CustomDomainRecord.delete(Self.require(domain, of: bucket, in: tx).domain, in: tx)
        }
    }

    private static func require(_ domain: String, of bucket: String, in tx: Transaction) throws -> CustomDomain {
        _ = try BucketRecord.require(bucket, in: tx)
        let all = try CustomDomainRecord.all(of: bucket, in: tx)
        if let found = all.first(where: { $0.domain == domain.lowercased() }) { return found }
        throw FlareError.notFound(
            .domainNotFound,
            kind: "domain",
            name: domain,
            candidates: all.map(\.domain),
            listing: "flare buckets domain list \(bucket)"
        )
    }

    private static func validate(domain: String) throws {
        let labels = domain.split(separator: ".", omittingEmptySubsequences: false)
        let isHost =
            domain.utf8.count <= 253 && labels.count > 1
            && labels.allSatisfy { label in
                (1...63).contains(label.utf8.count) && label.first != "-" && label.last != "-"
                    && label.utf8.allSatisfy { ("a"..."z").contains(Character(.init($0))) || isDigitOrHyphen($0) }
            }
        guard isHost else {
            throw FlareError(
                .invalidArgument,
                "\"\(domain)\" is no domain",
                hint: "write a host name such as files.example.com, without scheme, port and path"
            )
        }
        guard !domain.hasSuffix(managedDomainSuffix) else {
            throw FlareError(
                .invalidArgument,
                "names that end with \(managedDomainSuffix) are those of flare's own",
                hint: "open that of a bucket with: flare buckets dev-url enable BUCKET"
            )
        }
    }

    private static func isDigitOrHyphen(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || byte == UInt8(ascii: "-")
    }
}

extension CustomDomain {
    fileprivate mutating func apply(_ change: CustomDomainChange) throws {
        if let isEnabled = change.isEnabled { self.isEnabled = isEnabled }
        if let ciphers = change.ciphers { self.ciphers = ciphers }
        guard let minimumTLS = change.minimumTLS else { return }
        guard ["1.0", "1.1", "1.2", "1.3"].contains(minimumTLS) else {
            throw FlareError(
                .invalidArgument,
                "\"\(minimumTLS)\" is no version of TLS",
                hint: "one of 1.0, 1.1, 1.2 and 1.3"
            )
        }
        self.minimumTLS = minimumTLS
    }
}
