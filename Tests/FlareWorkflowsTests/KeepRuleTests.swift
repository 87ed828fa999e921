import FlareModel
import FlareWorkers
import Testing

@testable import FlareWorkflows

@Suite("What a replay keeps")
struct KeepRuleTests {
    /// Builds a history: `+a` begins a step, `-a` completes it, `!a` fails it, `+o>i` begins `i` inside `o`.
    ///
    /// Each word is a millisecond after the one before.
    private func history(_ text: String) -> [PastStep] {
        var steps: [PastStep] = []
        var finished: Int64 = 0
        for (time, word) in text.split(separator: " ").enumerated() {
            let names = word.dropFirst().split(separator: ">").map(String.init)
            let name = names.joined(separator: " > ")
            let now = Timestamp(milliseconds: Int64(time))
            if word.first == "+" {
                let parent = names.count < 2 ? nil : names.dropLast().joined(separator: " > ")
                steps.append(
                    PastStep(
                        sequence: Int64(steps.count + 1),
                        key: StepKey(kind: .do, name: name, occurrence: 1),
                        parent: parent.map { StepKey(kind: .do, name: $0, occurrence: 1) },
                        status: .running,
                        attempts: 1,
                        startedAt: now
                    )
                )
            } else if let index = steps.firstIndex(where: { $0.key.name == name }) {
                finished += 1
                steps[index].status = word.first == "!" ? .failed : .complete
                steps[index].endedAt = now
                steps[index].finishOrder = finished
            }
        }
        return steps
    }

    private func kept(_ text: String, from name: String?) -> String {
        let steps = history(text)
        let start =
            name.map { KeepRule.Start.step(StepKey(kind: .do, name: $0, occurrence: 1)) } ?? .failure
        return names(steps, KeepRule.kept(steps, from: start))
    }

    private func names(_ steps: [PastStep], _ keys: Set<StepKey>) -> String {
        steps.filter { keys.contains($0.key) }.map(\.key.name).joined(separator: " ")
    }

    @Test("nothing is kept from the beginning")
    func beginning() {
        #expect(KeepRule.kept(history("+a -a +b -b"), from: .beginning).isEmpty)
    }

    @Test(
        "from a step, what finished and began before it is kept",
        arguments: [
            ("+a -a +b -b +c -c", "b", "a"),
            ("+a -a +b -b +c -c", "a", ""),
            ("+a -a +b !b +c -c", "c", "a b"),
            // Parallel: a began before c and cannot depend on it, also when it ended later.
            ("+a +c -c -a +d -d", "c", "a"),
            ("+a +c -a -c +d -d", "a", ""),
            ("+a +c -a -c +d -d", "c", "a"),
            // Unfinished ones have nothing to keep.
            ("+a -a +b +c -c", "c", "a"),
            // Nested: the outer one's result contains that of the inner one.
            ("+a -a +o +o>i -o>i +o>j -o>j -o +z -z", "z", "a o o > i o > j"),
            ("+a -a +o +o>i -o>i +o>j -o>j -o +z -z", "o > j", "a o > i"),
            ("+a -a +o +o>i -o>i +o>j -o>j -o +z -z", "o", "a"),
            // A failure inside a step that went on belongs to that step's result.
            ("+o +o>i !o>i -o +z -z", "z", "o o > i"),
        ]
    )
    func fromStep(text: String, step: String, expected: String) {
        #expect(kept(text, from: step) == expected)
    }

    @Test(
        "from the failure, what succeeded and did not begin after it is kept, and nothing that failed",
        arguments: [
            ("+a -a +b -b +c -c +d !d", "a b c"),
            // Parallel ones beside the failed one are kept, before and after it in the code.
            ("+a +b +c -a !b -c", "a c"),
            ("+a +b +c !a !b -c", "c"),
            // What the code did about the failure runs again.
            ("+a -a +charge !charge +notify -notify", "a"),
            // An earlier failure that was caught runs again, what came after it stays.
            ("+a !a +b -b +c !c", "b"),
            // Steps inside a failed one are kept as its own retries keep them.
            ("+a -a +o +o>i -o>i +o>j !o>j !o", "a o > i"),
            // A failure that the step around it survived is no failure of the run.
            ("+o +o>i !o>i -o +z !z", "o o > i"),
            // Nothing failed: run() itself threw, behind the last step.
            ("+a -a +b -b", "a b"),
            ("+a -a +b", "a"),
        ]
    )
    func fromFailure(text: String, expected: String) {
        #expect(kept(text, from: nil) == expected)
    }

    @Test("a text means a name, a numbered name or a label, and a step before a wait before a sleep")
    func named() {
        func step(_ kind: StepKind, _ name: String, _ occurrence: Int) -> PastStep {
            PastStep(
                sequence: 1,
                key: StepKey(kind: kind, name: name, occurrence: occurrence),
                status: .complete,
                attempts: 1,
                startedAt: Timestamp(milliseconds: 0)
            )
        }
        let steps = [
            step(.sleep, "x", 1), step(.wait, "x", 1), step(.do, "x", 1), step(.do, "x", 2), step(.do, "a-2", 1),
            step(.do, "a", 2), step(.do, "o#1 > i", 1), step(.do, "o#1 > i", 3),
        ]
        #expect(steps.named("x")?.key == StepKey(kind: .do, name: "x", occurrence: 1))
        #expect(steps.named("x#2")?.key.occurrence == 2)
        #expect(steps.named("x-2")?.key.occurrence == 2)
        #expect(steps.named("a-2")?.key == StepKey(kind: .do, name: "a-2", occurrence: 1))
        #expect(steps.named("a#2")?.key == StepKey(kind: .do, name: "a", occurrence: 2))
        #expect(steps.named("o#1 > i")?.key.occurrence == 1)
        #expect(steps.named("o#1 > i#3")?.key.occurrence == 3)
        #expect(steps.named("x#3") == nil)
        #expect(steps.named("y") == nil)
    }

    @Test("what a rollback has undone is not kept, nor what began after it")
    func undone() {
        var steps = history("+a -a +b -b +c -c +d !d")
        #expect(names(steps, KeepRule.kept(steps, from: .failure)) == "a b c")
        steps[1].isUndone = true
        #expect(names(steps, KeepRule.kept(steps, from: .failure)) == "a")
        #expect(names(steps, KeepRule.kept(steps, from: .step(steps[3].key))) == "a")
    }
}
