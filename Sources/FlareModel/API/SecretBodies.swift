/// A secret's name.
///
/// Its value is never told.
package struct SecretBody: Codable, Sendable, Hashable {
    package var name: String
    /// Always `secret_text`.
    package var type = "secret_text"
    package var modifiedOn: Timestamp

    package init(name: String, modifiedOn: Timestamp) {
        self.name = name
        self.modifiedOn = modifiedOn
    }

    enum CodingKeys: String, CodingKey {
        case name, type
        case modifiedOn = "modified_on"
    }
}

/// A secret to be stored.
package struct PutSecretBody: Codable, Sendable {
    package var name: String
    package var text: String
    /// `secret_text`, also when it is missing.
    package var type: String?

    package init(name: String, text: String) {
        self.name = name
        self.text = text
        type = "secret_text"
    }
}

/// Secrets to be stored, or to be deleted where the entry is null, all or none.
package struct SecretsBulkBody: Codable, Sendable {
    package var secrets: [String: PutSecretBody?]

    package init(secrets: [String: PutSecretBody?]) {
        self.secrets = secrets
    }
}

/// What a change of secrets did.
package struct SecretsChangedBody: Codable, Sendable {
    package var worker: String
    /// Names that were stored, and names that were deleted.
    package var stored: [String]
    package var deleted: [String]
    /// False when no Worker of this name is deployed yet: the secrets wait for its first deploy.
    package var isDeployed: Bool

    package init(worker: String, stored: [String], deleted: [String], isDeployed: Bool) {
        self.worker = worker
        self.stored = stored
        self.deleted = deleted
        self.isDeployed = isDeployed
    }

    enum CodingKeys: String, CodingKey {
        case worker, stored, deleted
        case isDeployed = "deployed"
    }
}
