import FlareModel
import Testing

@testable import FlareWorkers

@Suite struct RunnerHealthTests {
    private let start = SuspendingClock.now

    @Test func `processor time without a word is too much at the limit, and each word begins it anew`() {
        var health = RunnerHealth(.example)
        look(&health, at: 0, processor: 0)
        for second in 1...29 { #expect(look(&health, at: Double(second), processor: Double(second)) == .fine) }
        health.heard()
        #expect(look(&health, at: 30, processor: 30) == .fine)
        #expect(look(&health, at: 59, processor: 59) == .fine)
        #expect(look(&health, at: 60, processor: 60) == .blocked(processorTime: .seconds(30)))
    }

    @Test func `silence without processor time is waited for longer`() {
        var health = RunnerHealth(.example)
        look(&health, at: 0, processor: 0)
        for second in 1...59 { #expect(look(&health, at: Double(second), processor: 0) == .fine) }
        #expect(look(&health, at: 60, processor: 0) == .silent(.seconds(60)))
    }

    @Test func `a process that is slow because the machine is busy is not taken for one that waits`() {
        var health = RunnerHealth(.example)
        look(&health, at: 0, processor: 0)
        for second in 1...120 { #expect(look(&health, at: Double(second), processor: Double(second) / 5) == .fine) }
    }

    @Test func `an engine that was stopped itself has not listened, and counts none of that time`() {
        var health = RunnerHealth(.example)
        look(&health, at: 0, processor: 0)
        #expect(look(&health, at: 10_000, processor: 0) == .fine)
    }

    @Test func `an idle process may be silent for ever`() {
        var health = RunnerHealth(.example)
        for second in stride(from: 0.0, to: 600, by: 20) {
            #expect(look(&health, at: second, processor: 0, isBusy: false) == .fine)
        }
    }

    @Test func `past a deadline only a short silence is borne`() {
        var health = RunnerHealth(.example)
        look(&health, at: 0, processor: 0)
        #expect(look(&health, at: 1, processor: 0, grace: .seconds(2)) == .fine)
        #expect(look(&health, at: 2, processor: 0, grace: .seconds(2)) == .silent(.seconds(2)))
    }

    @Test func `memory over the limit is found, busy or not`() {
        var health = RunnerHealth(.example)
        #expect(look(&health, at: 0, processor: 0, memory: 1_000_000_000, isBusy: false) == .fine)
        let finding = look(&health, at: 1, processor: 0, memory: 1_000_000_001, isBusy: false)
        #expect(finding == .tooLarge(bytes: 1_000_000_001))
    }

    @Test func `a process is hot while it computes or does not answer, and for a while after`() {
        var health = RunnerHealth(.example)
        look(&health, at: 0, processor: 0)
        health.heard()
        look(&health, at: 0.5, processor: 0.1)
        #expect(!health.isHot(at: start + .milliseconds(500)))
        health.heard()
        look(&health, at: 1, processor: 0.5)
        #expect(health.isHot(at: start + .seconds(1)))
        health.heard()
        look(&health, at: 2, processor: 0.5)
        #expect(health.isHot(at: start + .seconds(2)))
        #expect(!health.isHot(at: start + .seconds(4)))
        look(&health, at: 4, processor: 0.5)
        #expect(health.isHot(at: start + .seconds(4)))
    }

    @Test func `what a moment shows does not make a process hot`() {
        var health = RunnerHealth(.example)
        look(&health, at: 0, processor: 0)
        health.heard()
        look(&health, at: 0.005, processor: 0.01)
        #expect(!health.isHot(at: start + .milliseconds(5)))
        look(&health, at: 0.01, processor: 0.01)
        #expect(!health.isHot(at: start + .milliseconds(10)))
        health.heard()
        look(&health, at: 0.5, processor: 0.05)
        #expect(!health.isHot(at: start + .milliseconds(500)))
        #expect(health.utilization == 0.1)
    }

    @discardableResult
    private func look(
        _ health: inout RunnerHealth,
        at seconds: Double,
        processor: Double,
        memory: UInt64 = 50_000_000,
        isBusy: Bool = true,
        grace: Duration? = nil
    ) -> RunnerHealth.Finding {
        let sample = ProcessSample(
            processorTime: .seconds(processor),
            memoryBytes: memory,
            time: start + .seconds(seconds)
        )
        return health.look(sample, isBusy: isBusy, grace: grace)
    }
}
