import FlareModel
import FlareStore
import Synchronization

/// Knows without a look at the rows when nobody has subscribed to a source, so that its events cost nothing then.
///
/// May err on the side of somebody: a transaction that makes a subscription says so before it is committed, and one
/// that is rolled back leaves it said. What the rows have shown counts only as long as no subscription was made since.
final class SubscriptionListeners: Sendable {
    private struct State {
        /// Counts what was said, so that an older look at the rows does not undo it.
        var generation = 0
        /// Nil until the rows were looked at.
        var sources: Set<SubscriptionSource>?
    }

    private let state = Mutex(State())

    /// Whether somebody may have subscribed to a source.
    func mayHear(_ source: SubscriptionSource) -> Bool {
        state.withLock { $0.sources?.contains(source) ?? true }
    }

    /// A subscription to the source is being made.
    func expect(_ source: SubscriptionSource) {
        state.withLock { state in
            state.generation += 1
            state.sources?.insert(source)
        }
    }

    /// After the commit of a transaction, takes over what its rows say, unless somebody was expected since.
    func learn(in tx: Transaction) throws {
        let generation = state.withLock { $0.generation }
        let sources = try SubscriptionRecord.sources(in: tx)
        tx.afterCommit {
            self.state.withLock { state in
                if state.generation == generation { state.sources = sources }
            }
        }
    }
}
