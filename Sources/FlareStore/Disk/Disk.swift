package import FlareModel
import Glibc
package import NIOCore

/// The seam between what must survive and the machine: every file that is not the database goes through it.
///
/// `PosixDisk` is the real one; `FaultyDisk` fails, fills up and loses power where a test says so.
package protocol Disk: Sendable {
    /// Makes a directory and its missing parents, readable by the owner alone; the new entries are durable on return.
    func createDirectory(_ path: String) throws(DiskError)

    func open(_ path: String, _ mode: DiskOpenMode) throws(DiskError) -> any DiskFile

    /// Replaces the target when it exists. Durable only after `syncDirectory` of the target's directory.
    func rename(_ path: String, to target: String) throws(DiskError)

    /// Removes a file. Fails with ENOENT when there is none.
    func remove(_ path: String) throws(DiskError)

    /// Removes an empty directory.
    func removeDirectory(_ path: String) throws(DiskError)

    /// The names in a directory, in no order. Empty when the directory is missing.
    func list(_ directory: String) throws(DiskError) -> [String]

    /// Makes the names in a directory durable: files created, renamed and removed in it.
    func syncDirectory(_ path: String) throws(DiskError)

    /// How many bytes may still be written to the disk that a directory is on.
    func freeBytes(_ directory: String) throws(DiskError) -> Int
}

/// How a file is opened.
package enum DiskOpenMode: Sendable {
    /// An existing file, for reading alone.
    case reading
    /// An existing file, for reading and writing.
    case updating
    /// An empty file: made when missing, cut to nothing when not.
    case replacing
}

/// An open file.
///
/// Closed when the last reference goes. Positions and counts are in bytes.
package protocol DiskFile: AnyObject, Sendable {
    /// Writes all parts one after the other. When it throws, any part of them may have been written.
    func write(_ parts: [ByteBuffer], at position: Int) throws(DiskError)

    /// Reads up to `count` bytes; fewer only where the file ends.
    func read(at position: Int, count: Int) throws(DiskError) -> ByteBuffer

    /// Lets the system begin to bring a range to the disk, so that a later `sync` finds less to do.
    ///
    /// Promises nothing: what cannot be begun is left to that `sync`, and it throws what goes wrong here.
    func beginSync(at position: Int, count: Int)

    /// Makes all that was written durable, with the file's size. After a failure what was written may be lost
    /// although a second call succeeds, so the caller must not trust this file any further.
    func sync() throws(DiskError)

    func sizeBytes() throws(DiskError) -> Int
}

/// What a call of the operating system answered.
package struct DiskError: Error, Sendable {
    /// The call's name: `fdatasync`.
    package let operation: String
    package let path: String
    /// `errno`.
    package let number: Int32

    package init(_ operation: String, _ path: String, _ number: Int32) {
        self.operation = operation
        self.path = path
        self.number = number
    }

    /// No room: the disk or the user's quota is full.
    ///
    /// Passes by itself when there is room again.
    package var isFull: Bool { number == ENOSPC || number == EDQUOT }

    package var isMissing: Bool { number == ENOENT }

    /// The same as an error for users.
    package var flareError: FlareError {
        if isFull {
            return FlareError(
                .diskFull,
                "the disk is full: \(operation) of \(path)",
                hint: "free some space; flare goes on by itself",
                cause: self
            )
        }
        return FlareError(
            .storeFailed,
            "\(operation) of \(path) failed: \(String(cString: strerror(number)))",
            cause: self
        )
    }
}

/// Runs disk calls and throws what fails as an error for users.
func onDisk<Value>(_ body: () throws(DiskError) -> Value) throws(FlareError) -> Value {
    do {
        return try body()
    } catch {
        throw error.flareError
    }
}

/// The value of disk calls, or nil when the file that they are about does not exist.
func unlessMissing<Value>(_ body: () throws(DiskError) -> Value) throws(DiskError) -> Value? {
    do {
        return try body()
    } catch {
        guard error.isMissing else { throw error }
        return nil
    }
}
