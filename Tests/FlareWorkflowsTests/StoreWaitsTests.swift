import FlareModel
import FlareStore
import Testing

@testable import FlareWorkflows

@Suite("Telling that the database cannot be written")
struct StoreWaitsTests {
    @Test("the log is told once a minute, however many wait and how often they try, and how many that are")
    func onceMinute() {
        let waits = StoreWaits()
        var now = Timestamp(milliseconds: 1_000_000)
        #expect(waits.begin(at: now) == 1)
        #expect(waits.begin(at: now) == nil)
        for _ in 0..<59 {
            now = now + .seconds(1)
            for _ in 0..<2 { waits.end() }
            #expect(waits.begin(at: now) == nil)
            #expect(waits.begin(at: now) == nil)
        }
        now = now + .seconds(1)
        #expect(waits.begin(at: now) == 3)
    }

    @Test("a clock that is set back does not silence it")
    func clockSetBack() {
        let waits = StoreWaits()
        #expect(waits.begin(at: Timestamp(milliseconds: 1_000_000)) == 1)
        waits.end()
        #expect(waits.begin(at: Timestamp(milliseconds: 1_000)) == 1)
    }
}
