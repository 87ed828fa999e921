/// Every bound of flare, with its unit and the reason for its value.
///
/// A room adds its own in an extension in this file.
package enum Limits {
    /// The largest record that ingest accepts, in bytes: larger ones belong in a bucket.
    package static let recordBytesMax = 1_000_000

    /// The largest ingest or control body, in bytes.
    package static let bodyBytesMax = 100_000_000

    /// Objects up to this size live in their database row; larger ones in a file of their own.
    package static let inlineObjectBytesMax = 16_384

    /// Writes that may wait for the database writer before those of an event loop are refused.
    ///
    /// A task waits for its own write, which bounds how many there are.
    package static let databaseWaitingMax = 4_096

    /// Bodies committed together, so that one commit stays short.
    package static let databaseGroupMax = 512

    /// Pages of 4 KiB in the database's write-ahead log from which on they are copied to the database file.
    ///
    /// What SQLite does by itself: fewer would be copied more often, more would make reads slower.
    package static let databaseLogPages = 1_000

    /// Pages of the log that the writer may copy between two commits: about a millisecond.
    package static let databaseLogFinishPages = 64

    /// Pages of the log from which on the writer copies all of them itself, since commits come faster than they are
    /// copied beside: 64 MiB on disk.
    package static let databaseLogPagesMax = 16_384

    /// The longest name that is compared with those there are, in bytes, and how much of a text an error says again.
    ///
    /// Longer than any name may be: a text of a whole body would be compared for minutes.
    package static let mistypedNameBytesMax = 256

    /// The file name bytes of a Unix socket address on Linux (sockaddr_un.sun_path holds 108 with its final zero).
    package static let socketPathBytesMax = 107
}
