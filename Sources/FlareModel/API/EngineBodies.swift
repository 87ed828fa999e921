/// A token of the TCP door, without its secret.
package struct TokenBody: Codable, Sendable {
    package var name: String
    package var createdAt: Timestamp

    package init(name: String, createdAt: Timestamp) {
        self.name = name
        self.createdAt = createdAt
    }

    enum CodingKeys: String, CodingKey {
        case name
        case createdAt = "created_at"
    }
}

/// A new token with its secret, shown once.
package struct NewTokenBody: Codable, Sendable {
    package var name: String
    package var token: String

    package init(name: String, token: String) {
        self.name = name
        self.token = token
    }
}

/// What asks for a new token.
package struct CreateTokenBody: Codable, Sendable {
    package var name: String

    package init(name: String) {
        self.name = name
    }
}

/// An account as official clients see it.
///
/// There is one, `local`, but every name in a path stands for it.
package struct AccountBody: Codable, Sendable {
    package var id: String
    package var name: String
    package var type: String

    package init(_ name: String) {
        id = name
        self.name = name
        type = "standard"
    }

    package static let local = AccountBody("local")
}

/// The one membership: of the local user in the local account.
package struct MembershipBody: Codable, Sendable {
    package var id: String
    package var status: String
    package var roles: [String]
    package var account: AccountBody

    package static let local = MembershipBody(id: "local", status: "accepted", roles: ["Owner"], account: .local)
}

/// Whoever holds a token of the engine.
package struct UserBody: Codable, Sendable {
    package var id: String
    package var email: String

    package static let local = UserBody(id: "local", email: "local@localhost")
}

/// That a token is one of the engine's.
package struct TokenStateBody: Codable, Sendable {
    package var id: String
    package var status: String

    package static let active = TokenStateBody(id: "local", status: "active")
}

/// The certificate that clients must trust to reach the doors by TLS.
package struct AuthorityBody: Codable, Sendable {
    /// PEM.
    package var certificate: String
    /// The file of it on the engine's machine.
    package var path: String
    /// SHA-256 of the certificate, in hexadecimal digits.
    package var fingerprint: String
    package var expiresAt: Timestamp

    package init(certificate: String, path: String, fingerprint: String, expiresAt: Timestamp) {
        self.certificate = certificate
        self.path = path
        self.fingerprint = fingerprint
        self.expiresAt = expiresAt
    }

    enum CodingKeys: String, CodingKey {
        case certificate, path, fingerprint
        case expiresAt = "expires_at"
    }
}
