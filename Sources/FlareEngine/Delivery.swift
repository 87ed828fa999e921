import FlareModel
import FlareQueues
import FlareWorkers
import FlareWorkflows
import Logging

/// Hands leased batches to their consumers: to a Worker's `queue` handler, or to a workflow as a new instance.
struct Delivery: Sendable {
    let workers: WorkerService
    let workflows: WorkflowService
    let logger: Logger

    func deliver(_ target: ConsumerTarget, _ batch: LeasedBatch) async -> DeliveryOutcome {
        switch target {
        case .worker(let name): await invoke(name, batch)
        case .workflow(let name): await workflows.deliverBatch(workflow: name, batch)
        case .httpPull: .failed(FlareError(.internalError, "queue \"\(batch.queueName)\" is consumed by pull clients"))
        }
    }

    private func invoke(_ worker: String, _ batch: LeasedBatch) async -> DeliveryOutcome {
        let messages = batch.messages.map {
            QueueBatch.Message(
                id: $0.id,
                timestamp: $0.timestamp,
                attempts: $0.attempts,
                contentType: $0.contentType.rawValue,
                body: $0.body
            )
        }
        do {
            let metrics = batch.metrics.workerValue
            let invocation = QueueBatch(queue: batch.queueName, messages: messages, metrics: metrics)
                .invocation(worker: worker) { show($0, of: worker) }
            let result = try await workers.invoke(invocation)
            if let failure = result.failure { report(failure, of: worker, batch) }
            return resolved(try QueueBatch.verdicts(of: result), batch, failure: result.failure)
        } catch let error as FlareError {
            return .failed(error)
        } catch {
            return .failed(FlareError(.engineUnavailable, "the engine is stopping", cause: error))
        }
    }

    private func resolved(
        _ verdicts: [QueueBatch.Verdict],
        _ batch: LeasedBatch,
        failure: JavaScriptError?
    ) -> DeliveryOutcome {
        var acks: [String] = []
        var retries: [Settlement.Retry] = []
        let reason = failure.map { "\($0.name): \($0.message)" } ?? "the consumer failed"
        // Messages without a verdict count as failed.
        for (message, verdict) in zip(batch.messages, verdicts) {
            switch verdict {
            case .acknowledge: acks.append(message.leaseID)
            case .retry(let delaySeconds):
                retries.append(Settlement.Retry(leaseID: message.leaseID, delaySeconds: delaySeconds))
            case .failed: retries.append(Settlement.Retry(leaseID: message.leaseID, reason: reason))
            case .unreadable(let reason):
                retries.append(Settlement.Retry(leaseID: message.leaseID, reason: reason))
            }
        }
        return .resolved(acks: acks, retries: retries)
    }

    private func show(_ line: ConsoleLine, of worker: String) {
        logger.info("console", metadata: ["worker": "\(worker)", "level": "\(line.level)", "text": "\(line.message)"])
    }

    private func report(_ failure: JavaScriptError, of worker: String, _ batch: LeasedBatch) {
        logger.warning(
            "a queue handler failed",
            metadata: [
                "worker": "\(worker)", "queue": "\(batch.queueName)", "error": "\(failure.name): \(failure.message)",
                "stack": "\(failure.stack ?? "")",
            ]
        )
    }
}
