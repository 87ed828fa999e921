package import FlareModel
import Glibc
import Synchronization

/// What must stay free of a disk when something has been taken in.
package enum DiskReserve: Sendable {
    /// For what comes from outside and can be refused.
    case accepting
    /// For going on with what was accepted, which makes room elsewhere when it is done.
    case finishing

    /// In bytes.
    package var bytes: Int {
        switch self {
        case .accepting: Limits.diskReserveBytes
        case .finishing: Limits.diskReserveBytes / 2
        }
    }
}

/// Keeps the last of a disk for what makes room: all that takes something in asks here first.
///
/// An acknowledgement, a deletion and a purge are writes, too: on a disk filled to the brim none would be possible any
/// more. The disk is measured seldom; in between it is known from what was taken.
package final class DiskRoom: Sendable {
    private let directory: String
    private let disk: any Disk
    private let rule: Mutex<DiskRoomRule>

    /// - Parameters:
    ///   - directory: on the disk in question.
    ///   - trustedBytesMax: with 0 the disk is measured each time.
    package init(
        directory: String,
        disk: any Disk = PosixDisk(),
        trustedBytesMax: Int = Limits.diskTrustedBytesMax
    ) {
        self.directory = directory
        self.disk = disk
        rule = Mutex(DiskRoomRule(trustedBytesMax: trustedBytesMax))
    }

    /// Throws `diskFull` when so many bytes would not leave the reserve.
    ///
    /// - Parameters:
    ///   - isOpen: the bytes are written only when the open group of transactions ends, of which `endGroup` tells.
    ///   - reusable: bytes that are taken on the disk and free for what comes, as pages of a database; asked for only
    ///     when the disk is measured.
    package func require(
        _ bytes: Int,
        leaving reserve: DiskReserve = .accepting,
        isOpen: Bool = false,
        reusable: () throws -> Int = { 0 }
    ) throws {
        let now = Self.now()
        if rule.withLock({ $0.take(bytes, leaving: reserve, at: now, isOpen: isOpen) }) { return }
        let free = try onDisk { () throws(DiskError) in try disk.freeBytes(directory) }
        let reusable = try reusable()
        let isTaken = rule.withLock { rule in
            rule.measured(free: free, reusable: reusable, at: now)
            return rule.take(bytes, leaving: reserve, at: now, isMeasured: true, isOpen: isOpen)
        }
        guard !isTaken else { return }
        throw FlareError(
            .diskFull,
            "the disk has \(formatSizeBytes(free)) left; the last \(formatSizeBytes(reserve.bytes)) are kept so that "
                + "what is there can still be consumed and deleted",
            hint: "delete objects or messages, or free some space; flare goes on by itself"
        )
    }

    /// What was taken as open is on the disk now, or was given up.
    func endGroup() {
        rule.withLock { $0.endGroup() }
    }

    /// Why so many bytes cannot be taken; nil when they can.
    package func refusal(of bytes: Int) -> FlareError? {
        do {
            try require(bytes)
            return nil
        } catch {
            return error as? FlareError ?? FlareError(.storeFailed, "the disk cannot be measured: \(error)")
        }
    }

    /// Milliseconds that only grow, a few of them late.
    private static func now() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC_COARSE, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }
}

/// Decides how much may be taken from a disk, and when its last measurement says too little.
struct DiskRoomRule {
    /// See `Limits.diskTrustedBytesMax`.
    let trustedBytesMax: Int
    private var free = 0
    private var reusable = 0
    /// What the open group of transactions has taken: most of it is in memory yet, and the disk looks free of it.
    private var open = 0
    /// What may still be taken on the word of the last measurement.
    private var trusted = 0
    private var trustedUntil = Int64.min

    init(trustedBytesMax: Int) {
        self.trustedBytesMax = trustedBytesMax
    }

    /// The disk was measured.
    mutating func measured(free: Int, reusable: Int, at now: Int64) {
        self.free = free - open
        self.reusable = reusable
        // The nearer to the end, the more often the disk is asked: others fill it, too.
        trusted = min(max(0, self.free - DiskReserve.accepting.bytes) / 16, trustedBytesMax)
        trustedUntil = now + Limits.diskTrustedMilliseconds
    }

    /// Takes bytes; false when they do not fit, or when only a new measurement could tell.
    ///
    /// - Parameter isOpen: the bytes are to be thought of in each measurement until the group ends.
    mutating func take(
        _ bytes: Int,
        leaving reserve: DiskReserve,
        at now: Int64,
        isMeasured: Bool = false,
        isOpen: Bool = false
    ) -> Bool {
        guard isMeasured || (now < trustedUntil && bytes <= trusted) else { return false }
        // What is free within a file takes the place of half of the reserve at most: the file's log must grow, too.
        let standIn = min(reusable, reserve.bytes / 2)
        guard bytes <= free - reserve.bytes + standIn else { return false }
        free -= bytes
        trusted = max(0, trusted - bytes)
        if isOpen { open += bytes }
        return true
    }

    /// The open group was committed or undone: the next measurement sees what became of it.
    mutating func endGroup() {
        open = 0
    }
}
