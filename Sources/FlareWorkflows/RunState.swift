import FlareModel

/// The rules of one run of an instance: which changes of status are possible, and how often its process may die.
struct RunState: Sendable, Hashable {
    /// What happens to a run.
    enum Event: Sendable, Hashable {
        /// It gets a place and its code is started.
        case claimed
        /// Its code only waits, and is put aside.
        case suspended(until: Timestamp)
        /// Something it waits for has come.
        case awakened
        /// The engine stopped or died while its code ran.
        case interrupted
        /// The process died, or could not be reached, while its code ran.
        case lost
        case returned
        case threw
        case terminated
    }

    /// What to do about it.
    enum Action: Sendable, Hashable {
        /// The event does not fit the status and changes nothing.
        case ignore
        case start
        /// The run goes on at this time.
        case wake(at: Timestamp)
        /// Nothing more happens.
        case end
        /// The process died too often: the run ends with an error that says so.
        case giveUp
    }

    private(set) var status: InstanceStatus
    /// Losses in a row.
    ///
    /// Each finished step begins the count anew.
    private(set) var losses: Int

    init(status: InstanceStatus = .queued, losses: Int = 0) {
        self.status = status
        self.losses = losses
    }

    mutating func event(_ event: Event, at now: Timestamp) -> Action {
        guard !status.isFinal else { return .ignore }
        switch (event, status) {
        case (.claimed, .queued), (.claimed, .waiting):
            status = .running
            return .start
        case (.suspended(let due), .running):
            status = .waiting
            return .wake(at: due)
        case (.awakened, .waiting):
            return .wake(at: now)
        case (.interrupted, .running):
            status = .queued
            return .wake(at: now)
        case (.lost, .running):
            losses += 1
            guard losses < Limits.workflowLossesMax else {
                status = .errored
                return .giveUp
            }
            status = .queued
            return .wake(at: now + .milliseconds(Self.delay(afterLosses: losses)))
        case (.returned, .running):
            status = .complete
            return .end
        case (.threw, .running):
            status = .errored
            return .end
        case (.terminated, _):
            status = .terminated
            return .end
        default:
            return .ignore
        }
    }

    /// Milliseconds before the code is started again: 250 ms, doubling.
    private static func delay(afterLosses losses: Int) -> Int64 {
        250 << Int64(losses - 1)
    }
}
