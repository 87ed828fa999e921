import ArgumentParser
import FlareClient
import FlareModel

/// Waiting for the end of an instance, with the exit status that it means.
enum InstanceEnd {
    /// Prints the instance once it has ended; throws exit status 1 when it did not complete, and `deadlineExceeded`
    /// when it has not ended in time.
    static func wait(
        for id: String,
        of name: String,
        timeout: Duration?,
        _ client: EngineClient,
        _ shell: Shell
    ) async throws {
        let deadline = timeout.map { ContinuousClock.now + $0 }
        var id = id
        while true {
            var seconds = Limits.workflowWaitSecondsMax
            if let deadline {
                let left = deadline - .now
                seconds = max(0, min(seconds, Int((left.milliseconds + 999) / 1000)))
            }
            let instance = try await client.call(
                "GET",
                WorkflowPath.own(name, id) + "/wait",
                query: [("timeout", "\(seconds)")],
                as: InstanceDetailBody.self
            )
            // A newer instance must not take the place of the one that "latest" meant.
            id = instance.id
            if instance.status.isFinal {
                shell.emit(instance) { WorkflowText.outcome(instance) }
                guard instance.status == .complete else { throw ExitCode(1) }
                return
            }
            if let deadline, deadline <= .now {
                throw FlareError(
                    .deadlineExceeded,
                    "instance \"\(id)\" of workflow \"\(name)\" is still \(instance.status.rawValue)",
                    hint: "it goes on; see: flare workflows status \(name) \(id)"
                )
            }
        }
    }
}
