import Synchronization

/// A number that many event loops change.
final class Counter: Sendable {
    private let value = Atomic(0)

    /// Returns the value after the addition.
    @discardableResult
    func add(_ amount: Int) -> Int { value.add(amount, ordering: .relaxed).newValue }

    func subtract(_ amount: Int) { value.subtract(amount, ordering: .relaxed) }
}
