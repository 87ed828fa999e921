import CFlareProcess
import FlareModel
import FoundationEssentials
import Glibc
import Synchronization

/// Tells which files changed below the directories that it watches, by inotify(7).
///
/// A thread waits for the kernel's events, as a task must not; it lives as long as the process.
final class SourceWatcher: Sendable {
    /// Absolute paths, a batch for each quiet moment after changes.
    let changes: AsyncStream<Set<String>>

    private let descriptor: Int32
    private let directories = Mutex<[Int32: String]>([:])
    private let continuation: AsyncStream<Set<String>>.Continuation

    /// How long nothing must happen before changes are told, in milliseconds: editors and `git checkout` write many.
    private static let quietMilliseconds: Int32 = 60

    /// Directories whose files are made by tools, not written by people.
    private static let ignored: Set<String> = ["node_modules", "dist", "build", "coverage"]

    init() throws {
        descriptor = flare_watch_open()
        guard descriptor >= 0 else {
            throw FlareError(.internalError, "files cannot be watched: \(String(cString: strerror(-descriptor)))")
        }
        (changes, continuation) = AsyncStream.makeStream()
        var thread = pthread_t()
        let result = pthread_create(
            &thread,
            nil,
            { argument in
                guard let argument else { return nil }
                Unmanaged<SourceWatcher>.fromOpaque(argument).takeRetainedValue().run()
                return nil
            },
            Unmanaged.passRetained(self).toOpaque()
        )
        precondition(result == 0, "no thread could be made")
        pthread_detach(thread)
    }

    /// Watches one directory, without those below it; one that does not exist is left out.
    ///
    /// Throws when the kernel's limit of watches is reached.
    func watch(directory: String) throws {
        let number = flare_watch_directory(descriptor, directory)
        if number == -ENOSPC {
            throw FlareError(
                .tooManyRequests,
                "the kernel watches as many directories as it may",
                hint: "raise it: sudo sysctl fs.inotify.max_user_watches=524288"
            )
        }
        if number >= 0 { directories.withLock { $0[number] = directory } }
    }

    /// Watches a directory and those below it, without those of tools and those with a dot.
    func watch(tree: String) throws {
        try watch(directory: tree)
        for name in (try? FileManager.default.contentsOfDirectory(atPath: tree)) ?? []
        where !name.hasPrefix(".") && !Self.ignored.contains(name) {
            var isDirectory = false
            let path = "\(tree)/\(name)"
            // Links are not followed: they may lead upwards.
            let isLink = (try? FileManager.default.destinationOfSymbolicLink(atPath: path)) != nil
            if !isLink, FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory), isDirectory {
                try watch(tree: path)
            }
        }
    }

    private func run() {
        var changed: Set<String> = []
        while true {
            var poll = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            let ready = Glibc.poll(&poll, 1, changed.isEmpty ? -1 : Self.quietMilliseconds)
            if ready < 0, errno == EINTR { continue }
            if ready == 0 {
                continuation.yield(changed)
                changed = []
                continue
            }
            guard ready > 0, let events = read() else { return continuation.finish() }
            changed.formUnion(events)
        }
    }

    /// The paths of the events that wait; nil when they cannot be read.
    private func read() -> [String]? {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let count = Glibc.read(descriptor, &buffer, buffer.count)
        if count < 0, errno == EINTR { return [] }
        guard count > 0 else { return nil }
        let directories = directories.withLock { $0 }
        return buffer.withUnsafeBytes { bytes in
            var paths: [String] = []
            var offset = 0
            // struct inotify_event: the directory's number, mask, cookie and length of the name, 32 bits each.
            while offset + 16 <= count {
                let number = bytes.loadUnaligned(fromByteOffset: offset, as: Int32.self)
                let length = Int(bytes.loadUnaligned(fromByteOffset: offset + 12, as: UInt32.self))
                let name = bytes[(offset + 16)..<min(offset + 16 + length, count)].prefix { $0 != 0 }
                if let directory = directories[number], !name.isEmpty {
                    paths.append("\(directory)/\(String(decoding: name, as: UTF8.self))")
                }
                offset += 16 + length
            }
            return paths
        }
    }
}
