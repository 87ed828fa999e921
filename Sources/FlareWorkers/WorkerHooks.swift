package import FlareModel
package import FlareStore

/// What the room of Workers needs from the rooms above it, given once at construction.
package struct WorkerHooks: Sendable {
    /// Makes the implementation behind a name in `env`.
    ///
    /// The second argument is the Worker's name. Called when a process starts, and during deploy before anything is
    /// changed, to find an unknown target early.
    package var binding: @Sendable (BindingDeclaration, _ worker: String) throws -> any Binding

    /// Registers consumers, workflows, buckets and queues of a version, in the transaction that makes it current.
    package var register: @Sendable (DeployedConfiguration, Transaction) throws -> Void

    /// Undoes `register` when a Worker is deleted; throws `inUse` when something still needs it.
    package var unregister: @Sendable (DeployedConfiguration, Transaction) throws -> Void

    /// The versions of a Worker that unfinished instances are pinned to; these are kept.
    package var versionsInUse: @Sendable (_ worker: String, Transaction) throws -> Set<String>

    /// The buckets and queues that `register` would create.
    package var missing: @Sendable (DeployedConfiguration, Transaction) throws -> [DeploymentChangeBody]

    /// How many unfinished instances of workflows are pinned to each version of a Worker.
    package var instancesByVersion: @Sendable (_ worker: String, Transaction) throws -> [String: Int]

    /// Tells those who have subscribed to it what happens to a Worker, in the transaction in which it does.
    package var publish: @Sendable (SubscriptionEvent, Timestamp, Transaction) throws -> Void

    package init(
        binding: @escaping @Sendable (BindingDeclaration, _ worker: String) throws -> any Binding,
        register: @escaping @Sendable (DeployedConfiguration, Transaction) throws -> Void = { _, _ in },
        unregister: @escaping @Sendable (DeployedConfiguration, Transaction) throws -> Void = { _, _ in },
        versionsInUse: @escaping @Sendable (_ worker: String, Transaction) throws -> Set<String> = { _, _ in [] },
        missing: @escaping @Sendable (DeployedConfiguration, Transaction) throws -> [DeploymentChangeBody] = {
            _,
            _ in []
        },
        instancesByVersion: @escaping @Sendable (_ worker: String, Transaction) throws -> [String: Int] = {
            _,
            _ in [:]
        },
        publish: @escaping @Sendable (SubscriptionEvent, Timestamp, Transaction) throws -> Void = { _, _, _ in }
    ) {
        self.binding = binding
        self.register = register
        self.unregister = unregister
        self.versionsInUse = versionsInUse
        self.missing = missing
        self.instancesByVersion = instancesByVersion
        self.publish = publish
    }
}
