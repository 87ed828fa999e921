import ArgumentParser
import FlareClient
import FlareModel

struct WorkflowsInstances: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "instances",
        abstract: "List the instances of a workflow, newest first."
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The workflow.", completion: Complete.workflows)
    var name: String

    @Option(
        name: .long,
        help: "Only those that are queued, running, waiting, complete, errored or terminated.",
        completion: .list(InstanceStatus.allCases.map(\.rawValue))
    )
    var status: String?

    @Option(name: .long, help: "How many lines at most.")
    var limit: Int = 100

    func validate() throws {
        guard limit > 0 else { throw ValidationError("--limit takes a whole number from 1") }
    }

    func execute(_ shell: Shell) async throws {
        let client = try await shell.client()
        var instances: [InstanceBody] = []
        var cursor: String?
        repeat {
            let count = min(limit - instances.count, Limits.workflowInstancesPageMax)
            let query = [("per_page", "\(count)"), ("status", status), ("cursor", cursor)]
            let (page, info) = try await client.callWithInfo(
                "GET",
                WorkflowPath.instances(name),
                query: query.compactMap { name, value in value.map { (name, $0) } },
                as: [InstanceBody].self
            )
            instances += page
            cursor = info?.cursor
        } while cursor != nil && instances.count < limit
        shell.list(instances, ["ID", "STATUS", "TRIGGER", "CREATED", "DURATION"]) { instance in
            let start = instance.startedOn
            let duration = start.map { WorkflowText.duration(from: $0, to: instance.endedOn) } ?? ""
            return [
                instance.id, instance.status.rawValue, instance.triggerSource, instance.createdOn.text, duration,
            ]
        }
        if cursor != nil { shell.note("there are more instances: --limit N") }
    }
}
