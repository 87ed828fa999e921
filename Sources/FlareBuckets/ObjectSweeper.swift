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

    /// Deletes those of the files that no row names.
    ///
    /// Returns how many.
    @discardableResult
    func delete(_ files: [String]) async throws -> Int {
        var deleted = 0
        for start in stride(from: 0, to: files.count, by: Self.lookup) {
            let some = Array(files[start..<min(start + Self.lookup, files.count)])
            let unused = try await database.read { tx in
                try some.filter { try !ObjectRecord.isReferenced(file: $0, in: tx) }
            }
            for file in unused { try await objects.delete(file) }
            deleted += unused.count
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
