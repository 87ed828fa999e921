import FlareModel

/// What the status of an instance shows of a finished command: its exit status, and the ends of what it wrote.
struct ShellStepValue: Codable, Sendable {
    var exitStatus: Int32
    var stdout: String
    var stderr: String
    /// Bytes of output that were not kept; absent when all were.
    var omittedBytes: Int?

    init(exitStatus: Int32, output: [ShellOutputBody], omittedBytes: Int) {
        self.exitStatus = exitStatus
        stdout = Self.excerpt(output, .stdout)
        stderr = Self.excerpt(output, .stderr)
        self.omittedBytes = omittedBytes > 0 ? omittedBytes : nil
    }

    /// The last bytes of a stream as text, with a mark where the beginning is missing.
    private static func excerpt(_ output: [ShellOutputBody], _ stream: ShellOutputBody.Stream) -> String {
        var bytes: [UInt8] = []
        for piece in output where piece.stream == stream { bytes += piece.bytes }
        let end = bytes.suffix(Limits.shellExcerptBytesMax)
        let text = String(decoding: end, as: UTF8.self)
        return end.count < bytes.count ? "…" + text : text
    }
}
