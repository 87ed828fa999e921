import ArgumentParser
import FlareClient
import FlareModel
import FoundationEssentials

struct WorkflowsVerify: FlareCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Run a workflow's code against recorded histories, and show where it would part from them.",
        discussion: """
            No step does its work: each gets its recorded result. Code that asks for other steps, or returns something \
            else, would not go on well with instances that the recorded code began. Histories come from: \
            flare workflows export NAME ID > FILE

            Code that is not to be deployed yet is checked in a state directory of its own: the same FLARE_STATE for \
            flare deploy and flare workflows verify.

            Exit status: 0 all match, 1 one differs.
            """
    )

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The workflow.", completion: Complete.workflows)
    var name: String

    @Option(
        name: .long,
        help: ArgumentHelp("A recorded history, or a directory of them (*.json).", valueName: "file|dir"),
        completion: .file()
    )
    var history: String

    @Option(name: .long, help: "The version whose code is run. Default: the current one.")
    var version: String?

    /// What was found for one file.
    private struct Finding: Codable, Sendable {
        var file: String
        var verification: VerificationBody
    }

    func execute(_ shell: Shell) async throws {
        let files = try Self.files(at: history)
        let client = try await shell.client()
        var findings: [Finding] = []
        for file in files {
            let response = try await client.send(
                "POST",
                WorkflowPath.own(name) + "/verify",
                query: version.map { [("version", $0)] } ?? [],
                headers: [("Content-Type", "application/json")],
                body: .bytes(try Self.read(file))
            )
            do {
                let bytes = try await response.check().bytes(max: Limits.bodyBytesMax)
                let envelope = try FlareJSON.decode(Envelope<VerificationBody>.self, from: bytes)
                guard let found = envelope.result else {
                    throw FlareError(.internalError, "the engine answered without a result")
                }
                findings.append(Finding(file: file, verification: found))
            } catch let error as FlareError where files.count > 1 {
                throw FlareError(error.code, "\(file): \(error.message)", hint: error.hint, cause: error)
            }
        }
        if shell.json {
            shell.writeBytes(FlareJSON.encode(findings, pretty: true) + [UInt8(ascii: "\n")])
        } else {
            for finding in findings { shell.line(Self.text(finding)) }
        }
        if findings.contains(where: { !$0.verification.matches }) { throw ExitCode(1) }
    }

    private static func text(_ finding: Finding) -> String {
        let found = finding.verification
        let reach = found.isWhole ? "" : ", which is as far as the history goes"
        guard let difference = found.difference else {
            return "\(finding.file): matches, \(found.verified) of \(found.recorded) steps\(reach)"
        }
        let source = difference.source.map { "\n  at \($0)" } ?? ""
        return "\(finding.file): differs after \(found.verified) steps: \(difference.message)\(source)"
    }

    /// The file, or the `.json` files of the directory by name.
    private static func files(at path: String) throws -> [String] {
        var isDirectory = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) else {
            throw FlareError(
                .fileNotFound,
                "\(path) does not exist",
                hint: "write a history: flare workflows export NAME ID > history.json"
            )
        }
        guard isDirectory else { return [path] }
        let names = try FileManager.default.contentsOfDirectory(atPath: path).filter { $0.hasSuffix(".json") }
        guard !names.isEmpty else { throw FlareError(.fileNotFound, "\(path) holds no file *.json") }
        return names.sorted().map { path.hasSuffix("/") ? path + $0 : "\(path)/\($0)" }
    }

    private static func read(_ file: String) throws -> [UInt8] {
        let input = try FileInput(path: file)
        defer { input.close() }
        var bytes: [UInt8] = []
        while let piece = try input.next() {
            bytes += piece
            guard bytes.count <= Limits.workflowHistoryBytesMax else {
                let most = formatSizeBytes(Limits.workflowHistoryBytesMax)
                throw FlareError(.bodyTooLarge, "\(file) is larger than \(most)")
            }
        }
        return bytes
    }
}
