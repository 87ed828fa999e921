import ArgumentParser
import FlareClient
import FlareModel

struct WorkersList: FlareCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "List the deployed Workers.")

    @OptionGroup var global: GlobalOptions

    func execute(_ shell: Shell) async throws {
        let workers = try await shell.client().call("GET", WorkerPath.all, as: [WorkerBody].self)
        shell.list(workers, ["NAME", "VERSION", "HANDLERS", "BINDINGS", "CONSUMERS", "WORKFLOWS", "DEPLOYED"]) {
            worker in
            [
                worker.name, worker.version, worker.handlers.joined(separator: ","), "\(worker.bindings.count)",
                "\(worker.consumers.count)", "\(worker.workflows.count)", worker.modifiedOn.text,
            ]
        }
    }
}
