import FlareModel
import FlareStore
import Logging
import ServiceLifecycle
import Synchronization

/// Deletes files of objects that no row needs any more: those of replaced and deleted objects, and on start those that
/// a crash has left behind.
///
/// Every file is looked up among the rows before it is deleted, so that no file of a visible object can go, whatever
/// went wrong before.
package final class ObjectSweeper: Service {
    private struct State {
        /// Files that are being written or wait for their row.
        var staged: Set<String> = []
        /// How many readers hold a file.
        var held: [String: Int] = [:]
        /// Files without a row that are deleted when their last reader has gone.
        var postponed: Set<String> = []
        /// Files whose row is gone, to be deleted.
        var retired: [String] = []
        /// More were retired than the list holds: compare all files with the rows.
        var hasOverflowed = false
    }

    /// Files looked up in one read of the database.
    private static let lookup = 500

    private let database: Database
    private let objects: any ObjectStore
    private let logger: Logger
    private let state = Mutex(State())
    private let wake = Wake()

    init(database: Database, objects: any ObjectStore, logger: Logger) {
        self.database = database
        self.objects = objects
        self.logger = logger
    }

    /// Collects what a crash has left, then deletes files as they are retired.
    ///
    /// Ends on graceful shutdown.
    package func run() async throws {
        await cancelWhenGracefulShutdown {
            await self.attempt { try await self.collectOrphans() }
            while !Task.isCancelled {
                let (retired, hasOverflowed) = self.state.withLock { state in
                    defer { (state.retired, state.hasOverflowed) = ([], false) }
                    return (state.retired, state.hasOverflowed)
                }
                await self.attempt { try await self.delete(retired) }
                if hasOverflowed { await self.attempt { try await self.collectOrphans() } }
                await self.wake.wait()
            }
        }
    }

    /// Deletes all files that no row names and nobody is writing.
    ///
    /// Returns how many there were.
    @discardableResult
    package func collectOrphans() async throws -> Int {
        // Staged files are read after the list: a file that has come and been committed in between has its row by now.
        let listed = try await objects.listIDs()
        let staged = state.withLock { $0.staged }
        let deleted = try await delete(listed.filter { !staged.contains($0) })
        if deleted > 0 { logger.info("deleted files without an object", metadata: ["count": "\(deleted)"]) }
        return deleted
    }

    /// Protects a file that is about to be written until `release`.
    func protect(_ file: String) {
        state.withLock { _ = $0.staged.insert(file) }
    }

    /// The file has its row, or will never have one.
    func release(_ file: String) {
        state.withLock { _ = $0.staged.remove(file) }
    }

    /// Hands over a file whose row is gone.
    ///
    /// Short, to be called after a commit.
    func retire(_ file: String) {
        state.withLock { state in
            if state.retired.count < Limits.retiredFilesMax {
                state.retired.append(file)
            } else {
                state.hasOverflowed = true
            }
        }
        wake.notify()
    }

    /// Keeps files from being deleted as long as the answer lives, whether or not rows name them.
    ///
    /// A file that has lost its row before may be gone already: look at the row once more.
    func hold(_ files: [String]) -> FileHold {
        state.withLock { state in
            for file in files { state.held[file, default: 0] += 1 }
        }
        return FileHold { [weak self] in self?.unhold(files) }
    }

    private func unhold(_ files: [String]) {
        let free = state.withLock { state -> [String] in
            files.filter { file in
                let count = state.held[file, default: 1] - 1
                state.held[file] = count == 0 ? nil : count
                return count == 0 && state.postponed.remove(file) != nil
            }
        }
        for file in free { retire(file) }
    }

    /// Deletes those of the files that no row names and no reader holds; the held ones follow when they are free.
    ///
    /// Returns how many.
    @discardableResult
    func delete(_ files: [String]) async throws -> Int {
        var deleted = 0
        for start in stride(from: 0, to: files.count, by: Self.lookup) {
            let some = Array(files[start..<min(start + Self.lookup, files.count)])
            let unused = try await database.read { tx in
                try some.filter { file in
                    try !ObjectRecord.isReferenced(file: file, in: tx)
                        && !ObjectPartRecord.isReferenced(file: file, in: tx)
                        && !UploadPartRecord.isReferenced(file: file, in: tx)
                }
            }
            let free = state.withLock { state in
                unused.filter { file in
                    let isHeld = state.held[file] != nil
                    if isHeld { state.postponed.insert(file) }
                    return !isHeld
                }
            }
            for file in free { try await objects.delete(file) }
            deleted += free.count
        }
        return deleted
    }

    /// A file that cannot be deleted now only takes up room; the next start tries again.
    private func attempt(_ work: () async throws -> some Sendable) async {
        do {
            _ = try await work()
        } catch {
            logger.warning("files of deleted objects are left behind", metadata: ["error": "\(error)"])
        }
    }
}

/// Keeps some files from being deleted until it goes.
final class FileHold: Sendable {
    private let end: @Sendable () -> Void

    init(_ end: @escaping @Sendable () -> Void) {
        self.end = end
    }

    deinit {
        end()
    }
}
