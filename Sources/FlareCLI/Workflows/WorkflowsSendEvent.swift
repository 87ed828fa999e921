import ArgumentParser
import FlareClient
import FlareModel

struct WorkflowsSendEvent: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "send-event",
        abstract: "Send an event to an instance, for a step that waits for it or will."
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The workflow.", completion: Complete.workflows)
    var name: String

    @Argument(help: "The instance's id.", completion: Complete.instances)
    var id: String

    @Option(name: .long, help: "The type that the step waits for.")
    var type: String

    @Option(
        name: .long,
        help: ArgumentHelp("What the step receives: JSON, @FILE, or \"-\" for stdin.", valueName: "json|@file|-"),
        completion: .file()
    )
    var payload: String?

    func execute(_ shell: Shell) async throws {
        let bytes = try payload.map { Array((try JSONText.read($0, "--payload").stringValue ?? "").utf8) }
        let response = try await shell.client().send(
            "POST",
            WorkflowPath.instance(name, id) + "/events/\(PercentCoding.encode(type))",
            headers: [("Content-Type", "application/json")],
            body: bytes.map { .bytes($0) } ?? .none
        )
        let reply = try await response.check().bytes(max: Limits.bodyBytesMax)
        let envelope = try FlareJSON.decode(Envelope<InstanceEventBody>.self, from: reply)
        guard let event = envelope.result else {
            throw FlareError(.internalError, "the engine answered without a result")
        }
        shell.emit(event) { "sent \(type) to \(name) \(event.instanceID)" }
    }
}
