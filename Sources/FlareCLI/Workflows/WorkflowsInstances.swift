import ArgumentParser
import FlareClient
import FlareModel

struct WorkflowsInstances: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "instances",
        abstract: "List the instances of a workflow, newest first.",
        discussion: WhereText.discussion
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The workflow.", completion: Complete.workflows)
    var name: String

    /// The name after `list`, for those who write `instances list NAME`.
    @Argument(help: .hidden)
    var nameAfterList: String?

    @Option(name: .customLong("where"), help: WhereText.help)
    var filter: String?

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
        if let other = nameAfterList, name != "list" { throw ValidationError("unexpected argument \"\(other)\"") }
    }

    func execute(_ shell: Shell) async throws {
        _ = try filter.map { try InstanceConditions(parsing: $0) }
        let name = nameAfterList ?? name
        let client = try await shell.client()
        var instances: [InstanceBody] = []
        var cursor: String?
        repeat {
            let count = min(limit - instances.count, Limits.workflowInstancesPageMax)
            let query = [("per_page", "\(count)"), ("status", status), ("where", filter), ("cursor", cursor)]
            let (page, info) = try await client.callWithInfo(
                "GET",
                WorkflowPath.instances(name),
                query: query.compactMap { name, value in value.map { (name, $0) } },
                as: [InstanceBody].self
            )
            instances += page
            cursor = info?.cursor
        } while cursor != nil && instances.count < limit
        shell.list(instances, ["ID", "STATUS", "RUN", "TRIGGER", "CREATED", "DURATION"]) { instance in
            let start = instance.startedOn
            let duration = start.map { WorkflowText.duration(from: $0, to: instance.endedOn) } ?? ""
            return [
                instance.id, instance.status.rawValue, "\(instance.run)", instance.triggerSource,
                instance.createdOn.text, duration,
            ]
        }
        if cursor != nil { shell.note("there are more instances: --limit N") }
    }
}
