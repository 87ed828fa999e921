import ArgumentParser
import FlareClient
import FlareModel

struct PipelinesSend: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "send",
        abstract: "Send records to a pipeline.",
        discussion: """
            The input is a JSON array of objects, one object, or one object a line. The command ends with status 65 \
            when records were refused; those that were not are committed.
            """
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The pipeline.", completion: Complete.pipelines)
    var name: String

    @Argument(help: "The file to read, \"-\" for stdin.", completion: .file())
    var file: String = "-"

    func execute(_ shell: Shell) async throws {
        let input = try FileInput(path: file == "-" ? nil : file)
        defer { input.close() }
        let isLines = file.hasSuffix(".ndjson") || file.hasSuffix(".jsonl")
        let response = try await shell.client().send(
            "POST",
            PipelinePath.pipeline(name) + "/records",
            headers: isLines ? [("Content-Type", "application/x-ndjson")] : [],
            body: .stream(lengthBytes: input.lengthBytes) { try input.next() }
        )
        let result = try await Self.result(of: response)
        shell.emit(result) { Self.describe(result) }
        if !result.refused.isEmpty { throw ExitCode(FlareError.Code.invalidData.exitStatus) }
    }

    /// The fate of each record; throws the error of an answer that has none.
    private static func result(of response: EngineResponse) async throws -> IngestResult {
        let bytes = try await response.bytes(max: Limits.bodyBytesMax)
        let envelope = try FlareJSON.decode(Envelope<IngestResult>.self, from: bytes)
        // When all were refused the answer is an error that lists them.
        if let result = envelope.result { return result }
        throw envelope.errors.first?.flareError
            ?? FlareError(.internalError, "the engine answered with status \(response.status) and no result")
    }

    private static func describe(_ result: IngestResult) -> String {
        let refusedCount = result.refusedCount ?? result.refused.count
        let place = result.offset.map { " from offset \($0)" } ?? ""
        var lines = ["committed \(result.committed), refused \(refusedCount)\(place)"]
        lines += result.refused.map { "record \($0.index): \($0.reason)" }
        if refusedCount > result.refused.count { lines.append("and \(refusedCount - result.refused.count) more") }
        return lines.joined(separator: "\n")
    }
}
