import FlareModel
import FoundationEssentials

/// The output of a command in the order in which it was written, up to a bound.
struct OutputRecording: Sendable {
    private(set) var pieces: [ShellOutputBody] = []
    private(set) var omittedBytes = 0
    private var room: Int

    init(bytesMax: Int = Limits.shellStepOutputBytesMax) {
        room = bytesMax
    }

    mutating func append(_ bytes: some Collection<UInt8>, _ stream: ShellOutputBody.Stream) {
        let kept = bytes.prefix(room)
        room -= kept.count
        omittedBytes += bytes.count - kept.count
        guard !kept.isEmpty else { return }
        if pieces.last?.stream == stream {
            pieces[pieces.count - 1].bytes.append(contentsOf: kept)
        } else {
            pieces.append(ShellOutputBody(stream: stream, bytes: Data(kept)))
        }
    }
}
