/// What an access key of the S3 door allows.
package enum AccessKeyPermission: String, Codable, Sendable, CaseIterable {
    case read
    /// Includes reading.
    case write

    /// Whether this permission covers another one.
    package func includes(_ other: AccessKeyPermission) -> Bool { self == .write || other == .read }
}

/// Where an access key comes from.
package enum AccessKeyKind: String, Codable, Sendable, CaseIterable {
    /// Made by command.
    case named
    /// The one that `flare env` shows.
    case environment
    /// Made of another key for a while, with a session token.
    case temporary
}

/// An access key without its secret.
package struct AccessKeyBody: Codable, Sendable, Hashable {
    package var id: String
    package var name: String
    package var kind: AccessKeyKind
    package var permission: AccessKeyPermission
    /// Nil for all buckets.
    package var buckets: [String]?
    /// The key that a temporary one was made of.
    package var parent: String?
    package var createdAt: Timestamp
    package var expiresAt: Timestamp?

    package init(
        id: String,
        name: String,
        kind: AccessKeyKind,
        permission: AccessKeyPermission,
        buckets: [String]?,
        parent: String?,
        createdAt: Timestamp,
        expiresAt: Timestamp?
    ) {
        self.id = id
        self.name = name
        self.kind = kind
        self.permission = permission
        self.buckets = buckets
        self.parent = parent
        self.createdAt = createdAt
        self.expiresAt = expiresAt
    }

    enum CodingKeys: String, CodingKey {
        case id, name, kind, permission, buckets, parent
        case createdAt = "created_at"
        case expiresAt = "expires_at"
    }
}

/// A new access key with its secret, shown once.
package struct NewAccessKeyBody: Codable, Sendable {
    package var id: String
    package var secret: String
    package var name: String
    package var permission: AccessKeyPermission
    package var buckets: [String]?
    package var createdAt: Timestamp
    package var expiresAt: Timestamp?

    package init(
        id: String,
        secret: String,
        name: String,
        permission: AccessKeyPermission,
        buckets: [String]?,
        createdAt: Timestamp,
        expiresAt: Timestamp?
    ) {
        self.id = id
        self.secret = secret
        self.name = name
        self.permission = permission
        self.buckets = buckets
        self.createdAt = createdAt
        self.expiresAt = expiresAt
    }

    enum CodingKeys: String, CodingKey {
        case id, secret, name, permission, buckets
        case createdAt = "created_at"
        case expiresAt = "expires_at"
    }
}

/// What asks for an access key.
package struct CreateAccessKeyBody: Codable, Sendable {
    package var name: String?
    /// By default `write`.
    package var permission: AccessKeyPermission?
    /// Nil or empty for all buckets.
    package var buckets: [String]?
    package var expiresInSeconds: Int?

    package init(
        name: String? = nil,
        permission: AccessKeyPermission? = nil,
        buckets: [String]? = nil,
        expiresInSeconds: Int? = nil
    ) {
        self.name = name
        self.permission = permission
        self.buckets = buckets
        self.expiresInSeconds = expiresInSeconds
    }

    enum CodingKeys: String, CodingKey {
        case name, permission, buckets
        case expiresInSeconds = "expires_in_seconds"
    }
}

/// R2's words for what temporary credentials allow.
package enum TemporaryPermission: String, Codable, Sendable, CaseIterable {
    case adminReadWrite = "admin-read-write"
    case adminReadOnly = "admin-read-only"
    case objectReadWrite = "object-read-write"
    case objectReadOnly = "object-read-only"

    package var permission: AccessKeyPermission {
        switch self {
        case .adminReadWrite, .objectReadWrite: .write
        case .adminReadOnly, .objectReadOnly: .read
        }
    }

    /// Whether only objects may be changed, not the bucket itself.
    package var isForObjectsOnly: Bool { self == .objectReadWrite || self == .objectReadOnly }
}

/// What asks for temporary credentials, as `/r2/temp-access-credentials` takes it.
package struct CreateTemporaryKeyBody: Codable, Sendable {
    package var bucket: String
    package var parentAccessKeyId: String
    package var permission: TemporaryPermission
    package var ttlSeconds: Double
    package var objects: [String]?
    package var prefixes: [String]?

    package init(
        bucket: String,
        parentAccessKeyId: String,
        permission: TemporaryPermission,
        ttlSeconds: Double,
        objects: [String]? = nil,
        prefixes: [String]? = nil
    ) {
        self.bucket = bucket
        self.parentAccessKeyId = parentAccessKeyId
        self.permission = permission
        self.ttlSeconds = ttlSeconds
        self.objects = objects
        self.prefixes = prefixes
    }
}

/// Temporary credentials, shown once.
package struct TemporaryKeyBody: Codable, Sendable {
    package var accessKeyId: String
    package var secretAccessKey: String
    package var sessionToken: String

    package init(accessKeyId: String, secretAccessKey: String, sessionToken: String) {
        self.accessKeyId = accessKeyId
        self.secretAccessKey = secretAccessKey
        self.sessionToken = sessionToken
    }
}

/// What asks for a presigned URL of one object.
package struct PresignBody: Codable, Sendable {
    /// `GET`, `HEAD`, `PUT` or `DELETE`.
    package var method: String
    package var key: String
    /// By default an hour.
    package var expiresInSeconds: Int?
    /// With it, a PUT is good for this media type only.
    package var contentType: String?
    /// By default the key that `flare env` shows.
    package var accessKeyID: String?

    package init(
        method: String,
        key: String,
        expiresInSeconds: Int? = nil,
        contentType: String? = nil,
        accessKeyID: String? = nil
    ) {
        self.method = method
        self.key = key
        self.expiresInSeconds = expiresInSeconds
        self.contentType = contentType
        self.accessKeyID = accessKeyID
    }

    enum CodingKeys: String, CodingKey {
        case method, key
        case expiresInSeconds = "expires_in_seconds"
        case contentType = "content_type"
        case accessKeyID = "access_key_id"
    }
}

/// A URL that needs no other credentials until it expires.
package struct PresignedBody: Codable, Sendable {
    package var method: String
    package var url: String
    package var expiresAt: Timestamp
    package var accessKeyID: String

    package init(method: String, url: String, expiresAt: Timestamp, accessKeyID: String) {
        self.method = method
        self.url = url
        self.expiresAt = expiresAt
        self.accessKeyID = accessKeyID
    }

    enum CodingKeys: String, CodingKey {
        case method, url
        case expiresAt = "expires_at"
        case accessKeyID = "access_key_id"
    }
}

/// What points other programs at an engine: `flare env` prints it.
package struct EnvironmentBody: Codable, Sendable {
    /// Of the control port, without a final slash: `http://127.0.0.1:8701`.
    package var controlURL: String
    /// Of the S3 door; nil when it does not listen.
    package var s3URL: String?
    package var apiToken: String
    package var accessKeyID: String
    package var secretAccessKey: String

    package init(
        controlURL: String,
        s3URL: String?,
        apiToken: String,
        accessKeyID: String,
        secretAccessKey: String
    ) {
        self.controlURL = controlURL
        self.s3URL = s3URL
        self.apiToken = apiToken
        self.accessKeyID = accessKeyID
        self.secretAccessKey = secretAccessKey
    }

    enum CodingKeys: String, CodingKey {
        case controlURL = "control_url"
        case s3URL = "s3_url"
        case apiToken = "api_token"
        case accessKeyID = "access_key_id"
        case secretAccessKey = "secret_access_key"
    }
}
