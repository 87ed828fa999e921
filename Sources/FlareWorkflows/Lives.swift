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
        /// Whether an alarm will let the loop look.
        var isLookSet = false

        /// When the loop is to look for runs that wait for a place.
        enum Look {
            case none, now, soon
        }

        mutating func nextLook() -> Look {
            guard hasBacklog, places > 0 else { return .none }
            if places >= Limits.workflowClaimMin { return .now }
            if isLookSet { return .none }
            isLookSet = true
            return .soon
        }
    }

    private let state = Mutex(State())
    private let changed = Wake()
    private let deadlines: Deadlines
    private let time: any TimeSource

    init(deadlines: Deadlines, time: any TimeSource) {
        self.deadlines = deadlines
        self.time = time
    }

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

    /// Gives a place back.
    ///
    /// Those who wait for one get it together with others that become free at about the same time.
    func freePlace() {
        carryOut(
            state.withLock { state in
                state.places += 1
                return state.nextLook()
            }
        )
    }

    /// Takes places for runs that the loop has found, which had `free` places in mind; when it used all, more wait.
    ///
    /// A place that became free while it looked is not in that number, and nobody was told of it.
    func takePlaces(_ count: Int, of free: Int) {
        carryOut(
            state.withLock { state in
                state.places -= count
                state.hasBacklog = count >= free
                return state.nextLook()
            }
        )
    }

    private func carryOut(_ look: State.Look) {
        switch look {
        case .none: break
        case .now: self.look()
        case .soon:
            deadlines.set(at: time.now() + .milliseconds(Limits.workflowClaimMilliseconds)) { [self] in
                state.withLock { $0.isLookSet = false }
                self.look()
            }
        }
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

    /// Returns when there is work for the loop.
    func wait() async {
        await changed.wait()
    }
}
