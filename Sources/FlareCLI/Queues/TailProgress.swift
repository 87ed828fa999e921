import Synchronization

/// How far a tail has come, for what is said when it ends from outside.
final class TailProgress: Sendable {
    private let current = Mutex<(shown: Int, last: Int64?)>((0, nil))

    /// Messages shown, and the cursor of the last one.
    var state: (shown: Int, last: Int64?) { current.withLock { $0 } }

    func note(_ cursor: Int64?) {
        current.withLock { current in
            current.shown += 1
            current.last = cursor ?? current.last
        }
    }
}
