/// The lifecycle rules of a bucket, as `/r2/buckets/{bucket}/lifecycle` takes and answers them.
package struct LifecycleConfigurationBody: Codable, Sendable, Hashable {
    package var rules: [LifecycleRule]

    package init(rules: [LifecycleRule] = []) {
        self.rules = rules
    }
}

/// What becomes of a bucket's objects and uploads with time, in R2's shape.
package struct LifecycleRule: Codable, Sendable, Hashable {
    /// Which objects and uploads the rule is for.
    package struct Conditions: Codable, Sendable, Hashable {
        /// The beginning of their keys; nil or empty for all.
        package var prefix: String?

        package init(prefix: String? = nil) {
            self.prefix = prefix
        }
    }

    /// When something happens.
    package struct Condition: Codable, Sendable, Hashable {
        /// What the time is counted from.
        package enum Kind: String, Codable, Sendable, CaseIterable {
            case age = "Age"
            case date = "Date"
        }

        package var type: Kind
        /// Seconds since the object was written, or the upload begun.
        package var maxAge: Int?
        /// Objects that were there before this time are meant, from this time on.
        package var date: Timestamp?

        package init(maxAgeSeconds: Int) {
            type = .age
            maxAge = maxAgeSeconds
        }

        package init(date: Timestamp) {
            type = .date
            self.date = date
        }
    }

    /// A change at a time.
    package struct Transition: Codable, Sendable, Hashable {
        package var condition: Condition?

        package init(condition: Condition) {
            self.condition = condition
        }
    }

    /// A change of the storage class at a time.
    package struct StorageTransition: Codable, Sendable, Hashable {
        package var condition: Condition
        package var storageClass: StorageClass

        package init(condition: Condition, storageClass: StorageClass = .infrequentAccess) {
            self.condition = condition
            self.storageClass = storageClass
        }
    }

    package var id: String
    package var enabled: Bool
    package var conditions: Conditions?
    package var deleteObjectsTransition: Transition?
    package var storageClassTransitions: [StorageTransition]?
    package var abortMultipartUploadsTransition: Transition?

    package init(
        id: String,
        enabled: Bool = true,
        prefix: String = "",
        deleteObjects: Condition? = nil,
        storageClass: [StorageTransition]? = nil,
        abortUploads: Condition? = nil
    ) {
        self.id = id
        self.enabled = enabled
        conditions = Conditions(prefix: prefix)
        deleteObjectsTransition = deleteObjects.map(Transition.init)
        storageClassTransitions = storageClass
        abortMultipartUploadsTransition = abortUploads.map(Transition.init)
    }

    /// The beginning of the keys that the rule is for.
    package var prefix: String { conditions?.prefix ?? "" }
}
