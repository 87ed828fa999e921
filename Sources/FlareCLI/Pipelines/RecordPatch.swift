import FlareModel
import FoundationEssentials
import Glibc

/// A change of records, written for jq.
struct RecordPatch: Sendable {
    private let filter: String
    private let program: String

    /// Throws `toolMissing` where there is no jq.
    init(_ filter: String) throws {
        self.filter = filter
        guard let program = FilterProcess.find("jq") else {
            throw FlareError(
                .toolMissing,
                "--patch needs jq, which is not installed",
                hint: "install it: apt install jq"
            )
        }
        self.program = program
    }

    /// Runs one jq over all records; tells for each what it became, or why it became no object.
    ///
    /// Throws `invalidArgument` with what jq says when it does not understand the filter.
    func apply(to records: [String]) async throws -> [Result<String, FlareError>] {
        if records.isEmpty { return [] }
        // One line for each record, whatever the filter gives for it.
        let whole = "try [\n\(filter)\n] catch {error: .}"
        let input = Array((records.joined(separator: "\n") + "\n").utf8)
        let result = try await FilterProcess(program: program, arguments: ["-c", whole]).run(input)
        guard result.status == 0 else {
            let said = String(decoding: result.error.prefix(2_000), as: UTF8.self)
            let reason = said.split(whereSeparator: \.isNewline).first ?? "it ended with status \(result.status)"
            throw FlareError(
                .invalidArgument,
                "jq cannot run the patch: \(reason)",
                hint: "try it: flare pipelines rejects list NAME --jsonl | jq -c '.record | \(filter)'"
            )
        }
        let lines = result.output.split(separator: UInt8(ascii: "\n"))
        guard lines.count == records.count else {
            throw FlareError(
                .invalidArgument,
                "the patch ended early: \(lines.count) results for \(records.count) records",
                hint: "it must not read input by itself, nor halt"
            )
        }
        return try lines.map(Self.record)
    }

    /// The one object of a line `[{…}]`.
    private static func record(_ line: ArraySlice<UInt8>) throws -> Result<String, FlareError> {
        let value = try JSONValue(json: line)
        func failure(_ reason: String) -> Result<String, FlareError> {
            .failure(FlareError(.invalidData, "the patch \(reason)", hint: "it must give one object for each record"))
        }
        guard let elements = value.arrayValue else {
            let error = value["error"] ?? .null
            return failure("failed: " + (error.stringValue ?? String(decoding: error.jsonBytes, as: UTF8.self)))
        }
        guard elements.count == 1 else { return failure("gives \(elements.count) values") }
        guard elements[0].objectValue != nil else { return failure("gives a value that is no object") }
        return .success(String(decoding: line.dropFirst().dropLast(), as: UTF8.self))
    }
}
