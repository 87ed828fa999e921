import FlareModel

/// Decides who copies pages of the write-ahead log to the database file, and when.
///
/// The thread may only begin while the log holds pages that are not copied yet, and the writer may only copy while the
/// thread does not. SQLite before 3.51.3 (3.50.7, 3.44.6) loses commits otherwise: when a copy begins on a log that is
/// copied to its end, another connection's commit may begin the log anew right then, and the copy counts the pages of
/// that commit as copied (https://www.sqlite.org/wal.html#walresetbug). A log with pages left to copy is never begun
/// anew. So, from the decision until the thread has copied, commits only make the log longer:
/// - `begin` is decided on the writer's thread, after a commit whose pages came after the last copy: nothing but the
///   thread and the writer copies while the database is open, each tells how far it came, and a copy that cannot tell
///   is followed by one of the writer's own.
/// - SQLite's own copies are off on the writer (`Checkpointer.attach`), and no other connection commits.
/// - Migrations run before there is a thread, and the copies at the end after both threads have ended.
/// The writer's own copy is safe on any log, since no commit is possible beside it.
struct CheckpointRule: Sendable {
    enum Next {
        case nothing
        /// Let the thread copy.
        case begin
        /// Copy the rest within the writer, so that no commit comes between and the log begins anew.
        case finish
    }

    /// Whether the thread copies, or is about to.
    private(set) var isRunning = false
    /// Pages in the log, as of the last commit.
    private var pages = 0
    /// How many there were when the last copy began.
    private var begunAt = 0
    /// How many of them are in the database file, as far as is known.
    private var copied = 0
    /// Whether the thread has copied and the writer has not yet copied the rest.
    private var mayFinish = false
    /// Whether the thread could not tell how far it came: then only the writer may copy.
    private var isUnknown = false

    /// A commit has added pages to the log.
    mutating func committed(pages: Int) {
        self.pages = pages
    }

    /// The thread has copied; nil when it failed.
    mutating func ended(copied: Int?) {
        isRunning = false
        isUnknown = copied == nil
        self.copied = copied ?? self.copied
        mayFinish = copied.map { $0 > 0 } ?? false
    }

    /// The writer has copied; nil when it failed.
    ///
    /// Whatever is in the log more than now is not copied.
    mutating func finished(copied: Int?) {
        isUnknown = false
        self.copied = copied ?? pages
    }

    /// Decides after a commit.
    mutating func next() -> Next {
        // The log has begun anew.
        if pages < max(begunAt, copied) { (begunAt, copied, mayFinish) = (0, 0, false) }
        if isRunning { return .nothing }
        if mayFinish, pages - copied <= Limits.databaseLogFinishPages {
            (begunAt, mayFinish) = (pages, false)
            return .finish
        }
        guard pages - begunAt >= Limits.databaseLogPages, pages > copied else { return .nothing }
        begunAt = pages
        if isUnknown || pages >= Limits.databaseLogPagesMax { return .finish }
        // Safe for the thread: see above.
        isRunning = true
        return .begin
    }
}
