import FlareModel
import FlareWorkers
import Testing

@testable import FlareWorkflows

@Suite("Begun steps that a write carries")
struct CarriedStepsTests {
    private static func step(_ name: String) -> BegunStep {
        BegunStep(
            key: StepKey(kind: .do, name: name, occurrence: 1),
            configuration: .init(),
            startedAt: Timestamp(milliseconds: 1)
        )
    }

    @Test("are those that are unwritten when the write runs first, the same when it runs again, and given back once")
    func carries() {
        var unwritten: [BegunStep] = []
        let (first, second) = (CarriedSteps(), CarriedSteps())
        func take() -> [BegunStep] {
            defer { unwritten = [] }
            return unwritten
        }
        // Asked for first, run second: whichever write runs first has the step.
        unwritten = [Self.step("a")]
        #expect(second.take(take).map(\.key.name) == ["a"])
        #expect(first.take(take).isEmpty)
        unwritten = [Self.step("b")]
        #expect(second.take(take).map(\.key.name) == ["a"])
        #expect(second.giveBack().map(\.key.name) == ["a"])
        #expect(second.giveBack().isEmpty)
        #expect(first.giveBack().isEmpty)
    }
}
