import ArgumentParser
import FlareClient
import FlareModel

struct WorkflowsList: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the workflows and how many instances they have.",
        discussion: "The instances of one workflow: flare workflows instances NAME"
    )

    @OptionGroup var global: GlobalOptions

    func execute(_ shell: Shell) async throws {
        let client = try await shell.client()
        var workflows: [WorkflowBody] = []
        var page: [WorkflowBody]
        var number = 1
        repeat {
            page = try await client.call(
                "GET",
                WorkflowPath.all,
                query: [("page", "\(number)"), ("per_page", "1000")],
                as: [WorkflowBody].self
            )
            workflows += page
            number += 1
        } while page.count == 1000
        shell.list(workflows, ["NAME", "WORKER", "CLASS", "UNFINISHED", "COMPLETE", "ERRORED", "TERMINATED"]) {
            let counts = $0.instances
            let unfinished = InstanceStatus.allCases.filter { !$0.isFinal }.map { counts[$0.rawValue] ?? 0 }.reduce(
                0,
                +
            )
            let ended = [InstanceStatus.complete, .errored, .terminated].map { "\(counts[$0.rawValue] ?? 0)" }
            return [$0.name, $0.scriptName, $0.className, "\(unfinished)"] + ended
        }
    }
}
