import ArgumentParser
import FlareClient
import FlareModel

struct WorkflowsDelete: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete",
        abstract: "Delete ended instances, or a workflow with the history of all its instances.",
        discussion: """
            With ids, only these instances are deleted; the workflow stays. An instance that has not ended must be \
            terminated first.
            """
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The workflow.", completion: Complete.workflows)
    var name: String

    @Argument(help: "Instances; without any, the workflow itself is deleted.", completion: Complete.instances)
    var ids: [String] = []

    @Flag(name: .long, help: "Do not ask.")
    var yes = false

    func execute(_ shell: Shell) async throws {
        guard ids.isEmpty else { return try await deleteInstances(shell) }
        try shell.confirm("delete workflow \"\(name)\" and the history of its instances", yes: yes)
        let path = WorkflowPath.workflow(name)
        let deleted = try await shell.client().call("DELETE", path, as: WorkflowDeletedBody.self)
        shell.emit(deleted) { "deleted workflow \"\(name)\"" }
    }

    private func deleteInstances(_ shell: Shell) async throws {
        let what = ids.count == 1 ? "instance \"\(ids[0])\"" : "\(ids.count) instances"
        try shell.confirm("delete \(what) of workflow \"\(name)\" and their history", yes: yes)
        let client = try await shell.client()
        var result = InstancesDeletedBody()
        for start in stride(from: 0, to: ids.count, by: Limits.workflowBatchMax) {
            let part = try await client.call(
                "POST",
                WorkflowPath.instances(name) + "/batch/delete",
                body: InstancesDeletionBody(instances: Array(ids[start...].prefix(Limits.workflowBatchMax))),
                as: InstancesDeletedBody.self
            )
            result.deleted += part.deleted
            result.errors += part.errors
        }
        if shell.json || !result.deleted.isEmpty {
            shell.emit(result) { result.deleted.map { "deleted \(name) \($0.id)" }.joined(separator: "\n") }
        }
        guard let first = result.errors.first else { return }
        for error in result.errors.dropFirst() { shell.warn(error.message) }
        let isUnknown = first.code == FlareError.Code.instanceNotFound.apiCode
        throw FlareError(
            isUnknown ? .instanceNotFound : .inUse,
            first.message,
            hint: isUnknown
                ? "see: flare workflows instances \(name)" : "flare workflows terminate \(name) \(first.id)"
        )
    }
}
