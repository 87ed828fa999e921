import FlareModel
import FlareStore
import Synchronization

/// The runs whose code runs now, and the wake of the loop that starts them.
final class Lives: Sendable {
    private let lives = Mutex<[RunKey: Life]>([:])
    private let places = Mutex(Limits.workflowInvocationsMax)
    /// Notified when a run becomes due or a place becomes free.
    ///
    /// For the scheduler alone.
    let scheduler = Wake()

    func insert(_ life: Life, for key: RunKey) {
        lives.withLock { $0[key] = life }
    }

    /// Forgets a life; a later one of the same run may have taken its place already.
    func remove(_ life: Life, for key: RunKey) {
        lives.withLock { if $0[key] === life { $0[key] = nil } }
    }

    /// How many more runs may be started now.
    var freePlaces: Int { places.withLock { $0 } }

    func takePlaces(_ count: Int) {
        places.withLock { $0 -= count }
    }

    func freePlace() {
        places.withLock { $0 += 1 }
        scheduler.notify()
    }

    /// The life of a run, if its code runs.
    func find(_ key: RunKey) -> Life? {
        lives.withLock { $0[key] }
    }
}
