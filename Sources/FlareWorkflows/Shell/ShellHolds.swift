import Synchronization

/// The connections that hold attachments now.
///
/// A process in another container has a number that means nothing here; its connection does.
final class ShellHolds: Sendable {
    private let holds = Mutex<[Int64: Int64]>([:])

    /// Whether somebody holds an attachment of the instance.
    func isHeld(_ instance: Int64) -> Bool { holds.withLock { $0[instance] != nil } }

    func insert(_ attachment: Int64, for instance: Int64) {
        holds.withLock { $0[instance] = attachment }
    }

    func remove(_ attachment: Int64, for instance: Int64) {
        holds.withLock { if $0[instance] == attachment { $0[instance] = nil } }
    }
}
