import Testing

@testable import FlareCLI

@Suite("leases that a command holds")
struct HeldLeasesTests {
    @Test("one that the engine refuses more time is lost, and told once")
    func lost() {
        var held = HeldLeases()
        held.hold("a", message: "1")
        held.hold("b", message: "2")
        #expect(held.refuse(["a"]) == ["1"])
        #expect(held.refuse(["a"]).isEmpty)
        #expect(held.leases == ["b"])
        #expect(!held.release("a"))
        #expect(held.release("b"))
    }

    @Test("one that was settled when the engine refused it more time is not lost")
    func settled() {
        var held = HeldLeases()
        held.hold("a", message: "1")
        held.settle(["a"])
        #expect(held.leases == ["a"])
        #expect(held.refuse(["a"]).isEmpty)
        #expect(held.release("a"))
        #expect(held.refuse(["a"]).isEmpty)
        #expect(held.leases.isEmpty)
    }
}
