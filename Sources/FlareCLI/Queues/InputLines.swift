import CFlareProcess
import FlareModel
import Glibc
import Synchronization

/// The lines of a file or of stdin, in groups: all whole lines that could be read at once.
///
/// A pipe that is fed slowly gives its lines as they come; a file gives many at a time. Reading goes on while a group
/// is being worked on, and ends at once when the task is cancelled.
struct InputLines: ~Copyable {
    /// A line without its end, and its number from 1.
    struct Line {
        let number: Int
        let bytes: ArraySlice<UInt8>
    }

    private let descriptor: Int32
    private let name: String
    /// Becomes readable when the task is cancelled.
    private let wake: (read: Int32, write: Int32)
    private var rest: [UInt8] = []
    private var lineCount = 0
    private var isAtEnd = false

    /// Opens a file; nil is stdin.
    ///
    /// Throws `fileNotFound`, or `invalidArgument` when it cannot be read.
    init(path: String?) throws {
        name = path ?? "stdin"
        if let path {
            descriptor = open(path, O_RDONLY | O_CLOEXEC)
            guard descriptor >= 0 else { throw Self.failure(path, errno) }
        } else {
            descriptor = STDIN_FILENO
        }
        var ends: [Int32] = [0, 0]
        guard flare_pipe(&ends) == 0 else { throw FlareError(.internalError, "no pipe could be made") }
        wake = (ends[0], ends[1])
    }

    deinit {
        if descriptor != STDIN_FILENO { close(descriptor) }
        close(wake.read)
        close(wake.write)
    }

    /// The next lines, blank ones left out; nil at the end.
    ///
    /// Throws `recordTooLarge` for a line that no message can hold.
    mutating func next() async throws -> [Line]? {
        while !isAtEnd {
            let piece = try await read()
            isAtEnd = piece.isEmpty
            rest += piece
            // The last line may lack its end.
            if isAtEnd, let last = rest.last, last != UInt8(ascii: "\n") { rest.append(UInt8(ascii: "\n")) }
            guard let end = rest.lastIndex(of: UInt8(ascii: "\n")) else {
                guard rest.count <= Limits.messageLineBytesMax else {
                    throw FlareError(.recordTooLarge, "line \(lineCount + 1) is longer than any message may be")
                }
                continue
            }
            let lines = split(rest[...end])
            rest.removeFirst(end + 1)
            if !lines.isEmpty { return lines }
        }
        return nil
    }

    private mutating func split(_ bytes: ArraySlice<UInt8>) -> [Line] {
        var lines: [Line] = []
        var start = bytes.startIndex
        while let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) {
            lineCount += 1
            var line = bytes[start..<end]
            if line.last == UInt8(ascii: "\r") { line.removeLast() }
            if line.contains(where: { $0 != 0x20 && $0 != 0x09 }) { lines.append(Line(number: lineCount, bytes: line)) }
            start = end + 1
        }
        return lines
    }

    /// What can be read now, at least one byte; empty at the end.
    private func read() async throws -> [UInt8] {
        try Task.checkCancellation()
        let (descriptor, name, wake) = (descriptor, name, wake)
        return try await withTaskCancellationHandler {
            // A thread of its own, as reading from a pipe may take for ever.
            try await JobThread.run {
                var polls = [
                    pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0),
                    pollfd(fd: wake.read, events: Int16(POLLIN), revents: 0),
                ]
                while poll(&polls, 2, -1) < 0, errno == EINTR {}
                if polls[1].revents != 0 { throw CancellationError() }
                return try Self.read(descriptor, name)
            }
        } onCancel: {
            _ = write(wake.write, [1], 1)
        }
    }

    private static func read(_ descriptor: Int32, _ name: String) throws -> [UInt8] {
        var count = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: Limits.objectChunkBytes) { buffer, used in
            repeat {
                count = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
            } while count < 0 && errno == EINTR
            used = max(0, count)
        }
        guard count >= 0 else { throw failure(name, errno) }
        return bytes
    }

    private static func failure(_ path: String, _ number: Int32) -> FlareError {
        let reason = String(cString: strerror(number))
        return FlareError(number == ENOENT ? .fileNotFound : .invalidArgument, "cannot read \(path): \(reason)")
    }
}
