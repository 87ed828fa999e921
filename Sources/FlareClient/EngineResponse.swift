import FlareModel

/// An answer of the engine: its head, and its body while it arrives.
package struct EngineResponse: Sendable {
    package let status: Int
    package let headers: [(name: String, value: String)]
    package let chunks: ResponseChunks

    /// The first value of a header, whatever its case.
    package func header(_ name: String) -> String? {
        headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }

    /// Passes good answers on; throws the error of the envelope otherwise.
    @discardableResult
    package func check() async throws -> EngineResponse {
        guard status >= 400 else { return self }
        let body = try await bytes(max: Limits.bodyBytesMax)
        guard let envelope = try? FlareJSON.decode(Envelope<EmptyResult>.self, from: body),
            let error = envelope.errors.first
        else {
            throw FlareError(.internalError, "the engine answered with status \(status)", hint: "flare engine logs")
        }
        throw error.flareError
    }

    /// The whole body; throws `bodyTooLarge` past `max` bytes.
    package func bytes(max: Int) async throws -> [UInt8] {
        var result: [UInt8] = []
        for try await chunk in chunks {
            result += chunk
            guard result.count <= max else {
                throw FlareError(.bodyTooLarge, "the engine's answer is larger than \(formatSizeBytes(max))")
            }
        }
        return result
    }

    /// The lines of an NDJSON body as they arrive, without their ends, blank ones left out.
    package func lines() -> ResponseLines {
        ResponseLines(chunks: chunks)
    }
}

/// The lines of a streamed body.
package struct ResponseLines: AsyncSequence, Sendable {
    let chunks: ResponseChunks

    package struct AsyncIterator: AsyncIteratorProtocol {
        var chunks: ResponseChunks.AsyncIterator
        var pending: [UInt8] = []
        var position = 0

        package mutating func next() async throws -> [UInt8]? {
            while true {
                while let end = pending[position...].firstIndex(of: UInt8(ascii: "\n")) {
                    let line = Array(pending[position..<end])
                    position = end + 1
                    if !line.isEmpty { return line }
                }
                pending.removeFirst(position)
                position = 0
                guard let chunk = try await chunks.next() else {
                    defer { pending = [] }
                    return pending.isEmpty ? nil : pending
                }
                pending += chunk
            }
        }
    }

    package func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(chunks: chunks.makeAsyncIterator())
    }
}
