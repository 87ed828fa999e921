import FlareModel

/// The messages of one queue that could be leased, as far as a schedule needs to know them.
struct VisibleBacklog: Hashable {
    /// Visible messages, counted up to the size of a batch.
    var visible: Int
    /// When the first of them became visible.
    var visibleSince: Timestamp?
    /// When the next delayed or leased message becomes visible.
    var nextVisible: Timestamp?
}

/// Decides when the next batch of a queue goes to its push consumer.
///
/// A batch goes when it is full or when its first message has been visible for the consumer's longest wait, whichever
/// is first; an empty queue never delivers. No more batches are out at once than the consumer may have; how many that
/// is follows the backlog: one more with each batch that ends while a full one waits, half as many after a failure.
struct DeliverySchedule {
    enum Action: Hashable {
        /// Lease a batch and deliver it.
        case lease
        /// Wait for a signal, at most until then.
        case wait(until: Timestamp?)
    }

    /// How a delivery ended, as far as the schedule cares.
    enum End: Hashable {
        /// Settled: acknowledged, retried or dead.
        case settled
        /// The consumer failed on the batch as a whole.
        case failed
        /// Failed through no fault of its messages, such as a full disk or a missing consumer: they were given back,
        /// and the next delivery should not come at once.
        case stalled
    }

    private(set) var inFlight = 0
    /// Batches that may be out now, within what the consumer allows.
    private(set) var concurrency = Limits.consumerConcurrencyDefault
    /// A full batch waits for one that is out to end.
    private var isPressed = false
    private var backoffMilliseconds: Int64 = 0
    private var pausedUntil: Timestamp?

    /// What to do now.
    mutating func next(_ backlog: VisibleBacklog, _ settings: ConsumerSettings, now: Timestamp) -> Action {
        let isFull = backlog.visible >= settings.batchSize
        guard inFlight < min(settings.maxConcurrency ?? Limits.consumerConcurrencyMax, concurrency) else {
            isPressed = isFull
            return .wait(until: nil)
        }
        if !isFull { concurrency = min(concurrency, Limits.consumerConcurrencyDefault) }
        if let pausedUntil {
            guard pausedUntil <= now else { return .wait(until: pausedUntil) }
            self.pausedUntil = nil
        }
        guard let since = backlog.visibleSince else { return .wait(until: backlog.nextVisible) }
        let deadline = since + .milliseconds(settings.maxWaitMilliseconds)
        if isFull || deadline <= now { return .lease }
        return .wait(until: backlog.nextVisible.map { min($0, deadline) } ?? deadline)
    }

    /// A batch has been handed to the consumer.
    mutating func began() {
        inFlight += 1
    }

    /// A batch that was handed to the consumer has come to its end.
    mutating func ended(_ end: End, now: Timestamp) {
        precondition(inFlight > 0, "a delivery ended that never began")
        inFlight -= 1
        defer { isPressed = false }
        switch end {
        case .settled:
            backoffMilliseconds = 0
            if isPressed { concurrency = min(concurrency + 1, Limits.consumerConcurrencyMax) }
        case .failed:
            backoffMilliseconds = 0
            concurrency = max(concurrency / 2, 1)
        case .stalled:
            concurrency = min(concurrency, Limits.consumerConcurrencyDefault)
            let longest = Int64(Limits.deliveryBackoffMillisecondsMax)
            backoffMilliseconds = min(max(backoffMilliseconds * 2, 1000), longest)
            pausedUntil = now + .milliseconds(backoffMilliseconds)
        }
    }
}
