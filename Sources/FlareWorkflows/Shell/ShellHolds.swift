import Synchronization

/// The connections that hold attachments now.
///
/// A process in another container has a number that means nothing here; its connection does.
final class ShellHolds: Sendable {
    /// How many hold each attachment of an instance: a runner may be back before it is known that it was gone.
    private let holds = Mutex<[Int64: [Int64: Int]]>([:])

    /// Whether somebody holds an attachment of the instance.
    func isHeld(_ instance: Int64) -> Bool { holds.withLock { $0[instance] != nil } }

    /// Whether somebody holds the instance with this attachment.
    func isHeld(_ instance: Int64, as attachment: Int64) -> Bool {
        holds.withLock { $0[instance]?[attachment] != nil }
    }

    func insert(_ attachment: Int64, for instance: Int64) {
        holds.withLock { $0[instance, default: [:]][attachment, default: 0] += 1 }
    }

    func remove(_ attachment: Int64, for instance: Int64) {
        holds.withLock { holds in
            let rest = (holds[instance]?[attachment] ?? 1) - 1
            holds[instance]?[attachment] = rest > 0 ? rest : nil
            if holds[instance]?.isEmpty == true { holds[instance] = nil }
        }
    }
}
