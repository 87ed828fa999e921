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

/// The one account, `local`, as the identity calls of official clients list it.
package struct AccountBody: Codable, Sendable {
    package var id: String
    package var name: String

    package static let local = AccountBody(id: "local", name: "local")
}
