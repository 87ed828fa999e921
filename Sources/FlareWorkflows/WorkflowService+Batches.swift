package import FlareModel
import FlareStore

/// Creating many instances at once.
extension WorkflowService {
    /// Creates several instances in one transaction.
    ///
    /// Ids that are taken are skipped, so that a repeated call is harmless.
    package func createBatch(_ instances: [NewInstance], of name: String) async throws -> [InstanceBody] {
        let report = try await createReported(instances, of: name)
        let other = report.errors.first { $0.code != FlareError.Code.alreadyExists.apiCode }
        if let other { throw FlareError(.invalidArgument, other.message) }
        return report.created
    }

    /// Creates several instances in one transaction, and answers for each one that cannot be: its id is taken or not
    /// allowed, or its parameters are too large.
    package func createReported(_ instances: [NewInstance], of name: String) async throws -> InstancesCreatedBody {
        guard (1...Limits.workflowBatchMax).contains(instances.count) else {
            throw FlareError(
                .invalidArgument,
                "a batch has 1 to \(Limits.workflowBatchMax) instances; this one has \(instances.count)"
            )
        }
        return try await store.database.write { transaction in
            let workflow = try self.workflow(name, in: transaction)
            var body = InstancesCreatedBody()
            let places = self.lives.placesForNew
            for (index, instance) in instances.enumerated() {
                do {
                    body.created.append(
                        try self.create(
                            instance,
                            of: workflow,
                            atOnce: body.created.count < places,
                            in: transaction
                        ).body
                    )
                } catch let error as FlareError where error.code.isOfOneInstance {
                    let id = instance.id ?? ""
                    body.errors.append(.init(index: index, id: id, code: error.code.apiCode, message: error.message))
                }
            }
            if let last = body.created.last {
                try WorkflowRecord.setTriggered(workflow.id, at: last.createdOn, in: transaction)
            }
            return body
        }
    }
}

extension FlareError.Code {
    /// Whether it concerns one instance of a batch and not the others.
    fileprivate var isOfOneInstance: Bool {
        switch self {
        case .alreadyExists, .invalidName, .invalidArgument, .bodyTooLarge: true
        default: false
        }
    }
}
