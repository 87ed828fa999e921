import FlareModel

/// The rules of one run of an instance: which changes of status are possible, and how often its process may die.
struct RunState: Sendable, Hashable {
    /// What happens to a run.
    enum Event: Sendable, Hashable {
        /// It gets a place and its code is started.
        case claimed
        /// Its code only waits, and is put aside.
        case suspended(until: Timestamp)
        /// No step of its code runs, so that a pause that was asked for can begin.
        case drained
        /// Something it waits for has come.
        case awakened
        /// The engine stopped or died while its code ran.
        case interrupted
        /// The process died, or could not be reached, while its code ran.
        case lost
        case returned
        case threw
        /// Its code threw, or somebody ends it, and what its steps did is to be undone first; then it ends as this.
        case undone(closing: InstanceStatus)
        case terminated
        /// Somebody wants it to stand still.
        case pauseAsked
        case resumeAsked
    }

    /// What to do about it.
    enum Action: Sendable, Hashable {
        /// The event does not fit the status and changes nothing.
        case ignore
        case start
        /// The run goes on at this time.
        case wake(at: Timestamp)
        /// The status alone has changed: new steps are held back, or no longer.
        case change
        /// The run stands still, with no code, until it is resumed.
        case pause
        /// A pause is over: what it waits for is that much later, and it goes on at once.
        case unpause
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
    /// The status that a run which is rolling back will end with.
    private(set) var closing: InstanceStatus?

    init(status: InstanceStatus = .queued, losses: Int = 0, closing: InstanceStatus? = nil) {
        self.status = status
        self.losses = losses
        self.closing = closing
    }

    mutating func event(_ event: Event, at now: Timestamp) -> Action {
        guard !status.isFinal else { return .ignore }
        switch event {
        case .claimed: return claimed()
        case .suspended, .drained, .interrupted, .lost, .returned, .threw: return ended(event, at: now)
        case .awakened: return status == .waiting ? .wake(at: now) : .ignore
        case .undone(let closing):
            guard status != .rollingBack else { return .ignore }
            status = .rollingBack
            losses = 0
            self.closing = closing
            return .wake(at: now)
        case .terminated:
            status = .terminated
            return .end
        case .pauseAsked: return pauseAsked()
        case .resumeAsked: return resumeAsked()
        }
    }

    private mutating func claimed() -> Action {
        switch status {
        case .queued, .waiting:
            status = .running
            return .start
        case .rollingBack: return .start
        default: return .ignore
        }
    }

    private mutating func pauseAsked() -> Action {
        switch status {
        case .queued, .waiting:
            status = .paused
            return .pause
        case .running:
            status = .waitingForPause
            return .change
        default: return .ignore
        }
    }

    private mutating func resumeAsked() -> Action {
        switch status {
        case .waitingForPause:
            status = .running
            return .change
        case .paused:
            status = .queued
            return .unpause
        default: return .ignore
        }
    }

    /// The code of the run has ended or is put aside.
    private mutating func ended(_ event: Event, at now: Timestamp) -> Action {
        guard status == .running || status == .waitingForPause || status == .rollingBack else { return .ignore }
        switch event {
        case .returned, .threw:
            status = closing ?? (event == .returned ? .complete : .errored)
            return .end
        case .lost:
            losses += 1
            guard losses < Limits.workflowLossesMax else {
                status = closing ?? .errored
                return .giveUp
            }
            return putAside(.queued, until: now + .milliseconds(Self.delay(afterLosses: losses)))
        case .suspended(let due): return putAside(.waiting, until: due)
        default: return putAside(.queued, until: now)
        }
    }

    /// A run that is to be paused is paused now; one that rolls back stays so.
    private mutating func putAside(_ next: InstanceStatus, until due: Timestamp) -> Action {
        if status == .waitingForPause {
            status = .paused
            return .pause
        }
        if status == .running { status = next }
        return .wake(at: due)
    }

    /// Milliseconds before the code is started again: 250 ms, doubling.
    private static func delay(afterLosses losses: Int) -> Int64 {
        250 << Int64(losses - 1)
    }
}
