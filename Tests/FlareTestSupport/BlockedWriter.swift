package import FlareStore

/// Keeps the thread that writes to a database busy, so that all that is handed to it meanwhile becomes one commit.
///
/// Frees it when nobody holds this any more.
package final class BlockedWriter: Sendable {
    private let isFree = Monitor(false)

    /// Returns when nothing is written any more.
    package init(of database: Database) async {
        let isBlocked = Wake()
        database.write { [isFree] _ in
            isBlocked.notify()
            isFree.wait { $0 ? () : nil }
        } completion: { _ in
        }
        await isBlocked.wait()
    }

    deinit { free() }

    /// Lets the writer go on with what waits.
    package func free() {
        isFree.withLock { $0 = true }
        isFree.notifyAll()
    }
}
