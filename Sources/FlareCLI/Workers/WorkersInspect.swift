import ArgumentParser
import FlareClient
import FlareModel

struct WorkersInspect: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect",
        abstract: "Open a Worker's process to a debugger.",
        discussion: """
            Starts a process of the current version with Node's inspector on a port of this machine and lets it serve \
            everything, until the next deploy or until --stop. Whoever can reach the port can run code as you.
            """
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The Worker.", completion: Complete.workers)
    var name: String

    @Option(help: "The inspector's port on 127.0.0.1; 0 for any free one.")
    var port: Int = 9229

    @Flag(help: "End the process that is debugged; the next one is an ordinary one.")
    var stop = false

    func execute(_ shell: Shell) async throws {
        let client = try await shell.client()
        if stop {
            _ = try await client.call("DELETE", WorkerPath.inspect(name), as: EmptyResult.self)
            return shell.emit(["name": name]) { "stopped debugging Worker \(name)" }
        }
        let body = InspectBody(port: port)
        let inspector = try await client.call("POST", WorkerPath.inspect(name), body: body, as: InspectorBody.self)
        shell.emit(inspector) {
            """
            Worker \(inspector.worker) waits for a debugger in process \(inspector.pid)
            url        \(inspector.url)
            devtools   \(inspector.devtoolsURL)
            next: flare workers inspect \(inspector.worker) --stop
            """
        }
    }
}
