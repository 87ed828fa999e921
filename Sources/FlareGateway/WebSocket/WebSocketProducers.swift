import Synchronization

/// Which connection speaks for a producer: the newest, and not before the one that it replaces has nothing under way.
///
/// So a client that connects again learns a last number that no late append can change.
final class WebSocketProducers: Sendable {
    struct Name: Hashable, Sendable {
        let pipeline: String
        let producer: String
    }

    /// One connection's wish to speak for a producer.
    ///
    /// The closures only hand over to the connection's event loop.
    final class Claim: Sendable {
        fileprivate let name: Name
        fileprivate let granted: @Sendable () -> Void
        fileprivate let superseded: @Sendable () -> Void

        /// - Parameters:
        ///   - granted: the connection speaks for the producer from now on.
        ///   - superseded: a newer connection waits; append nothing more, and release.
        init(_ name: Name, granted: @escaping @Sendable () -> Void, superseded: @escaping @Sendable () -> Void) {
            self.name = name
            self.granted = granted
            self.superseded = superseded
        }
    }

    private struct Place {
        var holder: Claim
        var next: Claim?
    }

    private let places = Mutex<[Name: Place]>([:])

    func add(_ claim: Claim) {
        let (granted, superseded) = places.withLock { places -> (Claim?, [Claim]) in
            guard let place = places[claim.name] else {
                places[claim.name] = Place(holder: claim)
                return (claim, [])
            }
            places[claim.name]?.next = claim
            // One that still waited has nothing under way and is simply replaced.
            return (nil, [place.next ?? place.holder])
        }
        granted?.granted()
        for claim in superseded { claim.superseded() }
    }

    /// The connection will append nothing more for its producer, and nothing is under way.
    func release(_ claim: Claim) {
        let granted = places.withLock { places -> Claim? in
            guard let place = places[claim.name] else { return nil }
            if place.next === claim {
                places[claim.name]?.next = nil
            } else if place.holder === claim {
                places[claim.name] = place.next.map { Place(holder: $0) }
                return place.next
            }
            return nil
        }
        granted?.granted()
    }
}
