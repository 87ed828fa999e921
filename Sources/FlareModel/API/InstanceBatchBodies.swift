/// What became of instances that were to be deleted.
package struct InstancesDeletedBody: Codable, Sendable {
    package struct Deleted: Codable, Sendable, Hashable {
        package var id: String

        package init(id: String) {
            self.id = id
        }
    }

    package struct Failure: Codable, Sendable, Hashable {
        package var id: String
        /// 10400 for an instance that does not exist, 10001 for one that cannot be deleted.
        package var code: Int
        package var message: String

        package init(id: String, code: Int, message: String) {
            self.id = id
            self.code = code
            self.message = message
        }
    }

    package var deleted: [Deleted] = []
    package var errors: [Failure] = []

    package init() {}
}

/// Which instances are to be deleted.
package struct InstancesDeletionBody: Codable, Sendable {
    package var instances: [String]

    package init(instances: [String]) {
        self.instances = instances
    }
}

/// What became of instances that were to be created.
package struct InstancesCreatedBody: Codable, Sendable {
    package struct Failure: Codable, Sendable, Hashable {
        /// The place of the instance in what was asked for, from 0.
        package var index: Int
        package var id: String
        package var code: Int
        package var message: String

        package init(index: Int, id: String, code: Int, message: String) {
            self.index = index
            self.id = id
            self.code = code
            self.message = message
        }
    }

    package var created: [InstanceBody] = []
    package var errors: [Failure] = []

    package init() {}
}

/// The answer of terminating all instances of a workflow.
package struct InstancesTerminatedBody: Codable, Sendable {
    /// `ok`, or `already_running` when another request does it.
    package var status: String
    /// How many instances were terminated; nil when another request does it.
    package var terminated: Int?

    package init(terminated: Int?) {
        status = terminated == nil ? "already_running" : "ok"
        self.terminated = terminated
    }
}
