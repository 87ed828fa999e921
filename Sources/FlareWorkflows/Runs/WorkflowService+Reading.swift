package import FlareModel
import FlareStore

extension WorkflowService {
    /// One page of the instances that a filter finds.
    ///
    /// How many it finds is counted for pages that no cursor continues, and whenever that costs nothing.
    package func instances(of name: String, _ filter: InstanceFilter) async throws -> InstancePage {
        try await store.database.read { transaction in
            let workflow = try self.workflow(name, in: transaction)
            let now = self.store.time.now()
            let found = try InstanceRecord.list(of: workflow.id, filter, at: now, in: transaction)
            var page = InstancePage(
                page: found.page.map(\.body),
                total: nil,
                isLowerBound: false,
                cursor: found.cursor
            )
            if filter.isPlain || filter.cursor == nil {
                let count = try InstanceRecord.count(of: workflow.id, filter, at: now, in: transaction)
                page.total = count.total
                page.isLowerBound = count.isLowerBound
            }
            return page
        }
    }

    /// An instance as lists show it.
    package func get(_ id: String, of name: String) async throws -> InstanceBody {
        try await store.database.read { try self.instance(id, of: name, in: $0).body }
    }

    /// An instance with all steps of its current run, or of another one.
    ///
    /// Throws `instanceNotFound` when it has no such run.
    package func detail(_ id: String, of name: String, run: Int? = nil) async throws -> InstanceDetailBody {
        try await store.database.read { transaction in
            let instance = try self.instance(id, of: name, in: transaction)
            return try self.run(run, of: instance, in: transaction).detail(in: transaction)
        }
    }

    /// The instance with one of its runs in the place of the current one.
    func run(_ run: Int?, of instance: InstanceRecord, in transaction: Transaction) throws -> InstanceRecord {
        guard let run, run != instance.run else { return instance }
        let key = RunKey(instance: instance.sequence, run: run)
        if let found = try InstanceRecord.find(key, in: transaction) { return found }
        throw FlareError(
            .instanceNotFound,
            "instance \"\(instance.id)\" has no run \(run)",
            hint: instance.run == 1 ? "it has run 1 alone" : "its runs are 1 to \(instance.run)"
        )
    }
}
