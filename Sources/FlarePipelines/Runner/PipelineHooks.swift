package import FlareWorkers

/// What pipelines need of the room that runs user code, handed in at construction.
package struct PipelineHooks: Sendable {
    /// Runs a Worker's code over a batch.
    package var invoke: @Sendable (Invocation) async throws -> InvocationResult

    /// Throws `workerNotFound` or `invalidArgument` when a Worker has no such transform.
    package var checkTransform: @Sendable (_ worker: String, _ entrypoint: String?) async throws -> Void

    package init(
        invoke: @escaping @Sendable (Invocation) async throws -> InvocationResult,
        checkTransform: @escaping @Sendable (_ worker: String, _ entrypoint: String?) async throws -> Void
    ) {
        self.invoke = invoke
        self.checkTransform = checkTransform
    }
}
