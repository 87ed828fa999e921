import FlareModel
import Glibc

/// Whose code a process ran last, as its harness has noted: the one to blame when it is stuck or has died.
struct ProgressMark: Sendable, Hashable {
    /// The id of the invocation.
    var invocation: String
    /// The step whose attempt ran; nil outside of steps.
    var attempt: StepAttempt?

    init(invocation: String, attempt: StepAttempt? = nil) {
        self.invocation = invocation
        self.attempt = attempt
    }

    /// Reads a record: its length as u32le, then JSON.
    ///
    /// The file is written by the process of user code, so nil for whatever does not fit.
    init?(_ record: UnsafeRawBufferPointer) {
        guard record.count > 4 else { return nil }
        let length = Int(UInt32(littleEndian: record.loadUnaligned(as: UInt32.self)))
        guard length > 0, length <= record.count - 4,
            let json = try? JSONReader.value(of: UnsafeRawBufferPointer(rebasing: record[4..<4 + length])),
            let invocation = json["inv"]?.stringValue
        else { return nil }
        self.invocation = invocation
        guard let step = json["step"]?.stringValue, let occurrence = json["n"]?.integerValue,
            let number = json["attempt"]?.integerValue
        else { return }
        attempt = StepAttempt(step: StepCall.StepName(name: step, occurrence: occurrence), attempt: number)
    }
}

/// The file in memory in which a process notes whose code it runs; its descriptor 3.
final class ProgressFile: Sendable {
    /// The longest record: two nested names and some numbers.
    private static let bytesMax = 16_384

    let descriptor: Int32

    /// Without a name as soon as it is open, so that nothing of it can be left over.
    ///
    /// Throws `storeFailed` when it cannot be made.
    init() throws {
        let name = "/flare-\(Identifier.hexadecimal())"
        var descriptor = shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0o600)
        if descriptor >= 0 {
            shm_unlink(name)
        } else {
            // A container may have no memory files.
            let path = "/tmp\(name)"
            descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
            if descriptor >= 0 { unlink(path) }
        }
        guard descriptor >= 0 else {
            throw FlareError(.storeFailed, "no memory file for a Worker: \(String(cString: strerror(errno)))")
        }
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }

    var mark: ProgressMark? {
        withUnsafeTemporaryAllocation(byteCount: Self.bytesMax, alignment: 8) { buffer in
            let count = pread(descriptor, buffer.baseAddress, buffer.count, 0)
            return count > 0 ? ProgressMark(UnsafeRawBufferPointer(rebasing: buffer[0..<count])) : nil
        }
    }
}
