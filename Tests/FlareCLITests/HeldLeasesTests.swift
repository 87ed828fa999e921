import Testing

@testable import FlareCLI

@Suite("leases that a command holds")
struct HeldLeasesTests {
    @Test("one that the engine refuses more time is lost, and told once")
    func lost() {
        var held = HeldLeases()
        held.hold("a", message: "1")
        held.hold("b", message: "2")
        let told = [held.refuse(["a"]), held.refuse(["a"])]
        #expect(told == [["1"], []])
        #expect(held.leases == ["b"])
        let kept = [held.release("a"), held.release("b")]
        #expect(kept == [false, true])
    }

    @Test("one that was settled when the engine refused it more time is not lost")
    func settled() {
        var held = HeldLeases()
        held.hold("a", message: "1")
        held.settle(["a"])
        #expect(held.leases == ["a"])
        let told = held.refuse(["a"])
        let kept = held.release("a")
        #expect(told.isEmpty && kept)
        let later = held.refuse(["a"])
        #expect(later.isEmpty && held.leases.isEmpty)
    }
}
