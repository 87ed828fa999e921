/// The lock rules of a bucket, as `/r2/buckets/{bucket}/lock` takes and answers them.
package struct LockConfigurationBody: Codable, Sendable, Hashable {
    package var rules: [LockRule]

    package init(rules: [LockRule] = []) {
        self.rules = rules
    }
}

/// Which objects of a bucket may be neither replaced nor deleted, in R2's shape.
package struct LockRule: Codable, Sendable, Hashable {
    /// How long an object is locked.
    package struct Condition: Codable, Sendable, Hashable {
        /// What the end is counted from.
        package enum Kind: String, Codable, Sendable, CaseIterable {
            case age = "Age"
            case date = "Date"
            case indefinite = "Indefinite"
        }

        package var type: Kind
        /// Seconds since the object was written.
        package var maxAgeSeconds: Int?
        package var date: Timestamp?

        package init(maxAgeSeconds: Int) {
            type = .age
            self.maxAgeSeconds = maxAgeSeconds
        }

        package init(date: Timestamp) {
            type = .date
            self.date = date
        }

        private init(_ type: Kind) {
            self.type = type
        }

        /// For as long as the rule is there.
        package static let indefinite = Condition(.indefinite)
    }

    package var id: String
    package var enabled: Bool
    /// The beginning of the keys that the rule is for; nil or empty for all.
    package var prefix: String?
    package var condition: Condition

    package init(id: String, enabled: Bool = true, prefix: String? = nil, condition: Condition) {
        self.id = id
        self.enabled = enabled
        self.prefix = prefix
        self.condition = condition
    }
}
