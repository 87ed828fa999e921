import FlareModel
import FlarePipelines
import NIOCore

/// Common requests, which the recogniser has read.
extension IngestHandler {
    /// Begins a request; false when the general decoder must read it.
    func begin(_ head: CommonHead, in bytes: ByteBuffer) -> Bool {
        guard !hasLastRequest,
            let name = bytes.getSlice(at: bytes.readerIndex + head.name.lowerBound, length: head.name.count)
        else { return false }
        guard let stream = stream(named: name) else { return false }
        let rules = stream.rules
        // Who needs a token gets the answer that tells so from the general path.
        guard !rules.requiresToken else { return false }
        noteRead()
        begin(
            .records(IngestRequest(stream: stream, rules: rules, form: head.form)),
            announcedBytes: head.contentLength,
            keepsAlive: true
        )
        return true
    }

    func takeRecognised(_ bytes: ByteBuffer) {
        guard !hasLastRequest else { return }
        noteRead()
        take(bytes)
    }

    func endRecognised() {
        guard !hasLastRequest else { return }
        end()
    }

    /// The stream of a pipeline, remembered from the request before.
    private func stream(named name: ByteBuffer) -> StreamLog? {
        if let last = lastStream, last.name == name, !last.stream.isClosed { return last.stream }
        do {
            let stream = try pipelines.stream(named: String(buffer: name))
            lastStream = (ByteBuffer(bytes: name.readableBytesView), stream)
            return stream
        } catch {
            // The general path finds the same and answers.
            return nil
        }
    }
}
