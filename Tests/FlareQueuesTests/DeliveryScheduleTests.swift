import FlareModel
import Testing

@testable import FlareQueues

@Suite("when a batch goes to its consumer")
struct DeliveryScheduleTests {
    let start = Timestamp(milliseconds: 1_000_000)
    var settings = ConsumerSettings()

    init() {
        settings.batchSize = 3
        settings.maxWaitMilliseconds = 5_000
        settings.maxConcurrency = 2
    }

    private func backlog(_ visible: Int, since: Int64? = 0, next: Int64? = nil) -> VisibleBacklog {
        VisibleBacklog(
            visible: visible,
            visibleSince: visible == 0 ? nil : since.map { Timestamp(milliseconds: start.milliseconds + $0) },
            nextVisible: next.map { Timestamp(milliseconds: start.milliseconds + $0) }
        )
    }

    @Test("an empty queue waits for a signal, or for its next delayed message")
    func empty() {
        var schedule = DeliverySchedule()
        #expect(schedule.next(backlog(0), settings, now: start) == .wait(until: nil))
        let delayed = schedule.next(backlog(0, next: 700), settings, now: start)
        #expect(delayed == .wait(until: start + .milliseconds(700)))
    }

    @Test("a full batch goes at once")
    func full() {
        var schedule = DeliverySchedule()
        #expect(schedule.next(backlog(3), settings, now: start) == .lease)
    }

    @Test("a batch that is not full goes when its first message has waited long enough")
    func timeout() {
        var schedule = DeliverySchedule()
        let deadline = start + .seconds(5)
        #expect(schedule.next(backlog(1), settings, now: start) == .wait(until: deadline))
        #expect(schedule.next(backlog(1), settings, now: start + .milliseconds(4_999)) == .wait(until: deadline))
        #expect(schedule.next(backlog(1), settings, now: deadline) == .lease)
    }

    @Test("a message that becomes visible before the deadline is looked at then")
    func nextVisible() {
        var schedule = DeliverySchedule()
        let action = schedule.next(backlog(1, next: 2_000), settings, now: start)
        #expect(action == .wait(until: start + .seconds(2)))
    }

    @Test("no more batches are out than the consumer may have")
    func concurrency() {
        var schedule = DeliverySchedule()
        schedule.began()
        #expect(schedule.next(backlog(3), settings, now: start) == .lease)
        schedule.began()
        #expect(schedule.next(backlog(3), settings, now: start) == .wait(until: nil))
        schedule.ended(.settled, now: start)
        #expect(schedule.next(backlog(3), settings, now: start) == .lease)
    }

    @Test("after a delivery that failed through no fault of its messages there is a pause, longer each time")
    func stalled() {
        var schedule = DeliverySchedule()
        var now = start
        for seconds in [1, 2, 4, 8, 16, 30, 30] {
            schedule.began()
            schedule.ended(.stalled, now: now)
            let until = now + .seconds(seconds)
            #expect(schedule.next(backlog(3), settings, now: now) == .wait(until: until))
            now = until
            #expect(schedule.next(backlog(3), settings, now: now) == .lease)
        }
        schedule.began()
        schedule.ended(.settled, now: now)
        schedule.began()
        schedule.ended(.stalled, now: now)
        #expect(schedule.next(backlog(3), settings, now: now) == .wait(until: now + .seconds(1)))
    }

    /// Begins batches until the schedule waits; returns how many are out.
    private func fill(_ schedule: inout DeliverySchedule, _ settings: ConsumerSettings, visible: Int = 3) -> Int {
        while schedule.next(backlog(visible, since: -9_000), settings, now: start) == .lease { schedule.began() }
        return schedule.inFlight
    }

    @Test("concurrency grows by one with each batch that ends under a deep backlog, and halves at a failure")
    func growth() {
        var schedule = DeliverySchedule()
        var settings = settings
        settings.maxConcurrency = nil
        let first = fill(&schedule, settings)
        #expect(first == Limits.consumerConcurrencyDefault)
        for extra in 1...4 {
            schedule.ended(.settled, now: start)
            #expect(fill(&schedule, settings) == first + extra)
        }
        schedule.ended(.failed, now: start)
        // Half of eight: the next one goes when only three are out.
        for left in [7, 6, 5, 4] {
            #expect(fill(&schedule, settings) == left)
            if left > 4 { schedule.ended(.failed, now: start) }
        }
    }

    @Test("concurrency grows no further than the consumer allows, and shrinks when the backlog does")
    func bounds() {
        var schedule = DeliverySchedule()
        var settings = settings
        settings.maxConcurrency = 6
        var out = fill(&schedule, settings)
        for _ in 1...10 {
            schedule.ended(.settled, now: start)
            out = fill(&schedule, settings)
        }
        #expect(out == 6)
        for _ in 1...6 { schedule.ended(.settled, now: start) }
        #expect(schedule.concurrency >= 6)
        // Less than a batch waits.
        #expect(schedule.next(backlog(1), settings, now: start) == .wait(until: start + .seconds(5)))
        #expect(schedule.concurrency == Limits.consumerConcurrencyDefault)
        #expect(fill(&schedule, settings) == Limits.consumerConcurrencyDefault)
    }
}

@Suite("what becomes of a message after a failed attempt")
struct RetryRuleTests {
    private func rule(retries: Int, delay: Int = 0, deadLetters: String? = nil) -> RetryRule {
        var settings = ConsumerSettings()
        settings.maxRetries = retries
        settings.retryDelaySeconds = delay
        let consumer = ConsumerRecord(
            id: "c",
            queueID: "q",
            target: .httpPull,
            createdAt: Timestamp(milliseconds: 0),
            deadLetterQueue: deadLetters,
            settings: settings
        )
        return RetryRule(consumer)
    }

    @Test("it is retried as often as the consumer says, then it is dead")
    func retries() {
        let rule = rule(retries: 3)
        for attempt in 1...3 { #expect(rule.failed(attempt: attempt, reason: "x") == .retry(delaySeconds: 0)) }
        #expect(rule.failed(attempt: 4, reason: "x") == .dead(reason: "x"))
    }

    @Test("without retries, the first failed attempt is the last")
    func noRetries() {
        #expect(rule(retries: 0).failed(attempt: 1, reason: "x") == .dead(reason: "x"))
    }

    @Test("it goes to the dead letter queue where there is one")
    func deadLetters() {
        let fate = rule(retries: 1, deadLetters: "failed").failed(attempt: 2, reason: "boom")
        #expect(fate == .deadLetter(queue: "failed", reason: "boom"))
    }

    @Test("a delay that the consumer names wins over the configured one, 0 included")
    func delays() {
        let rule = rule(retries: 3, delay: 60)
        #expect(rule.failed(attempt: 1, reason: "x") == .retry(delaySeconds: 60))
        #expect(rule.failed(attempt: 1, delaySeconds: 5, reason: "x") == .retry(delaySeconds: 5))
        #expect(rule.failed(attempt: 1, delaySeconds: 0, reason: "x") == .retry(delaySeconds: 0))
    }

    @Test("a queue without a consumer has the default three retries")
    func noConsumer() {
        #expect(RetryRule(nil).failed(attempt: 3, reason: "x") == .retry(delaySeconds: 0))
        #expect(RetryRule(nil).failed(attempt: 4, reason: "x") == .dead(reason: "x"))
    }
}
