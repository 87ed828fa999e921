import FlareModel
import Testing

@testable import FlareWorkflows

@Suite("Rules of a step of a script")
struct ShellStepRuleTests {
    private func action(
        _ known: ShellStepRule.Known,
        onChange: ShellStepBody.OnChange = .fail
    ) -> ShellStepRule.Action {
        ShellStepRule(command: ["make", "all"], onChange: onChange).action(known)
    }

    @Test("a step that is not known is begun, and one that failed begins as if new")
    func begins() {
        #expect(action(.nothing) == .insert)
        #expect(action(.unfinished) == .proceed)
        #expect(action(.failed) == .reopen)
    }

    @Test("an open attempt is this call's own, another's that lives, or one that was cut off")
    func open() {
        #expect(action(.open(.thisCall)) == .resume)
        #expect(action(.open(.otherAlive)) == .wait)
        #expect(action(.open(.gone)) == .interrupt)
    }

    @Test("a complete step is replayed, whatever is to be done about changes, when its command is the same")
    func replays() {
        for choice in ShellStepBody.OnChange.allCases {
            #expect(action(.complete(command: ["make", "all"]), onChange: choice) == .replay)
        }
    }

    @Test("a complete step with another command is refused, run again or kept")
    func changes() {
        let old = ShellStepRule.Known.complete(command: ["make all"])
        #expect(action(old) == .refuse)
        #expect(action(old, onChange: .rerun) == .reopen)
        #expect(action(old, onChange: .keep) == .replay)
    }
}
