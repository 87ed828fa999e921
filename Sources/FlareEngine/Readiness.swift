import FlareModel
import Glibc
import Synchronization

/// Tells the command that started the engine how it went, over the pipe that it passed.
///
/// Only the first word counts.
final class Readiness: Sendable {
    private let descriptor: Mutex<Int32?>
    private let failed = Mutex<FlareError?>(nil)

    /// - Parameter descriptor: the pipe, or nil when nobody waits.
    init(descriptor: Int32?) {
        self.descriptor = Mutex(descriptor)
    }

    func ready() {
        say(Array("ready".utf8))
    }

    /// Why the start has failed; nil when it has not.
    var failure: FlareError? { failed.withLock { $0 } }

    func failed(_ error: FlareError) {
        failed.withLock { $0 = $0 ?? error }
        say(FlareJSON.encode(EnvelopeError(error)))
    }

    private func say(_ word: [UInt8]) {
        let taken = descriptor.withLock { descriptor in
            defer { descriptor = nil }
            return descriptor
        }
        guard let taken else { return }
        // Whoever waited may have given up; then nobody needs the word.
        _ = word.withUnsafeBytes { write(taken, $0.baseAddress, $0.count) }
        close(taken)
    }
}
