import FlareModel
import FlareStore
import Synchronization

/// The runs whose code runs now, and the wake of the loop that starts them.
final class Lives: Sendable {
    private struct State {
        var lives: [RunKey: Life] = [:]
        var places = Limits.workflowInvocationsMax
        /// Runs that got a place when they were created, on their way to the loop.
        var handed: [LifeStart] = []
        /// Whether runs may be due that have no place yet.
        var mustLook = true
        /// Whether the loop found more due runs than places, or no place to look for them.
        var hasBacklog = false
        var isServing = false
    }

    private let state = Mutex(State())
    private let changed = Wake()

    // MARK: - Lives

    func insert(_ life: Life, for key: RunKey) {
        state.withLock { $0.lives[key] = life }
    }

    /// Forgets a life; a later one of the same run may have taken its place already.
    func remove(_ life: Life, for key: RunKey) {
        state.withLock { if $0.lives[key] === life { $0.lives[key] = nil } }
    }

    /// The life of a run, if its code runs.
    func find(_ key: RunKey) -> Life? {
        state.withLock { $0.lives[key] }
    }

    // MARK: - Places

    /// How many more runs may be started now.
    var freePlaces: Int { state.withLock { $0.places } }

    /// How many new runs may be started by those who create them: none while others wait for their turn.
    var placesForNew: Int { state.withLock { $0.isServing && !$0.hasBacklog ? $0.places : 0 } }

    func takePlaces(_ count: Int) {
        state.withLock { $0.places -= count }
    }

    func freePlace() {
        let hasBacklog = state.withLock { state in
            state.places += 1
            return state.hasBacklog
        }
        if hasBacklog { look() }
    }

    // MARK: - The loop

    /// A run may have become due: lets the loop look.
    func look() {
        state.withLock { $0.mustLook = true }
        changed.notify()
    }

    /// Gives a run that was created with a place to the loop.
    func hand(_ start: LifeStart) {
        state.withLock { state in
            state.lives[start.claim.key] = start.life
            state.places -= 1
            state.handed.append(start)
        }
        changed.notify()
    }

    /// What the loop is to do next: runs to start, and whether to look for others.
    func work() -> (starts: [LifeStart], mustLook: Bool) {
        state.withLock { state in
            defer { (state.handed, state.mustLook) = ([], false) }
            return (state.handed, state.mustLook)
        }
    }

    func setServing(_ isServing: Bool) {
        state.withLock { $0.isServing = isServing }
    }

    func setBacklog(_ hasBacklog: Bool) {
        state.withLock { $0.hasBacklog = hasBacklog }
    }

    /// Returns when there is work for the loop.
    func wait() async {
        await changed.wait()
    }
}
