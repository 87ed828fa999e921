import FlareModel
import FlareStore
import Logging
import ServiceLifecycle

/// Saves what workflows have counted some seconds after a change, and when the engine stops.
package struct WorkflowMetricsSaver: Service {
    private let store: WorkflowStore
    private let metrics: WorkflowMetrics

    init(store: WorkflowStore, metrics: WorkflowMetrics) {
        self.store = store
        self.metrics = metrics
    }

    /// Runs until a graceful shutdown.
    package func run() async throws {
        await cancelWhenGracefulShutdown {
            // What the last engine had not saved comes first.
            while !Task.isCancelled {
                await save()
                await store.watchers.changes.wait()
                let pause = Duration.milliseconds(Limits.workflowMetricsSaveMilliseconds)
                await store.time.sleep(until: store.time.now() + pause)
            }
        }
        await save()
    }

    private func save() async {
        do {
            try await metrics.save()
        } catch is CancellationError {
            // The engine stops, and the save at its end is still to come.
        } catch {
            // They are in the log, and are saved with the next change.
            store.logger.warning("the metrics of workflows were not saved", metadata: ["error": "\(error)"])
        }
    }
}
