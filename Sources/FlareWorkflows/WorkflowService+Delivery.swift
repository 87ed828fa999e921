import FlareModel
package import FlareQueues
import FlareStore
import FlareWorkers

extension WorkflowService {
    /// Turns a batch of a queue into one instance whose `event.messages` are the bodies.
    ///
    /// The instance is created and the messages are acknowledged in one transaction: after a crash there are both or
    /// neither.
    package func deliverBatch(workflow name: String, _ batch: LeasedBatch) async -> DeliveryOutcome {
        let payload = TaggedJSON.batchPayload(
            queue: batch.queueName,
            bodies: batch.messages.map { TaggedJSON.message($0.body, contentType: $0.contentType.rawValue) }
        )
        let leases = batch.messages.map(\.leaseID)
        do {
            try await store.database.write { [hooks] transaction in
                try self.create(NewInstance(params: payload, trigger: .queue), of: name, in: transaction)
                try hooks.acknowledge(leases, transaction)
            }
            return .committed
        } catch let error as FlareError {
            return .failed(error)
        } catch {
            return .failed(FlareError(.internalError, "the batch could not be handed over: \(error)", cause: error))
        }
    }
}
