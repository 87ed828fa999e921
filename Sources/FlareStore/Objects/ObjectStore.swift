import FlareModel
package import NIOCore

/// Where the bytes of large objects lie, by an id that the caller made.
///
/// Rows decide which of them are visible.
///
/// An id is 3 to 100 ASCII letters, digits, `-` or `_`, and is never used twice.
package protocol ObjectStore: Sendable {
    /// Throws `diskFull` when so many bytes would not leave the reserve.
    ///
    /// To be asked before bytes are taken in. Does not wait.
    func requireRoom(for bytes: Int, leaving reserve: DiskReserve) throws

    /// Begins an object. Its bytes can be read only after `finish`.
    func writer(_ id: String) async throws -> any ObjectWriter

    /// The bytes of an object or of a part of it; throws `objectNotFound` when there is none.
    /// The range must lie within the object.
    func read(_ id: String, range: Range<Int>?) async throws -> ObjectBytes

    /// Deletes an object. One that is missing is no error, so that a deletion can be tried again.
    func delete(_ id: String) async throws

    /// The ids of all finished objects, in no order: to find those that no row names.
    func listIDs() async throws -> [String]
}

/// Takes the bytes of one object, in order, from one task.
package protocol ObjectWriter: Sendable {
    func append(_ bytes: ByteBuffer) async throws

    /// Makes the object durable and readable under its id.
    func finish() async throws

    /// Forgets the object. To be called when `finish` was not, or failed.
    func discard() async
}

extension ObjectStore {
    /// Writes a whole object; durable and readable on return.
    package func write(_ id: String, _ bytes: ByteBuffer) async throws {
        let writer = try await writer(id)
        do {
            try await writer.append(bytes)
            try await writer.finish()
        } catch {
            await writer.discard()
            throw error
        }
    }

    /// The whole of an object.
    package func read(_ id: String) async throws -> ObjectBytes {
        try await read(id, range: nil)
    }
}

/// The bytes of a stored object, read in chunks as they are asked for.
package struct ObjectBytes: AsyncSequence, Sendable {
    package typealias Element = ByteBuffer

    /// How many bytes the chunks will have together.
    package let sizeBytes: Int
    private let start: Int
    private let chunkBytes: Int
    private let load: @Sendable (_ position: Int, _ count: Int) async throws -> ByteBuffer

    /// - Parameters:
    ///   - range: which bytes of the object.
    ///   - chunkBytes: the size of each chunk but the last.
    ///   - load: reads exactly that many bytes, or throws.
    package init(
        range: Range<Int>,
        chunkBytes: Int = Limits.objectFileChunkBytes,
        load: @escaping @Sendable (_ position: Int, _ count: Int) async throws -> ByteBuffer
    ) {
        start = range.lowerBound
        sizeBytes = range.count
        self.chunkBytes = chunkBytes
        self.load = load
    }

    package func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(bytes: self, position: start)
    }

    /// Reads exactly `count` bytes at a position within the object, or throws.
    package func read(at position: Int, count: Int) async throws -> ByteBuffer {
        precondition(position >= start && position + count <= start + sizeBytes, "a read beyond the bytes asked for")
        return try await load(position, count)
    }

    /// All bytes at once.
    ///
    /// For objects known to be small.
    package func collect() async throws -> ByteBuffer {
        var result = ByteBuffer()
        for try await var chunk in self {
            if result.readableBytes == 0 { result = chunk } else { result.writeBuffer(&chunk) }
        }
        return result
    }

    package struct AsyncIterator: AsyncIteratorProtocol {
        fileprivate let bytes: ObjectBytes
        fileprivate var position: Int

        package mutating func next() async throws -> ByteBuffer? {
            let count = Swift.min(bytes.chunkBytes, bytes.start + bytes.sizeBytes - position)
            guard count > 0 else { return nil }
            let chunk = try await bytes.load(position, count)
            position += count
            return chunk
        }
    }
}
