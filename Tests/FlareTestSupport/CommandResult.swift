package import FlareModel

/// What a finished command printed and how it ended.
package struct CommandResult: Sendable {
    /// The command as one would type it.
    package let command: String
    /// The exit status; 128 plus the number of the signal that ended it, as shells tell it.
    package let status: Int32
    package let stdoutBytes: [UInt8]
    package let stderr: String

    package var stdout: String { String(decoding: stdoutBytes, as: UTF8.self) }

    /// The lines of stdout, without the empty one behind the last newline.
    package var lines: [String] {
        stdout.split(separator: "\n", omittingEmptySubsequences: false).map(String.init).dropLast(
            stdout.isEmpty || stdout.hasSuffix("\n") ? 1 : 0
        )
    }

    /// Throws what the command printed unless it ended with status 0.
    @discardableResult
    package func check() throws -> CommandResult {
        guard status == 0 else { throw CommandFailure(result: self) }
        return self
    }

    /// Stdout as JSON.
    ///
    /// Throws with all that was printed when it is not.
    package func json() throws -> JSONValue {
        do {
            return try JSONValue(json: stdoutBytes)
        } catch {
            throw CommandFailure(result: self)
        }
    }

    /// Whether a line of a table has these columns next to each other.
    package func containsRow(_ columns: String...) -> Bool {
        lines.contains { line in
            let cells = line.split(separator: "  ").map { $0.drop { $0 == " " } }.map(String.init)
            return cells.indices.contains { start in cells[start...].starts(with: columns) }
        }
    }
}

extension CommandResult: CustomStringConvertible {
    package var description: String {
        var text = "$ \(command)\n→ \(status)"
        if !stdout.isEmpty { text += "\n\(stdout)" }
        if !stderr.isEmpty { text += "\n[stderr] \(stderr)" }
        return text
    }
}

/// A command that should have succeeded and did not.
package struct CommandFailure: Error, CustomStringConvertible {
    package let result: CommandResult

    package var description: String { result.description }
}
