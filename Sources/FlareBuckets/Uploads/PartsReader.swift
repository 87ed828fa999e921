import FlareModel
import FlareStore
import NIOCore
import Synchronization

/// Reads the bytes of an object made of parts: one file after the other, each opened when it is reached.
///
/// As long as it lives, the files stay.
final class PartsReader: Sendable {
    private let parts: [ObjectPartRecord]
    private let objects: any ObjectStore
    private let hold: FileHold
    /// The file that was read last, and the index of its part.
    private let opened = Mutex<(index: Int, file: ObjectBytes)?>(nil)

    /// - Parameter parts: in their order, without gaps over the bytes that will be read.
    init(parts: [ObjectPartRecord], objects: any ObjectStore, hold: FileHold) {
        self.parts = parts.filter { $0.size > 0 }
        self.objects = objects
        self.hold = hold
    }

    /// Reads `count` bytes of the object from `position` on.
    func read(at position: Int, count: Int) async throws -> ByteBuffer {
        var result = ByteBuffer()
        var position = position
        let end = position + count
        while position < end {
            guard let index = index(of: position) else {
                throw FlareError(.corruptStore, "an object has no part for its byte \(position)")
            }
            let part = parts[index]
            let file = try await open(index)
            let wanted = min(end, part.range.upperBound) - position
            var chunk = try await file.read(at: position - part.start, count: wanted)
            if result.readableBytes == 0 { result = chunk } else { result.writeBuffer(&chunk) }
            position += wanted
        }
        return result
    }

    private func open(_ index: Int) async throws -> ObjectBytes {
        if let opened = opened.withLock({ $0 }), opened.index == index { return opened.file }
        let file = try await objects.read(parts[index].file)
        opened.withLock { $0 = (index, file) }
        return file
    }

    /// The part that holds a byte, found by halving.
    private func index(of position: Int) -> Int? {
        var (low, high) = (0, parts.count)
        while low < high {
            let middle = (low + high) / 2
            if parts[middle].range.upperBound <= position { low = middle + 1 } else { high = middle }
        }
        return low < parts.count && parts[low].range.contains(position) ? low : nil
    }
}
